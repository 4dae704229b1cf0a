"""The way of a report or an export: claimed by a worker, made, kept, or given back. Its row is the truth.

As in `feedback.queue`, each step is one conditional UPDATE: whoever comes second changes nothing.
"""

import hashlib
from datetime import datetime, timedelta
from typing import IO, Any, TypeVar
from uuid import UUID

from django.conf import settings
from django.core.files import File
from django.db.models import F, QuerySet
from django.utils import timezone

from feedback.made_models import MadeByWorker
from feedback.messages import wake
from patients.files import store_whole

Made = TypeVar("Made", bound=MadeByWorker)
_Status = MadeByWorker.Status
#: Of one kind a sweep sends no more messages than this.
_MESSAGES = 100


def announce(row: MadeByWorker) -> bool:
    """Send the message that wakes a worker; without a broker the sweep sends it later."""
    return wake(row.task, row.uuid, row._meta.model_name or "")


def claim(model: type[Made], row_id: UUID) -> Made | None:
    """Take a queued row; None if another worker has it or it is not queued any more."""
    rows = model._default_manager.filter(uuid=row_id)
    taken = rows.filter(status=_Status.QUEUED).update(
        status=_Status.RUNNING, attempts=F("attempts") + 1, heartbeat_at=timezone.now()
    )
    if not taken:
        return None
    return rows.select_related("patient__clinic", "requested_by").first()


def held(row: Made) -> QuerySet[Made]:
    """The row that was claimed, for as long as it is still in this attempt."""
    rows = type(row)._default_manager
    return rows.filter(pk=row.pk, status=_Status.RUNNING, attempts=row.attempts)


def keep(row: MadeByWorker, made: IO[bytes], **values: Any) -> bool:
    """Keep the file that was made; False, and nothing kept, if the row is not this attempt's any more."""
    content = File(made)
    digest = hashlib.sha256()
    for part in content.chunks():
        digest.update(part)
    store_whole(row.file, content)
    values |= {"file": row.file.name, "sha256": digest.hexdigest(), "finished_at": timezone.now()}
    kept = held(row).update(status=_Status.DONE, **values)
    if not kept:
        row.file.storage.delete(str(row.file.name))
    return bool(kept)


def give_back(row: MadeByWorker) -> None:
    """End an attempt that failed: the sweep announces it again, or it has failed after three."""
    if row.attempts >= settings.ANALYSIS_MAX_ATTEMPTS:
        held(row).update(status=_Status.FAILED, finished_at=timezone.now())
    else:
        held(row).update(status=_Status.QUEUED, heartbeat_at=None)


def sweep_made(model: type[MadeByWorker], now: datetime, silence: timedelta) -> int:
    """Queue again what dead workers held, and send lost messages again; return how many were sent.

    A worker is dead that has said nothing for so long.
    """
    rows = model._default_manager.all()
    for row in rows.filter(status=_Status.RUNNING, heartbeat_at__lt=now - silence):
        give_back(row)
    since = now - timedelta(seconds=settings.ANALYSIS_RESEND_SECONDS)
    due = rows.filter(status=_Status.QUEUED, announced_at__lt=since).order_by("requested_at")
    sent = [row.pk for row in due[:_MESSAGES] if announce(row)]
    rows.filter(pk__in=sent).update(announced_at=now)
    return len(sent)
