"""How a recording was read: what a person confirms or corrects of it, and its reading by what they said."""

from dataclasses import replace
from typing import Any, BinaryIO, cast

from django.db import transaction
from django.utils import timezone

from patients.models import AccessLogEntry, Recording, User
from patients.permissions import log_access, require
from patients.uploads import UploadFacts, inspect


def read_again(*, user: User, recording: Recording, **said: Any) -> UploadFacts | None:
    """Read a recording's file by what a person says of it; None if that changes nothing.

    `said` holds fields of `ml.poses.facts.Corrections`, those that are to change. Raises `UploadError` if
    what they say makes no person of the file. Nothing is kept yet, so that no transaction is open meanwhile.
    """
    require(user, recording.patient, "may_upload")
    corrections = replace(recording.said, **said)
    if corrections == recording.said:
        return None
    with recording.file.open("rb") as file:
        return inspect(cast(BinaryIO, file), None, corrections)


def keep_reading(*, user: User, recording: Recording, facts: UploadFacts | None) -> None:
    """Keep that a person looked at how a recording was read, and by which facts it is read from now on."""
    require(user, recording.patient, "may_upload")
    columns: dict[str, object] = {"confirmed_at": timezone.now(), "confirmed_by": user}
    if facts is not None:
        columns |= {**facts.columns(), "reading": recording.reading + 1}
    for name, value in columns.items():
        setattr(recording, name, value)
    with transaction.atomic():
        recording.save(update_fields=list(columns))
        log_access(user, recording.patient, AccessLogEntry.Action.CHANGE, "recording", recording.uuid)
