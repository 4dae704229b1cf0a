"""The beat goes on while something runs, outlives a database that is away, and ends when told or due."""

import threading

import pytest
from django.db import OperationalError

from feedback import heartbeat
from feedback.heartbeat import Beat, Heartbeat
from feedback.models import Analysis
from feedback.queue import claim
from tests.factories import AnalysisFactory


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(heartbeat, "SECONDS", 0.01)


def test_it_beats_until_stopped():
    beaten = threading.Semaphore(0)
    beat = Beat(beaten.release)
    beat.start()
    assert all(beaten.acquire(timeout=5) for _ in range(3))
    beat.stop()
    assert not beat.is_alive()


def test_a_database_that_is_away_does_not_end_it():
    beaten = threading.Semaphore(0)

    def fail() -> None:
        beaten.release()
        raise OperationalError("gone")

    beat = Beat(fail)
    beat.start()
    assert all(beaten.acquire(timeout=5) for _ in range(3))
    beat.stop()


def test_it_ends_by_itself_when_it_is_due():
    beat = Beat(lambda: None, at_most=0.05)
    beat.start()
    beat.join(timeout=5)
    assert not beat.is_alive()


def test_who_is_due_is_told_and_who_was_stopped_is_not():
    told = threading.Event()
    due = Beat(lambda: None, at_most=0.02, when_over=told.set)
    due.start()
    due.join(timeout=5)
    assert told.is_set()
    told.clear()
    stopped = Beat(lambda: None, at_most=60, when_over=told.set)
    stopped.start()
    stopped.stop()
    assert not told.is_set()


@pytest.mark.django_db(transaction=True)
def test_an_analysis_that_never_ends_is_set_aside_and_its_process_killed(monkeypatch, settings):
    settings.CELERY_TASK_TIME_LIMIT = 1
    killed, alarms = threading.Event(), []
    monkeypatch.setattr("feedback.heartbeat.os.kill", lambda pid, number: killed.set())
    monkeypatch.setattr("feedback.heartbeat.signal.alarm", alarms.append)
    monkeypatch.setattr(heartbeat, "SECONDS", 0.5)
    analysis = claim(analysis_id=AnalysisFactory().uuid, worker="w:1")
    with Heartbeat([analysis]):
        assert killed.wait(timeout=30)
    analysis.refresh_from_db()
    assert (analysis.status, analysis.error_code) == (Analysis.Status.FAILED, "took_too_long")
    # What holds up even this thread is ended by the system; nothing is, once the analysis has ended.
    assert alarms == [1 + heartbeat._GRACE_SECONDS, 0]
