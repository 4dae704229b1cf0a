"""The start page, the list of patients, and the model releases."""

from itertools import groupby

from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render

from feedback.models import ModelRelease
from feedback.release_figures import release_figures
from feedback.selectors import patient_rows
from ml.catalogue import exercise_of
from patients.models import Patient
from patients.permissions import is_clinician
from patients.requests import SignedInRequest


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
