"""The two health answers: what they tell, to whom, and when they say no."""

from datetime import timedelta
from pathlib import Path

import pytest
from django.db import OperationalError
from django.test import Client
from django.utils import timezone

from feedback.models import ModelRelease, Worker


@pytest.fixture
def release(db) -> ModelRelease:
    ModelRelease.objects.update(is_active=False)
    return ModelRelease.objects.create(name="tested", folder="tested", sha256="0", classes=[], is_active=True)


def test_live_asks_nothing_of_the_database(client: Client) -> None:
    response = client.get("/health/live/")  # the db fixture is not requested: a query would fail
    assert response.status_code == 200
    assert response.json() == {"status": "ok"}


def test_ready_names_each_check(client: Client, release: ModelRelease) -> None:
    Worker.objects.create(name="w1", seen_at=timezone.now())
    Worker.objects.create(name="silent", seen_at=timezone.now() - timedelta(minutes=5))
    response = client.get("/health/ready/")
    assert response.status_code == 200
    assert response.json() == {
        "status": "ok",
        "checks": {"database": True, "broker": True, "release": True},
        "active_release": "tested",
        "workers": 1,
    }
    assert "no-cache" in response["Cache-Control"]


def test_not_ready_without_any_release(client: Client, db, monkeypatch, tmp_path: Path) -> None:
    monkeypatch.setattr("ml.manifest.RELEASES", tmp_path)
    assert not ModelRelease.objects.exists()
    response = client.get("/health/ready/")
    assert response.status_code == 503
    assert response.json()["checks"] == {"database": True, "broker": True, "release": False}


def test_not_ready_while_the_broker_does_not_answer(client: Client, release: ModelRelease, settings) -> None:
    settings.CELERY_BROKER_URL = "filesystem://"
    settings.CELERY_BROKER_TRANSPORT_OPTIONS = {"data_folder_out": "/nowhere"}
    response = client.get("/health/ready/")
    assert response.status_code == 503
    assert response.json()["checks"]["broker"] is False


def test_not_ready_while_the_database_does_not_answer(client: Client, monkeypatch) -> None:
    def refuse() -> None:
        raise OperationalError("password of the database server")

    monkeypatch.setattr("exfb_site.health.release_in_use", refuse)
    response = client.get("/health/ready/")
    assert response.status_code == 503
    assert response.json() == {
        "status": "not ready",
        "checks": {"database": False},
        "active_release": None,
        "workers": 0,
    }


def test_a_broker_server_that_is_down_is_told_quickly(settings, monkeypatch) -> None:
    from exfb_site import health

    settings.CELERY_BROKER_URL = "redis://127.0.0.1:1/0"
    connection = health.app.connection_for_write(
        settings.CELERY_BROKER_URL, transport_options={"socket_connect_timeout": 1}
    )
    monkeypatch.setattr(health.app, "connection_for_write", lambda: connection)
    started = timezone.now()
    assert health.broker_reachable() is False
    assert (timezone.now() - started).total_seconds() < 5
