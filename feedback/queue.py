"""The way of an analysis through the queue. Its row is the truth; a message only wakes a worker.

Each step is one conditional UPDATE, so that whoever comes second changes nothing: a claim from QUEUED, and
everything after it only while the row still shows the attempt and the worker that claimed it.
"""

import logging
from collections.abc import Sequence
from functools import partial
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Case, Exists, F, IntegerField, OuterRef, QuerySet, TextField, Value, When
from django.db.models.functions import Concat
from django.utils import timezone

from feedback.messages import wake
from feedback.models import Analysis, ExerciseSession, ModelRelease, Repetition
from feedback.recut import keep_cuts
from feedback.releases import release_in_use
from patients.models import AccessLogEntry, Recording, User
from patients.permissions import log_access, require

logger = logging.getLogger(__name__)

TASK_NAME = "feedback.analyse"
_Status, _Step = Analysis.Status, Analysis.Step
#: A worker that finds the first taken by another tries these before it asks again.
_CANDIDATES = 8


def request_analysis(
    *,
    recording: Recording,
    release: ModelRelease | None = None,
    priority: Analysis.Priority = Analysis.Priority.NEW,
) -> Analysis | None:
    """Queue a recording for a release (the active one if none is named), once however often it is asked.

    What is not new is announced by the sweep, a portion at a time: however much is asked for, the request
    that asks does not wait for the broker.

    None if there is no release at all: the sweep asks again, so that the recording is not forgotten.
    """
    release = release or release_in_use()
    if release is None:
        logger.error("no model release is installed; recording %s waits for one", recording.uuid)
        return None
    with transaction.atomic():
        session, _ = ExerciseSession.objects.get_or_create(
            patient_id=recording.patient_id, day=timezone.localdate(recording.recorded_at)
        )
        analysis, created = Analysis.objects.get_or_create(
            recording=recording,
            release=release,
            reading=recording.reading,
            defaults={"session": session, "priority": priority},
        )
        if created:
            keep_cuts(analysis)
        if created and priority == Analysis.Priority.NEW:
            transaction.on_commit(partial(announce, analysis.uuid))
    return analysis


def announce(analysis_id: UUID) -> bool:
    """Send the message that wakes a worker. Without a broker the row stays queued, and the sweep sends it."""
    return wake(TASK_NAME, analysis_id, "analysis")


def claim_next(*, worker: str) -> Analysis | None:
    """Take the first of the queue; None if nothing waits.

    By priority and then in order of arrival, except that what failed through no fault of the recording goes
    behind the others of its priority: whatever it was, it is given time, and holds nobody up.
    """
    while waiting := list(first_in_queue().values_list("uuid", flat=True)[:_CANDIDATES]):
        for analysis_id in waiting:
            if taken := claim(analysis_id=analysis_id, worker=worker):
                return taken
    return None


def claim_batch(*, worker: str, at_most: int) -> list[Analysis]:
    """Take the first of the queue, and those behind it that may be computed in one batch with it.

    What was tried before is computed alone: whoever ends the worker then does so to nobody else.
    """
    first = claim_next(worker=worker)
    if first is None:
        return []
    batch = [first]
    behind = first_in_queue().values_list("uuid", "attempts", "release")
    for analysis_id, attempts, release in behind[: at_most - 1]:
        if first.attempts > 1 or attempts or release != first.release_id:
            break
        if taken := claim(analysis_id=analysis_id, worker=worker):
            batch.append(taken)
    return batch


def first_in_queue() -> QuerySet[Analysis]:
    """Return what waits, in the order in which it is taken."""
    failed_before = Case(When(error_code="internal_error", then=1), default=0, output_field=IntegerField())
    return Analysis.objects.filter(status=_Status.QUEUED).order_by(
        "priority", failed_before, "queued_at", "pk"
    )


def claim(*, analysis_id: UUID, worker: str) -> Analysis | None:
    """Take a queued analysis; None if another worker has it or it is not queued any more."""
    now = timezone.now()
    taken = Analysis.objects.filter(uuid=analysis_id, status=_Status.QUEUED).update(
        status=_Status.RUNNING,
        step=_Step.READING,
        worker=worker,
        attempts=F("attempts") + 1,
        error_code="",
        started_at=now,
        heartbeat_at=now,
        finished_at=None,
    )
    if not taken:
        return None
    return (
        Analysis.objects.select_related("recording", "release")
        .filter(uuid=analysis_id, status=_Status.RUNNING, worker=worker)
        .first()
    )


def held(analysis: Analysis, attempt: int) -> QuerySet[Analysis]:
    """The row of a claimed analysis, for as long as it is still this worker's in this attempt."""
    return Analysis.objects.filter(
        pk=analysis.pk, status=_Status.RUNNING, attempts=attempt, worker=analysis.worker
    )


def record_step(*, analysis: Analysis, attempt: int, step: str) -> bool:
    """Note which step the worker is at; False if the analysis is no longer its own."""
    return held(analysis, attempt).update(step=step, heartbeat_at=timezone.now()) == 1


def record_beat(*, batch: Sequence[Analysis]) -> None:
    """Note that the worker of a claimed batch is alive."""
    first = batch[0]
    ids = [analysis.pk for analysis in batch]
    Analysis.objects.filter(
        pk__in=ids, status=_Status.RUNNING, attempts=first.attempts, worker=first.worker
    ).update(heartbeat_at=timezone.now())


def fail(*, analysis: Analysis, attempt: int, code: str) -> bool:
    """End an attempt whose recording cannot be analysed; trying again would change nothing."""
    return _end(held(analysis, attempt), _Status.FAILED, code)


def give_back(*, analysis: Analysis, attempt: int, code: str, noted: str = "") -> bool:
    """End an attempt that failed for no fault of the recording: queue it again, or set it aside after three.

    The sweep announces it, so that a fault that passes has some seconds to do so. `noted` says what happened,
    without anything of the recording.
    """
    mine = held(analysis, attempt)
    log = log_with(f"{noted or code} ({analysis.worker})")
    if attempt >= settings.ANALYSIS_MAX_ATTEMPTS:
        return _end(mine, _Status.NEEDS_ATTENTION, code, log=log)
    values = {"status": _Status.QUEUED, "step": _Step.WAITING, "worker": "", "error_code": code, "log": log}
    return mine.update(heartbeat_at=None, **values) == 1


def stop(*, batch: Sequence[Analysis]) -> None:
    """End the attempts of a batch that takes too long.

    Whoever was computed alone is at fault. Of several nobody knows who, so that each is tried again alone.
    """
    for analysis in batch:
        if len(batch) == 1:
            fail(analysis=analysis, attempt=analysis.attempts, code="took_too_long")
        else:
            give_back(analysis=analysis, attempt=analysis.attempts, code="took_too_long")


def log_with(line: str) -> Concat:
    """Return the log of an analysis with one more line, for an UPDATE."""
    moment = timezone.now().strftime("%Y-%m-%d %H:%M:%S UTC")
    return Concat("log", Value(f"{moment}  {line}\n"), output_field=TextField())


def _end(rows: QuerySet[Analysis], status: str, code: str, **values: Any) -> bool:
    values |= {"status": status, "step": _Step.FINISHED, "error_code": code}
    return rows.update(finished_at=timezone.now(), **values) == 1


def cancel(*, user: User, analysis: Analysis) -> bool:
    """End an analysis that is still open; False if it is not. What a worker is computing is then discarded.

    The worker is not interrupted: an analysis takes seconds, and it finds the row no longer its own.
    """
    patient = analysis.recording.patient
    require(user, patient, "may_upload")
    open_one = Analysis.objects.filter(pk=analysis.pk, status__in=(_Status.QUEUED, _Status.RUNNING))
    with transaction.atomic():
        # What was to be cut anew stays as it was.
        found = Repetition.objects.filter(analysis=OuterRef("pk"))
        restored = open_one.filter(Exists(found), cuts__isnull=False).update(
            status=_Status.DONE, step=_Step.FINISHED, cuts=None, cut_by=None, finished_at=timezone.now()
        )
        cancelled = restored == 1 or _end(open_one, _Status.CANCELLED, "cancelled")
        if cancelled:
            log_access(user, patient, AccessLogEntry.Action.CHANGE, "analysis", analysis.uuid)
    return cancelled


def withdraw(*, recording: Recording) -> int:
    """End the open analyses of readings that are no longer a recording's; return how many."""
    outdated = Analysis.objects.filter(
        recording=recording, reading__lt=recording.reading, status__in=(_Status.QUEUED, _Status.RUNNING)
    )
    return outdated.update(
        status=_Status.CANCELLED, step=_Step.FINISHED, error_code="cancelled", finished_at=timezone.now()
    )


def retry(*, user: User, analysis: Analysis) -> bool:
    """Queue an analysis again that failed, was set aside or cancelled; False if it is in no such state.

    One whose release cannot be used any more is queued for the active one; False if another request has asked
    that release in the same instant.
    """
    patient = analysis.recording.patient
    require(user, patient, "may_upload")
    release = _usable_for(analysis)
    try:
        with transaction.atomic():
            queued = Analysis.objects.filter(
                pk=analysis.pk, status__in=(_Status.FAILED, _Status.NEEDS_ATTENTION, _Status.CANCELLED)
            ).update(
                release=release,
                status=_Status.QUEUED,
                step=_Step.WAITING,
                attempts=0,
                worker="",
                error_code="",
                queued_at=timezone.now(),
                announced_at=timezone.now(),
                started_at=None,
                heartbeat_at=None,
                finished_at=None,
            )
            if queued:
                log_access(user, patient, AccessLogEntry.Action.CHANGE, "analysis", analysis.uuid)
                transaction.on_commit(partial(announce, analysis.uuid))
    except IntegrityError:
        return False
    return queued == 1


def _usable_for(analysis: Analysis) -> ModelRelease:
    """Return the release that an analysis is to be tried again with."""
    if analysis.error_code != "release_unusable":
        return analysis.release
    active = release_in_use()
    by_active = Analysis.objects.filter(
        recording=analysis.recording_id, reading=analysis.reading, release=active
    )
    return analysis.release if active is None or by_active.exists() else active
