"""The page that shows how far the model and the clinicians agree, and clinicians with each other."""

from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from feedback.agreement import agreement as agreement_by_exercise
from feedback.between import between_clinicians
from feedback.models import ModelRelease
from patients.permissions import clinics_of, is_clinician
from patients.requests import SignedInRequest


@require_safe
def agreement(request: SignedInRequest) -> HttpResponse:
    """Show the agreement over all of the person's patients, or of one release or clinic."""
    if not is_clinician(request.user):
        raise PermissionDenied
    releases = list(ModelRelease.objects.order_by("-is_active", "name"))
    clinics = list(clinics_of(request.user))
    chosen = next((one for one in releases if one.name == request.GET.get("release")), None)
    clinic = next((one for one in clinics if str(one.uuid) == request.GET.get("clinic")), None)
    context = {
        "exercises": agreement_by_exercise(request.user, chosen, clinic),
        "between": between_clinicians(request.user, chosen, clinic),
        "releases": releases,
        "chosen": chosen,
        "clinics": clinics,
        "clinic": clinic,
    }
    return render(request, "feedback/agreement.html", context)
