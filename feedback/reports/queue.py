"""The way of a report: asked for, made, kept. Its row is the truth; a message only wakes a worker.

As in `feedback.queue`, each step is one conditional UPDATE: whoever comes second changes nothing.
"""

import hashlib
from datetime import date, timedelta
from functools import partial
from typing import TYPE_CHECKING, Final
from uuid import UUID

from django.conf import settings
from django.core.files.base import ContentFile
from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone
from django.utils.translation import get_language

from feedback.messages import wake
from feedback.models import Report
from patients.files import store_whole
from patients.models import AccessLogEntry, Patient, User
from patients.permissions import log_access, require

if TYPE_CHECKING:
    from typing import Any

TASK_NAME: Final = "feedback.make_report"
#: Making one takes seconds: a worker that holds one for longer is gone.
SILENT: Final = timedelta(minutes=2)
_Status = Report.Status


def request_report(*, user: User, patient: Patient, start: date, end: date, note: str = "") -> Report:
    """Queue a report on the days from `start` to `end`; the same that still waits is not queued twice."""
    require(user, patient, "may_review")
    wanted = {"start": start, "end": end, "note": note.strip(), "language": get_language() or "en"}
    with transaction.atomic():
        Patient.objects.select_for_update(no_key=True).get(pk=patient.pk)
        waiting = Report.objects.filter(patient=patient, requested_by=user, status=_Status.QUEUED, **wanted)
        if same := waiting.first():
            return same
        report = Report.objects.create(patient=patient, requested_by=user, **wanted)
        log_access(user, patient, AccessLogEntry.Action.CREATE, "report", report.uuid)
        transaction.on_commit(partial(announce, report.uuid))
    return report


def announce(report_id: UUID) -> bool:
    """Send the message that wakes a worker; without a broker the sweep sends it later."""
    return wake(TASK_NAME, report_id, "report")


def claim(report_id: UUID) -> Report | None:
    """Take a queued report; None if another worker has it or it is not queued any more."""
    taken = Report.objects.filter(uuid=report_id, status=_Status.QUEUED).update(
        status=_Status.RUNNING, attempts=F("attempts") + 1, claimed_at=timezone.now()
    )
    if not taken:
        return None
    return Report.objects.select_related("patient__clinic", "requested_by").get(uuid=report_id)


def _held(report: Report) -> QuerySet[Report]:
    """The row of a claimed report, for as long as it is still in this attempt."""
    return Report.objects.filter(pk=report.pk, status=_Status.RUNNING, attempts=report.attempts)


def store(report: Report, content: "dict[str, Any]", pdf: bytes) -> bool:
    """Keep a report that was made; False, and nothing kept, if another attempt has taken over."""
    store_whole(report.file, ContentFile(pdf))
    won = _held(report).update(
        status=_Status.DONE,
        content=content,
        file=report.file.name,
        sha256=hashlib.sha256(pdf).hexdigest(),
        made_at=timezone.now(),
    )
    if not won:
        report.file.storage.delete(str(report.file.name))
    return bool(won)


def give_back(report: Report) -> None:
    """End an attempt that failed: the sweep announces it again, or it has failed after three."""
    last = report.attempts >= settings.ANALYSIS_MAX_ATTEMPTS
    _held(report).update(status=_Status.FAILED if last else _Status.QUEUED)


def sweep_reports() -> int:
    """Queue again what dead workers held, and send lost messages again; return how many were sent."""
    now = timezone.now()
    silent = Report.objects.filter(status=_Status.RUNNING, claimed_at__lt=now - SILENT)
    silent.filter(attempts__gte=settings.ANALYSIS_MAX_ATTEMPTS).update(status=_Status.FAILED)
    silent.update(status=_Status.QUEUED)
    since = now - timedelta(seconds=settings.ANALYSIS_RESEND_SECONDS)
    due = Report.objects.filter(status=_Status.QUEUED, announced_at__lt=since).order_by("requested_at")
    sent = [uuid for uuid in due.values_list("uuid", flat=True)[:100] if announce(uuid)]
    Report.objects.filter(uuid__in=sent).update(announced_at=now)
    return len(sent)
