"""What Prometheus reads, and that nobody else reads it."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from feedback.models import Analysis
from tests.factories import AnalysisFactory, ModelReleaseFactory, People, WorkerFactory


def ask(client: Client, **headers: str) -> Any:
    return client.get("/metrics/", headers=headers)


@pytest.mark.parametrize("sent", ["", "Bearer ", "Bearer wrong", "Basic secret"])
def test_who_does_not_send_the_token_finds_nothing(
    client: Client, db: None, settings: Any, sent: str
) -> None:
    settings.METRICS_TOKEN = "secret"
    assert ask(client, Authorization=sent).status_code == 404


def test_without_a_token_in_the_settings_nobody_reads(client: Client, people: People, settings: Any) -> None:
    settings.METRICS_TOKEN = ""
    client.force_login(people.clinic_admin)
    for sent in ("", "Bearer "):
        assert ask(client, Authorization=sent).status_code == 404


def test_the_queue_its_workers_and_how_long_it_takes(client: Client, people: People, settings: Any) -> None:
    settings.METRICS_TOKEN = "secret"
    release, now = ModelReleaseFactory(), timezone.now()
    AnalysisFactory(recording__patient=people.patient, release=release)
    done = AnalysisFactory(release=release, status=Analysis.Status.DONE)
    Analysis.objects.filter(pk=done.pk).update(
        queued_at=now - timedelta(seconds=9), started_at=now - timedelta(seconds=4), finished_at=now
    )
    WorkerFactory(device="cuda")
    answer = ask(client, Authorization="Bearer secret")
    assert answer.status_code == 200
    text = answer.content.decode()
    found = {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
    assert found["exfb_analyses", "queued"] == found["exfb_analyses", "done"] == 1
    assert found["exfb_analyses", "failed"] == 0
    assert found["exfb_workers", "cuda"] == 1
    assert found["exfb_analysis_seconds", "mean"] == pytest.approx(4)
    assert found["exfb_analysis_seconds", "mean_with_waiting"] == pytest.approx(9)
    assert found["exfb_oldest_queued_seconds",] < 60
    assert release.sha256 in text
    assert people.patient.name not in text
