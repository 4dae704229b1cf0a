"""Requests are counted for all processes together where there is Redis, and never fail where it is away."""

import os
import runpy
import time
import uuid
from typing import Any
from unittest import mock

import pytest
import redis
from django.core.cache.backends.locmem import LocMemCache
from django.utils.module_loading import import_string

import exfb_site.settings
from exfb_site.cache import SharedCache

AWAY = "redis://127.0.0.1:1/0"


def configured(broker: str) -> Any:
    """A new cache as the settings make it for a broker."""
    with mock.patch.dict(os.environ, {"CELERY_BROKER_URL": broker}):
        options = runpy.run_path(exfb_site.settings.__file__)["CACHES"]["default"].copy()
    return import_string(options.pop("BACKEND"))(options.pop("LOCATION", uuid.uuid4().hex), options)


@pytest.mark.parametrize(
    ("broker", "kind"),
    [("", LocMemCache), ("amqp://localhost", LocMemCache), (AWAY, SharedCache), ("rediss://x", SharedCache)],
)
def test_the_broker_decides_where_requests_are_counted(broker, kind):
    assert type(configured(broker)) is kind


def test_while_redis_is_away_each_process_counts_alone_and_nobody_waits(caplog):
    cache = configured(AWAY)
    started = time.monotonic()
    assert cache.get("who", []) == []
    cache.set("who", [1.0], 60)
    assert cache.get("who") == [1.0]
    assert time.monotonic() - started < 3
    assert "counted by each process alone" in caplog.text


@pytest.mark.services
def test_processes_count_together_beside_the_broker_s_messages():
    broker = os.environ["CELERY_BROKER_URL"]
    messages = f"queue-{uuid.uuid4()}"
    client = redis.Redis.from_url(broker)
    client.lpush(messages, "a message")
    one, other = configured(broker), configured(broker)
    try:
        one.set("who", [1.0], 60)
        assert other.get("who") == [1.0]
        assert 0 < client.ttl("exfb-cache:1:who") <= 60
        other.clear()
        assert one.get("who") is None
        assert client.llen(messages) == 1
    finally:
        client.delete(messages)
