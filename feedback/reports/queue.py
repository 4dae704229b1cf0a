"""A report is asked for, and made and kept as `feedback.made_queue` says."""

from datetime import date, datetime, timedelta
from functools import partial
from io import BytesIO
from typing import Any, Final

from django.db import transaction
from django.utils.translation import get_language

from feedback.made_queue import announce, keep, sweep_made
from feedback.models import Report
from patients.models import AccessLogEntry, Patient, User
from patients.permissions import log_access, require

#: Making one takes seconds: a worker that holds one for longer is gone.
SILENCE: Final = timedelta(minutes=2)
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
        transaction.on_commit(partial(announce, report))
    return report


def keep_report(report: Report, content: dict[str, Any], pdf: bytes) -> bool:
    """Keep a report that was made; False, and nothing kept, if another attempt has taken over."""
    return keep(report, BytesIO(pdf), content=content)


def sweep_reports(now: datetime) -> int:
    """Queue and send again what must be; return how many were sent."""
    return sweep_made(Report, now, SILENCE)
