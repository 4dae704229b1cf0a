"""Finds what fell out of the queue: analyses of dead workers, lost messages, recordings nobody queued.

It asks the database alone and never the broker, so that it notices whatever happens to the broker.
"""

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from itertools import takewhile

from django.conf import settings
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from feedback.exports.queue import sweep_exports
from feedback.measuring import measure_unmeasured
from feedback.models import Analysis, Worker
from feedback.queue import announce, log_with, request_analysis
from feedback.reports.queue import sweep_reports
from patients.access_log import seal_log
from patients.expiry import forget_expired
from patients.models import Recording

#: So many messages are sent again at a time, oldest first; a long queue is not doubled by its own waiting.
MOST_ANNOUNCED = 100
#: A worker that has been silent for so long is not listed any more.
FORGET_WORKER = timedelta(hours=1)

_Status, _Step = Analysis.Status, Analysis.Step


@dataclass(frozen=True)
class Swept:
    """How many of each a sweep dealt with."""

    requeued: int
    set_aside: int
    requested: int
    announced: int
    measured: int
    reports: int
    exports: int
    forgotten_workers: int
    sealed: int

    def __str__(self) -> str:
        return ", ".join(f"{name} {number}" for name, number in asdict(self).items())

    def __bool__(self) -> bool:
        return any(asdict(self).values())


def sweep() -> Swept:
    """Put right what is wrong with the queue, once. Any number of sweeps may run at the same time."""
    now = timezone.now()
    requeued, set_aside = _take_from_silent_workers(now)
    requested = _request_forgotten(now)
    forget_expired()
    return Swept(
        requeued=requeued,
        set_aside=set_aside,
        requested=requested,
        announced=_announce_again(now),
        measured=measure_unmeasured(),
        reports=sweep_reports(now),
        exports=sweep_exports(now),
        forgotten_workers=Worker.objects.filter(seen_at__lt=now - FORGET_WORKER).delete()[0],
        sealed=seal_log(),
    )


def _take_from_silent_workers(now: datetime) -> tuple[int, int]:
    silent = Analysis.objects.filter(
        _is_past("heartbeat_at", now, settings.ANALYSIS_SILENT_SECONDS), status=_Status.RUNNING
    )
    log = log_with("the worker fell silent")
    set_aside = silent.filter(attempts__gte=settings.ANALYSIS_MAX_ATTEMPTS).update(
        status=_Status.NEEDS_ATTENTION,
        step=_Step.FINISHED,
        error_code="worker_lost",
        finished_at=now,
        log=log,
    )
    # An announcement as old as its claim makes it due below.
    requeued = silent.filter(attempts__lt=settings.ANALYSIS_MAX_ATTEMPTS).update(
        status=_Status.QUEUED,
        step=_Step.WAITING,
        worker="",
        error_code="worker_lost",
        heartbeat_at=None,
        log=log,
        announced_at=now
        - timedelta(seconds=settings.ANALYSIS_SILENT_SECONDS)
        - timedelta(seconds=settings.ANALYSIS_RESEND_SECONDS),
    )
    return requeued, set_aside


def _is_past(moment: str, now: datetime, seconds: float) -> Q:
    """Tell that a moment lies so many seconds back; or as far ahead, which only a clock set back can do.

    Who lives says so again within seconds by the new clock; of who does not, nobody waits for the old one.
    """
    span = timedelta(seconds=seconds)
    return Q(**{f"{moment}__lt": now - span}) | Q(**{f"{moment}__gt": now + span})


def _request_forgotten(now: datetime) -> int:
    """Queue recordings without an analysis of their reading: the process ended before, or no release was."""
    old = _is_past("created_at", now, settings.ANALYSIS_RESEND_SECONDS)
    known = Analysis.objects.filter(recording=OuterRef("pk"), reading=OuterRef("reading"))
    forgotten = Recording.objects.filter(old, ~Exists(known)).order_by("created_at")
    return sum(request_analysis(recording=recording) is not None for recording in forgotten[:MOST_ANNOUNCED])


def _announce_again(now: datetime) -> int:
    silent = _is_past("announced_at", now, settings.ANALYSIS_RESEND_SECONDS)
    due = Analysis.objects.filter(silent, status=_Status.QUEUED).order_by("priority", "queued_at", "pk")
    ids = due.values_list("uuid", flat=True)[:MOST_ANNOUNCED]
    # A broker that is away is asked once and not for each; what was not sent is due at the next sweep.
    sent = list(takewhile(announce, ids))
    Analysis.objects.filter(uuid__in=sent).update(announced_at=now)
    return len(sent)
