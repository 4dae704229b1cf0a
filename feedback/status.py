"""How far an analysis is: what pages and API tell a person who waits for it."""

from dataclasses import dataclass
from datetime import timedelta
from statistics import median

from django.db.models import Count, Min, Q, QuerySet
from django.utils import timezone

from feedback.models import Analysis, Worker

#: A worker says every 1.5 s that it is alive (`feedback.heartbeat.SECONDS`), and a page asks every five
#: seconds at least (`recording.js`): it says within 10 s when there is none.
WORKER_SILENT = timedelta(seconds=4.5)
#: The expected wait follows from this many of the newest finished analyses.
_SAMPLE = 20


@dataclass(frozen=True)
class AnalysisStatus:
    """The truth of the row, and what follows from the queue around it.

    `place` is 1 for the next one to be taken, None once taken. `expected_wait_seconds` is until the result,
    None where it is not open or nothing has been analysed yet to judge from.
    """

    status: str
    step: str
    place: int | None
    expected_wait_seconds: int | None
    worker_connected: bool
    worker: str
    attempts: int
    error_code: str


def workers_connected() -> int:
    """Return the number of workers that were heard of lately. One query."""
    return connected().count()


def connected() -> QuerySet[Worker]:
    """Return the workers that were heard of lately; one of before the clock was set back is none."""
    now = timezone.now()
    return Worker.objects.filter(seen_at__range=(now - WORKER_SILENT, now + WORKER_SILENT))


def connected_by_device() -> dict[str, int]:
    """Return how many workers were heard of lately, by where they compute. One query."""
    rows = connected().order_by().values_list("device").annotate(n=Count("pk"))
    return {device or "cpu": number for device, number in rows}


def oldest_wait() -> int | None:
    """Return for how many seconds the oldest queued analysis has waited; None where none does. One query."""
    waiting = Analysis.objects.filter(status=Analysis.Status.QUEUED)
    oldest = waiting.aggregate(oldest=Min("queued_at"))["oldest"]
    return None if oldest is None else max(0, round((timezone.now() - oldest).total_seconds()))


def _usual_seconds() -> float | None:
    newest = (
        Analysis.objects.filter(status=Analysis.Status.DONE)
        .order_by("-finished_at")
        .values_list("started_at", "finished_at")[:_SAMPLE]
    )
    seconds = [(end - start).total_seconds() for start, end in newest if start and end]
    return median(seconds) if seconds else None


def analysis_status(analysis: Analysis) -> AnalysisStatus:
    """Return how far an analysis is. At most four queries."""
    workers = workers_connected()
    place = wait = None
    if analysis.status == Analysis.Status.QUEUED:
        sooner = Q(queued_at__lt=analysis.queued_at) | Q(queued_at=analysis.queued_at, pk__lt=analysis.pk)
        before = Q(priority__lt=analysis.priority) | (Q(priority=analysis.priority) & sooner)
        place = 1 + Analysis.objects.filter(before, status=Analysis.Status.QUEUED).count()
    if analysis.is_open and workers and (usual := _usual_seconds()) is not None:
        if place is None:
            spent = (timezone.now() - (analysis.started_at or timezone.now())).total_seconds()
            wait = max(1, round(usual - spent))
        else:
            running = Analysis.objects.filter(status=Analysis.Status.RUNNING).count()
            wait = max(1, round(usual * (1 + (place - 1 + running) / workers)))
    return AnalysisStatus(
        status=analysis.status,
        step=analysis.step,
        place=place,
        expected_wait_seconds=wait,
        worker_connected=workers > 0,
        worker=analysis.worker,
        attempts=analysis.attempts,
        error_code=analysis.error_code,
    )
