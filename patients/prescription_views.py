"""Pages of prescriptions: choose a plan or begin empty, adjust, prescribe; end one; the clinic's plans."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from patients import services
from patients.forms import PlanNameForm, PrescriptionFormSet
from patients.models import Patient, Prescription
from patients.permissions import get_patient, is_clinician, require, visible_patients
from patients.plans import delete_plan, plan_for, plans_for, prescribe_all, suggested
from patients.requests import SignedInRequest


def prescribe(request: SignedInRequest, patient_uuid: UUID) -> HttpResponse:
    """Prescribe exercises; `?plan=` fills the form with what a plan of the clinic has."""
    patient, _access = get_patient(request.user, patient_uuid)
    require(request.user, patient, "may_prescribe")
    forms = PrescriptionFormSet(request.POST or None, initial=_initial(request), prefix="rx")
    name = PlanNameForm(request.POST or None)
    if request.method == "POST" and forms.is_valid() and name.is_valid():
        wanted = [form.cleaned_data for form in forms if form.cleaned_data]
        made = prescribe_all(user=request.user, patient=patient, wanted=wanted, **name.cleaned_data)
        saved = ngettext("The prescription was saved.", "%(n)d prescriptions were saved.", len(made))
        messages.success(request, saved % {"n": len(made)})
        return redirect("patient", patient.uuid)
    context = {"forms": forms, "name": name, "patient": patient, **_plans(request, patient)}
    status = 422 if request.method == "POST" else 200
    return render(request, "patients/prescribe.html", context, status=status)


def _plans(request: SignedInRequest, patient: Patient) -> dict[str, Any]:
    return {
        "plans": plans_for(request.user).filter(clinic=patient.clinic),
        "chosen": request.GET.get("plan", ""),
    }


def _initial(request: SignedInRequest) -> list[dict[str, Any]]:
    asked = request.GET.get("plan", "")
    if not asked:
        return []
    try:
        return suggested(plan_for(request.user, UUID(asked)), timezone.localdate())
    except ValueError as error:
        raise Http404 from error


@require_POST
def end(request: SignedInRequest, prescription_uuid: UUID) -> HttpResponse:
    seen = Prescription.objects.filter(patient__in=visible_patients(request.user))
    found = get_object_or_404(seen.select_related("patient"), uuid=prescription_uuid)
    services.end_prescription(user=request.user, prescription=found)
    messages.success(request, _("The prescription ends today."))
    return redirect("patient", found.patient.uuid)


def plans(request: SignedInRequest) -> HttpResponse:
    """List the plans of the person's clinics, and delete the one that is named."""
    if not is_clinician(request.user):
        raise PermissionDenied
    if request.method == "POST":
        try:
            plan = plan_for(request.user, UUID(request.POST.get("delete", "")))
        except ValueError as error:
            raise Http404 from error
        delete_plan(user=request.user, plan=plan)
        messages.success(request, _("The plan was deleted. What was prescribed by it stays."))
        return redirect("plans")
    return render(request, "patients/plans.html", {"plans": plans_for(request.user)})
