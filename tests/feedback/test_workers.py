"""A worker shows that it is there while it runs, and no longer when it has ended."""

import os
import subprocess
import sys
from types import SimpleNamespace

import pytest

from feedback import workers
from feedback.models import Worker
from tests.factories import WorkerFactory, days_ago


def test_a_worker_that_speaks_again_is_the_same_worker(db):
    known = WorkerFactory(name="celery@a:1", seen_at=days_ago(1))
    workers.note_worker("celery@a:1")
    workers.note_worker("celery@b:2")
    assert Worker.objects.count() == 2
    assert Worker.objects.get(pk=known.pk).seen_at > days_ago(1)


@pytest.mark.django_db(transaction=True)
def test_a_worker_is_listed_from_start_to_end(monkeypatch):
    noted = []
    monkeypatch.setattr(workers, "note_worker", noted.append)
    name = f"celery@a:{os.getpid()}"
    WorkerFactory(name=name)
    workers.start_beat(sender=SimpleNamespace(hostname="celery@a"))
    workers.stop_beat(sender=None)
    assert noted == [name]
    assert not Worker.objects.exists()


def test_a_child_of_a_pool_computes_with_one_thread(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "8")
    monkeypatch.setenv("MKL_NUM_THREADS", "8")
    workers.use_one_thread()
    assert os.environ["OMP_NUM_THREADS"] == os.environ["MKL_NUM_THREADS"] == "1"


def test_a_recording_that_takes_all_memory_fails_by_itself():
    """In a process of its own: a limit cannot be taken back."""
    script = """
import django; django.setup()
from feedback import workers
workers.limit_memory()
try:
    bytearray(1 << 31)
except MemoryError:
    print("stopped")
"""
    environment = os.environ | {"WORKER_MEMORY_MB": "500", "DJANGO_SETTINGS_MODULE": "tests.settings"}
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=False
    )
    assert done.stdout.strip() == "stopped", done.stderr


@pytest.mark.parametrize(("megabytes", "device"), [(0, "cpu"), (500, "cuda")])
def test_memory_is_not_limited_where_none_is_set_or_a_gpu_reserves_it(
    settings, monkeypatch, megabytes, device
):
    settings.WORKER_MEMORY_MB, settings.DEVICE = megabytes, device
    limited = []
    monkeypatch.setattr("feedback.workers.resource.setrlimit", lambda *limit: limited.append(limit))
    workers.limit_memory()
    assert limited == []
