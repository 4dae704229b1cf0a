"""Lets every worker process show in the database that it is there, and prepares the children it forks."""

import os
import resource
from typing import Any

from celery.signals import worker_init, worker_process_init, worker_ready, worker_shutdown
from django.conf import settings
from django.utils import timezone

from feedback.heartbeat import Beat
from feedback.models import Worker

_beats: dict[str, Beat] = {}


def note_worker(name: str) -> None:
    """Say that a worker is alive now."""
    now = timezone.now()
    if not Worker.objects.filter(name=name).update(seen_at=now):
        Worker.objects.get_or_create(name=name, defaults={"seen_at": now, "device": settings.DEVICE})


@worker_ready.connect(dispatch_uid="start_beat")
def start_beat(sender: Any, **_kwargs: Any) -> None:
    name = f"{sender.hostname}:{os.getpid()}"
    _beats[name] = Beat(lambda: note_worker(name))
    _beats[name].start()


@worker_shutdown.connect(dispatch_uid="stop_beat")
def stop_beat(sender: Any, **_kwargs: Any) -> None:
    for name, beat in _beats.items():
        beat.stop()
        Worker.objects.filter(name=name).delete()
    _beats.clear()


@worker_init.connect(dispatch_uid="limit_memory")
def limit_memory(**_kwargs: Any) -> None:
    """Let a recording that takes all memory fail by itself, before the system kills whom it chooses.

    On a GPU the driver reserves addresses without end, so that there only the container's limit holds.
    """
    if settings.WORKER_MEMORY_MB and settings.DEVICE == "cpu":
        most = settings.WORKER_MEMORY_MB << 20
        resource.setrlimit(resource.RLIMIT_DATA, (most, most))


@worker_process_init.connect(dispatch_uid="one_thread")
def use_one_thread(**_kwargs: Any) -> None:
    """One thread a process of a prefork pool: torch reads this when it is imported, which is later."""
    os.environ["OMP_NUM_THREADS"] = os.environ["MKL_NUM_THREADS"] = "1"
