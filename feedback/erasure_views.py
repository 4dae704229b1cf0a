"""Pages of a clinic's admin: erasing a patient, forbidding it, and the receipts."""

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from feedback.forms import EraseForm, HoldForm
from feedback.wording import for_clinician
from patients.erasure import ErasureError, erase_patient
from patients.holds import lift_hold, place_hold, standing_hold
from patients.models import ErasureReceipt
from patients.permissions import administered_clinics, get_patient, require_administration
from patients.requests import SignedInRequest
from patients.subject import counts_of


def erase(request: SignedInRequest, patient_uuid: UUID) -> HttpResponse:
    """Say what would be erased, and erase it for who types the patient's name."""
    patient, _access = get_patient(request.user, patient_uuid)
    require_administration(request.user, patient)
    form = EraseForm(request.POST or None, patient=patient)
    if request.method == "POST" and form.is_valid():
        try:
            erase_patient(patient=patient, reason=form.cleaned_data["reason"], user=request.user)
            messages.success(request, _("The patient was erased. The receipt is the first in this list."))
            return redirect("erasures")
        except ErasureError as error:
            form.add_error(None, for_clinician(error.code))
    context = {
        "patient": patient,
        "form": form,
        "hold": standing_hold(patient),
        "hold_form": HoldForm(),
        "rows": counts_of(patient),
    }
    return render(request, "feedback/erase.html", context, status=422 if form.errors else 200)


@require_POST
def hold(request: SignedInRequest, patient_uuid: UUID) -> HttpResponse:
    """Place a legal hold with a reason, or lift the one that stands."""
    patient, _access = get_patient(request.user, patient_uuid)
    require_administration(request.user, patient)
    form = HoldForm(request.POST)
    if "lift" in request.POST:
        lift_hold(user=request.user, patient=patient)
    elif form.is_valid():
        place_hold(user=request.user, patient=patient, reason=form.cleaned_data["reason"])
    else:
        messages.error(request, _("Say why the record must be kept."))
    return redirect("erase", patient.uuid)


@require_safe
def erasures(request: SignedInRequest) -> HttpResponse:
    clinics = administered_clinics(request.user)
    if not clinics.exists():
        raise PermissionDenied
    receipts = ErasureReceipt.objects.filter(clinic__in=clinics).select_related("clinic", "by")
    return render(request, "feedback/erasures.html", {"receipts": receipts[:200]})
