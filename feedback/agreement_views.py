"""The page that shows how far the model and the clinicians agree."""

from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from feedback.agreement import agreement as agreement_by_exercise
from feedback.models import ModelRelease
from patients.permissions import is_clinician
from patients.requests import SignedInRequest


@require_GET
def agreement(request: SignedInRequest) -> HttpResponse:
    if not is_clinician(request.user):
        raise PermissionDenied
    releases = list(ModelRelease.objects.order_by("-is_active", "name"))
    chosen = next((one for one in releases if one.name == request.GET.get("release")), None)
    exercises = agreement_by_exercise(request.user, chosen)
    context = {"exercises": exercises, "releases": releases, "chosen": chosen}
    return render(request, "feedback/agreement.html", context)
