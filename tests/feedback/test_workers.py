"""A worker shows that it is there while it runs, and no longer when it has ended."""

import os
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
