"""The page on which patients read who has looked at their data, when and why."""

from uuid import UUID

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from feedback.access_words import lines_of
from patients.models import AccessLogEntry
from patients.permissions import get_patient, log_access, require_everything
from patients.requests import SignedInRequest
from patients.selectors import access_log_of

ENTRIES_A_PAGE = 50


@require_safe
def access_log(request: SignedInRequest, patient_uuid: UUID) -> HttpResponse:
    patient, access = get_patient(request.user, patient_uuid)
    require_everything(request.user, patient)
    page = Paginator(access_log_of(patient), ENTRIES_A_PAGE).get_page(request.GET.get("page"))
    lines = list(lines_of(patient, page))
    log_access(request.user, patient, AccessLogEntry.Action.READ, "access log", patient.uuid)
    context = {"patient": patient, "access": access, "page": page, "lines": lines}
    return render(request, "feedback/access_log.html", context)
