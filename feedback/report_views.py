"""Pages of reports: ask for one, follow how it is made, read and print it, download its PDF."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import FileResponse, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from feedback.forms import ReportForm
from feedback.models import Report
from feedback.reports import answers
from feedback.reports.queue import request_report
from feedback.reports.selectors import report_for, reports_of
from feedback.reports.typeface import is_printable
from feedback.status import workers_connected
from patients.models import AccessLogEntry
from patients.permissions import get_patient, log_access
from patients.requests import SignedInRequest

#: A report of a period covers so many days unless others are asked for.
USUAL_DAYS = 42


def reports(request: SignedInRequest, patient_uuid: UUID) -> HttpResponse:
    """List a patient's reports, and take what is asked of a new one."""
    patient, access = get_patient(request.user, patient_uuid)
    if access.is_own:
        raise PermissionDenied
    form = ReportForm(request.POST or None, initial=_usual(request))
    if request.method == "POST" and form.is_valid():
        report = request_report(user=request.user, patient=patient, **form.cleaned_data)
        return redirect("report", report.uuid)
    log_access(request.user, patient, AccessLogEntry.Action.READ, "reports", patient.uuid)
    page = Paginator(reports_of(patient), 20).get_page(request.GET.get("page"))
    context = {"patient": patient, "access": access, "form": form, "page": page}
    status = 422 if request.method == "POST" else 200
    return render(request, "feedback/reports.html", context, status=status)


def _usual(request: SignedInRequest) -> dict[str, Any]:
    """Return the days that the form begins with: those of the address, else the last weeks."""
    today = timezone.localdate()
    usual = {"start": today - timedelta(days=USUAL_DAYS - 1), "end": today}
    return usual | {name: request.GET[name] for name in usual if request.GET.get(name)}


@require_safe
def report(request: SignedInRequest, report_uuid: UUID) -> HttpResponse:
    """Show a report as it will be printed, or how far it is. `?part=status` gives the part that changes."""
    found, access = report_for(request.user, report_uuid)
    context = {"report": found, "patient": found.patient, "access": access, **_state(found)}
    if request.GET.get("part") == "status":
        return render(request, "feedback/_report_status.html", context)
    log_access(request.user, found.patient, AccessLogEntry.Action.READ, "report", found.uuid)
    return render(request, "feedback/report.html", context)


def _state(report: Report) -> dict[str, Any]:
    if report.is_open:
        return {"worker_connected": workers_connected() > 0}
    told = report.content
    words = [told[part] for part in ("patient", "person", "clinic", "note") if told]
    return {"told": told, "lacks_letters": not all(map(is_printable, words))}


@require_safe
def report_file(request: SignedInRequest, report_uuid: UUID) -> FileResponse:
    """Return the PDF of a report that is ready."""
    return answers.report_file(request.user, report_uuid)
