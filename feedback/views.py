"""The start page and the list of patients."""

from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render

from feedback.selectors import patient_rows
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
