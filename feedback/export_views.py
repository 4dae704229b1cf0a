"""Pages and downloads of exports: a repetition, a session, and a patient whose export a worker makes."""

from uuid import UUID

from django.http import FileResponse, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from feedback.exports import answers
from feedback.exports.content import Choice
from feedback.exports.queue import request_export
from feedback.forms import ExportForm
from feedback.models import Export
from patients.permissions import get_patient, may_administer, may_take_everything
from patients.requests import SignedInRequest

#: What is taken out with everything: motions that exfb reads again.
EVERYTHING = Choice(("exfb_json",))


@require_safe
def repetition(request: SignedInRequest, repetition_uuid: UUID) -> FileResponse:
    return answers.repetition_export(request.user, repetition_uuid, _chosen(request))


@require_safe
def session(request: SignedInRequest, session_uuid: UUID) -> FileResponse:
    return answers.session_export(request.user, session_uuid, _chosen(request))


def _chosen(request: SignedInRequest) -> Choice:
    """What the menu sent; the tables alone where an address was made by hand and cannot be."""
    return ExportForm(request.GET).choice or Choice()


def patient_export(request: SignedInRequest, patient_uuid: UUID) -> HttpResponse:
    """Ask for an export of a patient and follow it; `?part=status` gives the part that changes."""
    patient, access = get_patient(request.user, patient_uuid)
    everything = request.POST.get("content") == Export.Content.EVERYTHING
    form = ExportForm(None if everything else request.POST or None)
    if request.method == "POST" and (choice := EVERYTHING if everything else form.choice):
        content = Export.Content.EVERYTHING if everything else Export.Content.MOTIONS
        request_export(user=request.user, patient=patient, content=content, choice=choice)
        return redirect("patient_export", patient.uuid)
    exports = list(Export.objects.filter(patient=patient, requested_by=request.user))
    context = {
        "patient": patient,
        "access": access,
        "form": form,
        "exports": exports,
        "open": next((export for export in exports if export.is_open), None),
        "may_take_everything": may_take_everything(request.user, patient),
        "may_erase": may_administer(request.user, patient),
    }
    part = request.GET.get("part") == "status"
    return render(request, "feedback/_exports.html" if part else "feedback/patient_export.html", context)


@require_safe
def export_file(request: SignedInRequest, export_uuid: UUID) -> FileResponse:
    return answers.export_file(request.user, export_uuid)
