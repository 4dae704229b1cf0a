"""The start page, the list of patients, a patient's history of mistakes, and the model releases."""

from itertools import groupby
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone

from feedback.charts import history
from feedback.forms import HistoryForm
from feedback.models import ModelRelease
from feedback.release_figures import release_figures
from feedback.selectors import mistake_history, patient_rows, sessions_for, with_repetitions
from ml.catalogue import exercise_of
from patients.models import AccessLogEntry, Exercise, Patient
from patients.permissions import get_patient, is_clinician, log_access
from patients.requests import SignedInRequest
from patients.selectors import recordings_for

#: Recordings without a result that the page of a patient names.
WAITING = 5


def home(request: SignedInRequest) -> HttpResponse:
    """Send each kind of person to where their work is."""
    if is_clinician(request.user):
        return redirect("worklist")
    if Patient.objects.filter(user=request.user).exists():
        return redirect("my_home")
    return render(request, "feedback/no_role.html")


def patient_list(request: SignedInRequest) -> HttpResponse:
    if not is_clinician(request.user):
        raise PermissionDenied
    wanted = request.GET.get("q", "").strip()
    rows = patient_rows(request.user).exclude(user=request.user)
    if wanted:
        rows = rows.filter(name__icontains=wanted)
    page = Paginator(rows, 50).get_page(request.GET.get("page"))
    return render(request, "feedback/patient_list.html", {"page": page, "wanted": wanted})


def patient(request: SignedInRequest, patient_uuid: UUID) -> HttpResponse:
    found, access = get_patient(request.user, patient_uuid)
    if access.is_own:
        return redirect("my_home")
    log_access(request.user, found, AccessLogEntry.Action.READ, "patient", found.uuid)
    context = {"patient": found, "access": access, **_work(request, found), **_history(request, found)}
    return render(request, "feedback/patient.html", context)


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
    """Return the history of one exercise: the chosen one, else the one done last."""
    form = HistoryForm(request.GET)
    chosen = form.cleaned_data if form.is_valid() else {}
    entries = mistake_history(found, start=chosen.get("start"), end=chosen.get("end"))
    done = {entry.exercise for entry in entries}
    exercise = chosen.get("exercise") or (entries[-1].exercise if entries else "")
    return {
        "form": form,
        "exercise": exercise,
        "exercise_name": Exercise(exercise).label if exercise else "",
        "exercises": [one for one in Exercise if one in done or one == exercise],
        **history([entry for entry in entries if entry.exercise == exercise], exercise),
    }


def releases(request: SignedInRequest) -> HttpResponse:
    if not is_clinician(request.user):
        raise PermissionDenied
    return render(request, "feedback/releases.html", {"releases": ModelRelease.objects.all()})


def release(request: SignedInRequest, name: str) -> HttpResponse:
    if not is_clinician(request.user):
        raise PermissionDenied
    found = get_object_or_404(ModelRelease, name=name)
    classes = groupby(found.classes, key=exercise_of)
    context = {
        "release": found,
        "classes": [(exercise.capitalize(), list(codes)) for exercise, codes in classes],
        "figures": release_figures(found.metrics),
    }
    return render(request, "feedback/release.html", context)
