"""The pages of model releases: their figures, and how one is compared, chosen and used again."""

from itertools import groupby
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from feedback import services
from feedback.models import ModelRelease, ReleaseActivation
from feedback.reanalysis import Asked
from feedback.release_comparison import comparison
from feedback.release_figures import release_figures
from feedback.releases import release_before
from feedback.selectors import active_release
from ml.catalogue import exercise_of
from patients.permissions import administered_clinics, get_patient, is_clinician, may_choose_release
from patients.requests import SignedInRequest


def _release_for(request: HttpRequest, name: str) -> ModelRelease:
    """Return a release for who works for a clinic; 403 for anybody else."""
    if not is_clinician(request.user):
        raise PermissionDenied
    return get_object_or_404(ModelRelease, name=name)


@require_safe
def releases(request: SignedInRequest) -> HttpResponse:
    if not is_clinician(request.user):
        raise PermissionDenied
    chosen = ReleaseActivation.objects.select_related("release", "chosen_by")[:10]
    context = {"releases": ModelRelease.objects.all(), "chosen": chosen}
    return render(request, "feedback/releases.html", context)


@require_safe
def release(request: SignedInRequest, name: str) -> HttpResponse:
    """Show a release. `?part=comparison` gives the part that changes while workers compare."""
    found = _release_for(request, name)
    if request.GET.get("part") == "comparison":
        return render(request, "feedback/_comparison.html", _compared(request, found))
    classes = groupby(found.classes, key=exercise_of)
    context = {
        "classes": [(exercise.capitalize(), list(codes)) for exercise, codes in classes],
        "figures": release_figures(found.metrics),
        "may_choose": may_choose_release(request.user),
        "before": release_before(found) if found.is_active else None,
        **_compared(request, found),
    }
    return render(request, "feedback/release.html", context)


def _compared(request: SignedInRequest, release: ModelRelease) -> dict[str, Any]:
    active = active_release()
    compared = comparison(request.user, release, active) if active and active != release else None
    administers = administered_clinics(request.user).exists()
    return {"release": release, "comparison": compared, "administers": administers}


@require_POST
def activate(request: SignedInRequest, name: str) -> HttpResponse:
    found = _release_for(request, name)
    if services.activate_release(release=found, user=request.user):
        messages.success(request, _("%(name)s analyses new recordings from now on.") % {"name": found.name})
    return redirect("release", found.name)


@require_POST
def compare(request: SignedInRequest, name: str) -> HttpResponse:
    found, active = _release_for(request, name), active_release()
    if active is not None:
        asked = services.request_comparison(user=request.user, release=found, active=active)
        _tell(request, asked)
    return redirect("release", found.name)


@require_POST
def again(request: SignedInRequest, name: str) -> HttpResponse:
    found = _release_for(request, name)
    _tell(request, services.analyse_clinic_again(user=request.user, release=found))
    return redirect("release", found.name)


@require_POST
def patient_again(request: SignedInRequest, patient_uuid: UUID) -> HttpResponse:
    patient, _access = get_patient(request.user, patient_uuid)
    _tell(request, services.analyse_patient_again(user=request.user, patient=patient))
    return redirect("patient", patient.uuid)


def _tell(request: SignedInRequest, asked: Asked) -> None:
    """Say what was queued, and what has to be asked for again."""
    if not asked.queued and not asked.left:
        messages.info(request, _("This release has analysed all of these recordings already."))
        return
    text = ngettext(
        "%(n)d recording will be analysed again, after all new ones.",
        "%(n)d recordings will be analysed again, after all new ones.",
        asked.queued,
    ) % {"n": asked.queued}
    if asked.left:
        text += " " + _("For %(n)d more there is no room yet: ask again once these are done.") % {
            "n": asked.left
        }
    messages.success(request, text)
