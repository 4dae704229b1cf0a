"""The two health answers: what they tell, to whom, and when they say no."""

from datetime import timedelta
from pathlib import Path

import pytest
from django.db import OperationalError
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from feedback.models import ModelRelease, Worker
from tests.factories import AnalysisFactory, WorkerFactory


@pytest.fixture
def release(db) -> ModelRelease:
    ModelRelease.objects.update(is_active=False)
    return ModelRelease.objects.create(name="tested", folder="tested", sha256="0", classes=[], is_active=True)


def checks_of(response: HttpResponse) -> dict[str, bool]:
    return response.json()["checks"]


def test_live_asks_nothing_of_the_database(client: Client) -> None:
    response = client.get("/health/live/")  # the db fixture is not requested: a query would fail
    assert response.status_code == 200
    assert response.json() == {"status": "ok"}


def test_ready_names_each_check(client: Client, release: ModelRelease) -> None:
    Worker.objects.create(name="w1", seen_at=timezone.now())
    Worker.objects.create(name="silent", seen_at=timezone.now() - timedelta(minutes=5))
    response = client.get("/health/ready/")
    assert response.status_code == 200
    answer = response.json()
    assert answer.pop("checks") == {
        "disk": True,
        "broker": True,
        "database": True,
        "clock": True,
        "release": True,
        "release_files": False,
        "workers": True,
        "queue": True,
        "sweep": True,
    }
    assert answer.pop("remedies").keys() == {"release_files"}
    assert answer == {
        "status": "ok",
        "active_release": "tested",
        "release_sha256": "0",
        "workers": 1,
        "workers_by_device": {"cpu": 1},
        "oldest_queued_seconds": None,
    }
    assert "no-cache" in response["Cache-Control"]


def test_not_ready_without_any_release(client: Client, db, monkeypatch, tmp_path: Path) -> None:
    monkeypatch.setattr("ml.manifest.RELEASES", tmp_path)
    assert not ModelRelease.objects.exists()
    response = client.get("/health/ready/")
    assert response.status_code == 503
    assert checks_of(response)["database"] is True
    assert checks_of(response)["release"] is False


def test_not_ready_while_the_broker_does_not_answer(client: Client, release: ModelRelease, settings) -> None:
    settings.CELERY_BROKER_URL = "filesystem://"
    settings.CELERY_BROKER_TRANSPORT_OPTIONS = {"data_folder_out": "/nowhere"}
    response = client.get("/health/ready/")
    assert response.status_code == 503
    assert checks_of(response)["broker"] is False


def test_ready_without_a_worker_since_recordings_are_safe(client: Client, release: ModelRelease) -> None:
    response = client.get("/health/ready/")
    assert response.status_code == 200
    assert checks_of(response)["workers"] is False


def test_not_ready_while_the_database_does_not_answer(client: Client, monkeypatch) -> None:
    def refuse() -> None:
        raise OperationalError("password of the database server")

    monkeypatch.setattr("exfb_site.health.release_in_use", refuse)
    monkeypatch.setattr("feedback.checks.connection.cursor", refuse)
    response = client.get("/health/ready/")
    assert response.status_code == 503
    assert response.json() == {
        "status": "not ready",
        "checks": {"disk": True, "broker": True, "database": False},
        "remedies": {"database": "Start it, check DATABASE_URL, and run `manage.py migrate`."},
        "active_release": None,
        "release_sha256": None,
        "workers": 0,
        "workers_by_device": {},
        "oldest_queued_seconds": None,
    }


def test_it_tells_workers_by_device_the_oldest_and_which_release_exactly(
    client: Client, release: ModelRelease
) -> None:
    WorkerFactory()
    WorkerFactory(device="cuda")
    AnalysisFactory(release=release)
    told = client.get("/health/ready/").json()
    assert told["workers_by_device"] == {"cpu": 1, "cuda": 1}
    assert told["release_sha256"] == release.sha256
    assert told["oldest_queued_seconds"] in range(60)
    assert "workers" not in told["remedies"]


def test_each_failing_check_names_its_remedy(client: Client, release: ModelRelease) -> None:
    told = client.get("/health/ready/").json()
    failing = {name for name, passes in told["checks"].items() if not passes}
    assert "workers" in failing
    assert set(told["remedies"]) == failing
    assert all(told["remedies"].values())
