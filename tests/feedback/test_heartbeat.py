"""The beat goes on while something runs, outlives a database that is away, and ends when told or due."""

import threading

import pytest
from django.db import OperationalError

from feedback import heartbeat
from feedback.heartbeat import Beat


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
