"""A patient's page: the history of mistakes, compared periods, the same as CSV, and what is to do."""

from typing import Any
from uuid import UUID

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from feedback.charts import history
from feedback.forms import HistoryForm, PeriodsForm
from feedback.selectors import HistoryEntry, mistake_history, sessions_for, with_repetitions
from feedback.tables import csv_response
from patients.models import AccessLogEntry, Exercise, Patient
from patients.permissions import get_patient, log_access
from patients.requests import SignedInRequest
from patients.selectors import recordings_for

#: Recordings without a result that the page of a patient names.
WAITING = 5


@require_GET
def patient(request: SignedInRequest, patient_uuid: UUID) -> HttpResponse:
    found, access = get_patient(request.user, patient_uuid)
    if access.is_own:
        return redirect("my_home")
    log_access(request.user, found, AccessLogEntry.Action.READ, "patient", found.uuid)
    context = {"patient": found, "access": access, **_work(request, found), **_history(request, found)}
    return render(request, "feedback/patient.html", context)


@require_GET
def history_csv(request: SignedInRequest, patient_uuid: UUID) -> HttpResponse:
    """Return the table of the history as it is shown with the same query, oldest session first."""
    found, _access = get_patient(request.user, patient_uuid)
    log_access(request.user, found, AccessLogEntry.Action.DOWNLOAD, "history", found.uuid)
    shown = _history(request, found)
    series = shown["series"]
    head = [_("Session"), _("Exercise"), *(one.name for one in series), _("All"), _("To review")]
    rows = [
        [
            row["day"],
            shown["exercise_name"],
            *(cell[0] for cell in row["cells"]),
            row["total"],
            row["unreviewed"],
        ]
        for row in reversed(shown["rows"])
    ]
    return csv_response(f"history-{found.uuid}", head, rows)


def _work(request: SignedInRequest, found: Patient) -> dict[str, Any]:
    """Return a patient's sessions, prescriptions, and recordings that have no result."""
    sessions = with_repetitions(sessions_for(request.user).filter(patient=found))
    unfinished = recordings_for(request.user).filter(patient=found).exclude(analyses__status="done")
    return {
        "sessions": Paginator(sessions, 20).get_page(request.GET.get("page")),
        "today": timezone.localdate(),
        "prescriptions": found.prescriptions.select_related("prescribed_by"),
        "waiting": unfinished[:WAITING],
    }


def _history(request: SignedInRequest, found: Patient) -> dict[str, Any]:
    """Return the history of one exercise: the chosen one, else the one done last. One query."""
    form, periods = HistoryForm(request.GET), PeriodsForm(request.GET)
    chosen = form.cleaned_data if form.is_valid() else {}
    everything = mistake_history(found)
    within = [entry for entry in everything if _is_within(entry, chosen)]
    done = {entry.exercise for entry in within}
    exercise = chosen.get("exercise") or (within[-1].exercise if within else "")
    return {
        "form": form,
        "periods_form": periods,
        "exercise": exercise,
        "exercise_name": Exercise(exercise).label if exercise else "",
        "exercises": [one for one in Exercise if one in done or one == exercise],
        **history(
            [entry for entry in within if entry.exercise == exercise],
            exercise,
            all_entries=[entry for entry in everything if entry.exercise == exercise],
            periods=periods.periods,
        ),
    }


def _is_within(entry: HistoryEntry, chosen: dict[str, Any]) -> bool:
    start, end = chosen.get("start"), chosen.get("end")
    return (start is None or entry.day >= start) and (end is None or entry.day <= end)
