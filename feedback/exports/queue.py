"""The way of an export: asked for, made, kept for some days, deleted. Its row is the truth.

As in `feedback.queue`, each step is one conditional UPDATE: whoever comes second changes nothing.
"""

import hashlib
from datetime import datetime, timedelta
from functools import partial
from typing import IO, Final
from uuid import UUID

from django.conf import settings
from django.core.files import File
from django.db import IntegrityError, transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from feedback.exports.content import Choice
from feedback.messages import wake
from feedback.models import Export
from patients.files import store_whole
from patients.models import AccessLogEntry, Patient, User
from patients.permissions import get_patient, log_access, require_everything

TASK_NAME: Final = "feedback.make_export"
_Status = Export.Status


def request_export(*, user: User, patient: Patient, content: str, choice: Choice) -> tuple[Export, bool]:
    """Queue an export for a person; return it and whether it is new: one at a time is made of its kind."""
    if content == Export.Content.EVERYTHING:
        require_everything(user, patient)
    else:
        get_patient(user, patient.uuid)
    mine = Export.objects.filter(patient=patient, requested_by=user, content=content)
    try:
        with transaction.atomic():
            export = Export.objects.create(
                patient=patient,
                requested_by=user,
                content=content,
                formats=list(choice.formats),
                convention=choice.convention,
            )
            log_access(user, patient, AccessLogEntry.Action.CREATE, "export", export.uuid)
            transaction.on_commit(partial(announce, export.uuid))
    except IntegrityError:
        return mine.get(status__in=(_Status.QUEUED, _Status.RUNNING)), False
    return export, True


def announce(export_id: UUID) -> bool:
    """Send the message that wakes a worker; without a broker the sweep sends it later."""
    return wake(TASK_NAME, export_id, "export")


def claim(export_id: UUID) -> Export | None:
    """Take a queued export; None if another worker has it or it is not queued any more."""
    taken = Export.objects.filter(uuid=export_id, status=_Status.QUEUED).update(
        status=_Status.RUNNING, attempts=F("attempts") + 1, done=0, heartbeat_at=timezone.now()
    )
    if not taken:
        return None
    return Export.objects.select_related("patient__clinic", "requested_by").filter(uuid=export_id).first()


def _held(export: Export) -> QuerySet[Export]:
    """The row of a claimed export, for as long as it is still in this attempt."""
    return Export.objects.filter(pk=export.pk, status=_Status.RUNNING, attempts=export.attempts)


def note_progress(export: Export, done: int, total: int) -> None:
    """Say how far the making is, and by that that the worker lives."""
    _held(export).update(done=done, total=total, heartbeat_at=timezone.now())


def keep(export: Export, made: IO[bytes], size_bytes: int) -> bool:
    """Keep the file that was made; False, and nothing kept, if the row is not this attempt's any more."""
    store_whole(export.file, File(made))
    made.seek(0)
    now = timezone.now()
    kept = _held(export).update(
        status=_Status.DONE,
        file=export.file.name,
        size_bytes=size_bytes,
        sha256=_sha256(made),
        finished_at=now,
        expires_at=now + timedelta(days=settings.EXPORT_DAYS),
    )
    if not kept:
        export.file.storage.delete(str(export.file.name))
    return bool(kept)


def _sha256(file: IO[bytes]) -> str:
    digest = hashlib.sha256()
    while part := file.read(2**20):
        digest.update(part)
    return digest.hexdigest()


def give_back(export: Export) -> None:
    """End an attempt that failed: the sweep announces it again, or it has failed after three."""
    if export.attempts >= settings.ANALYSIS_MAX_ATTEMPTS:
        _held(export).update(status=_Status.FAILED, finished_at=timezone.now())
    else:
        _held(export).update(status=_Status.QUEUED, heartbeat_at=None)


def sweep_exports(now: datetime) -> int:
    """Queue again what dead workers held, send lost messages again, delete what has expired.

    Return how many were dealt with.
    """
    silent_since = now - timedelta(seconds=settings.ANALYSIS_SILENT_SECONDS)
    silent = Export.objects.filter(status=_Status.RUNNING, heartbeat_at__lt=silent_since)
    for export in silent:
        give_back(export)
    since = now - timedelta(seconds=settings.ANALYSIS_RESEND_SECONDS)
    due = Export.objects.filter(status=_Status.QUEUED, announced_at__lt=since).order_by("requested_at")
    sent = [uuid for uuid in due.values_list("uuid", flat=True)[:100] if announce(uuid)]
    Export.objects.filter(uuid__in=sent).update(announced_at=now)
    return len(sent) + delete_expired(now)


def delete_expired(now: datetime) -> int:
    """Delete the files and rows of exports whose time is over, and of those that failed as long ago."""
    over = now - timedelta(days=settings.EXPORT_DAYS)
    expired = Export.objects.filter(expires_at__lt=now) | Export.objects.filter(
        status=_Status.FAILED, finished_at__lt=over
    )
    count = 0
    for export in expired:
        if export.file:
            export.file.storage.delete(str(export.file.name))
        count += export.delete()[0]
    return count
