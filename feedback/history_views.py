"""A patient's page: the history of mistakes, compared periods, the same as CSV, and what is to do."""

from typing import Any
from uuid import UUID

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from feedback.forms import HistoryForm, PeriodsForm
from feedback.history import exercise_history, history_rows
from feedback.moves import moves_of
from feedback.selectors import sessions_for, with_repetitions
from feedback.tables import csv_response
from patients.models import AccessLogEntry, Patient
from patients.permissions import get_patient, log_access
from patients.requests import SignedInRequest
from patients.selectors import recordings_for

#: Recordings without a result that the page of a patient names.
WAITING = 5


@require_safe
def patient(request: SignedInRequest, patient_uuid: UUID) -> HttpResponse:
    found, access = get_patient(request.user, patient_uuid)
    if access.is_own:
        return redirect("my_home")
    log_access(request.user, found, AccessLogEntry.Action.READ, "patient", found.uuid)
    context = {"patient": found, "access": access, **_work(request, found), **_history(request, found)}
    return render(request, "feedback/patient.html", context)


@require_safe
def history_csv(request: SignedInRequest, patient_uuid: UUID) -> HttpResponse:
    """Return the table of the history as it is shown with the same query, oldest first."""
    found, _access = get_patient(request.user, patient_uuid)
    log_access(request.user, found, AccessLogEntry.Action.DOWNLOAD, "history", found.uuid)
    head, rows = history_rows(_history(request, found))
    return csv_response(f"history-{found.uuid}", head, rows)


def _work(request: SignedInRequest, found: Patient) -> dict[str, Any]:
    """Return a patient's sessions, prescriptions, and recordings that have no result."""
    sessions = with_repetitions(sessions_for(request.user).filter(patient=found))
    unfinished = recordings_for(request.user).filter(patient=found).exclude(analyses__status="done")
    return {
        "sessions": Paginator(sessions, 20).get_page(request.GET.get("page")),
        "today": timezone.localdate(),
        "waiting": unfinished[:WAITING],
        "moves": moves_of(found),
    }


def _history(request: SignedInRequest, found: Patient) -> dict[str, Any]:
    """Return the history that the query asks for, with the two forms that ask."""
    form, periods = HistoryForm(request.GET), PeriodsForm(request.GET)
    chosen = form.cleaned_data if form.is_valid() else {}
    return {"form": form, "periods_form": periods, **exercise_history(found, chosen, periods.periods)}
