"""An export is asked for, made as `feedback.made_queue` says, kept for some days, and deleted."""

from datetime import datetime, timedelta
from functools import partial
from typing import IO

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from feedback.exports.content import Choice
from feedback.made_queue import announce, held, keep, sweep_made
from feedback.models import Export
from patients.models import AccessLogEntry, Patient, User
from patients.permissions import get_patient, log_access, require_everything

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
            transaction.on_commit(partial(announce, export))
    except IntegrityError:
        return mine.get(status__in=(_Status.QUEUED, _Status.RUNNING)), False
    return export, True


def note_progress(export: Export, done: int, total: int) -> None:
    """Say how far the making is, and by that that the worker lives."""
    held(export).update(done=done, total=total, heartbeat_at=timezone.now())


def keep_export(export: Export, made: IO[bytes], size_bytes: int) -> bool:
    """Keep the file that was made, for some days; False if the row is not this attempt's any more."""
    until = timezone.now() + timedelta(days=settings.EXPORT_DAYS)
    return keep(export, made, size_bytes=size_bytes, expires_at=until)


def sweep_exports(now: datetime) -> int:
    """Queue and send again what must be, delete what has expired; return how many were dealt with."""
    silence = timedelta(seconds=settings.ANALYSIS_SILENT_SECONDS)
    return sweep_made(Export, now, silence) + delete_expired(now)


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
