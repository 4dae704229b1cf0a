"""What a sweep finds and puts right, and what it leaves alone."""

import datetime
import io

import pytest
from django.core.management import call_command
from django.utils import timezone

from feedback import sweep as sweep_module
from feedback.models import Analysis, Worker
from feedback.queue import claim
from feedback.sweep import sweep
from tests.factories import AnalysisFactory, ModelReleaseFactory, RecordingFactory, WorkerFactory

Status = Analysis.Status


@pytest.fixture(autouse=True)
def announced(monkeypatch, db):
    ids = []
    monkeypatch.setattr(sweep_module, "announce", lambda analysis_id: ids.append(analysis_id) is None)
    return ids


def ago(seconds: float) -> datetime.datetime:
    return timezone.now() - datetime.timedelta(seconds=seconds)


def running(*, silent_for: float, attempts: int = 1) -> Analysis:
    analysis = AnalysisFactory()
    Analysis.objects.filter(pk=analysis.pk).update(
        status=Status.RUNNING,
        worker="w:1",
        attempts=attempts,
        started_at=ago(silent_for),
        heartbeat_at=ago(silent_for),
        announced_at=ago(silent_for),
    )
    return analysis


def test_what_a_silent_worker_held_is_queued_and_announced_at_once(announced):
    analysis = running(silent_for=120)
    assert sweep().requeued == 1
    assert announced == [analysis.uuid]
    assert claim(analysis_id=analysis.uuid, worker="w:2").attempts == 2


def test_a_worker_that_beats_keeps_its_analysis(announced):
    analysis = running(silent_for=5)
    assert not sweep()
    analysis.refresh_from_db()
    assert (analysis.status, analysis.worker) == (Status.RUNNING, "w:1")
    assert announced == []


def test_after_three_lost_attempts_it_is_set_aside_and_others_go_on(announced):
    lost, other = running(silent_for=120, attempts=3), running(silent_for=120)
    done = sweep()
    assert (done.set_aside, done.requeued) == (1, 1)
    lost.refresh_from_db()
    assert (lost.status, lost.error_code) == (Status.NEEDS_ATTENTION, "worker_lost")
    assert lost.finished_at is not None
    assert announced == [other.uuid]


def test_a_lost_message_is_sent_again_but_not_at_every_sweep(announced):
    analysis = AnalysisFactory()
    assert not sweep()
    Analysis.objects.filter(pk=analysis.pk).update(announced_at=ago(40))
    assert sweep().announced == 1
    assert sweep().announced == 0
    assert announced == [analysis.uuid]


def test_a_long_queue_is_announced_in_parts_oldest_first(announced, monkeypatch):
    monkeypatch.setattr(sweep_module, "MOST_ANNOUNCED", 2)
    waiting = [AnalysisFactory() for _ in range(3)]
    Analysis.objects.update(announced_at=ago(40))
    sweep()
    assert announced == [waiting[0].uuid, waiting[1].uuid]


def test_a_broker_that_is_away_is_asked_once_and_nothing_counts_as_sent(monkeypatch):
    asked = []
    monkeypatch.setattr(sweep_module, "announce", asked.append)
    AnalysisFactory.create_batch(3)
    Analysis.objects.update(announced_at=ago(40))
    assert sweep().announced == 0
    assert sweep().announced == 0
    assert len(asked) == 2


def test_a_recording_that_nobody_queued_is_queued():
    ModelReleaseFactory()
    recording = RecordingFactory()
    assert sweep().requested == 0
    type(recording).objects.filter(pk=recording.pk).update(created_at=ago(40))
    assert sweep().requested == 1
    assert recording.analyses.get().status == Status.QUEUED


@pytest.mark.parametrize("status", [Status.DONE, Status.FAILED, Status.NEEDS_ATTENTION])
def test_what_has_ended_is_left_alone(status):
    analysis = running(silent_for=9999)
    Analysis.objects.filter(pk=analysis.pk).update(status=status)
    assert not sweep()


def test_workers_that_are_long_gone_are_forgotten():
    WorkerFactory(seen_at=ago(7200))
    alive = WorkerFactory(seen_at=ago(60))
    assert sweep().forgotten_workers == 1
    assert Worker.objects.get() == alive


def test_the_command_sweeps_once_and_says_what_it_did():
    running(silent_for=120)
    out = io.StringIO()
    call_command("sweep", once=True, stdout=out)
    assert "requeued 1" in out.getvalue()


def test_a_clock_that_is_set_back_keeps_nothing_waiting(announced):
    """A dead worker's last sign of life, and a lost message, then lie in the future."""
    lost, waiting = running(silent_for=-3600), AnalysisFactory()
    Analysis.objects.filter(pk=waiting.pk).update(announced_at=ago(-3600))
    done = sweep()
    assert (done.requeued, done.announced) == (1, 2)
    assert set(announced) == {lost.uuid, waiting.uuid}
    assert not sweep()


def test_how_each_attempt_was_lost_is_kept():
    analysis = running(silent_for=120)
    sweep()
    Analysis.objects.filter(pk=analysis.pk).update(status=Status.RUNNING, attempts=3, heartbeat_at=ago(120))
    sweep()
    analysis.refresh_from_db()
    assert analysis.status == Status.NEEDS_ATTENTION
    assert analysis.log.count("the worker fell silent") == 2
