"""Pages about people: new patients, original files, API keys."""

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import FileResponse, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from patients import services
from patients.downloads import original_file
from patients.forms import ApiKeyForm, PatientForm
from patients.keys import create_api_key, keys_for, revoke_api_key
from patients.permissions import is_clinician
from patients.requests import SignedInRequest


def patient_add(request: SignedInRequest) -> HttpResponse:
    if not is_clinician(request.user):
        raise PermissionDenied
    form = PatientForm(request.POST or None, user=request.user)
    if request.method == "POST" and form.is_valid():
        added = services.add_patient(user=request.user, **form.cleaned_data)
        messages.success(request, _("%(name)s was added.") % {"name": added.name})
        return redirect("patient", added.uuid)
    return render(request, "patients/patient_add.html", {"form": form}, status=_status(request))


def recording_file(request: SignedInRequest, recording_uuid: UUID) -> FileResponse:
    return original_file(request.user, recording_uuid)


def api_keys(request: SignedInRequest) -> HttpResponse:
    if not is_clinician(request.user):
        raise PermissionDenied
    keys = keys_for(request.user).select_related("user").order_by("-created_at")
    if "revoke" in request.POST:
        key = get_object_or_404(keys, prefix=request.POST["revoke"], revoked_at=None)
        revoke_api_key(user=request.user, key=key)
        return redirect("api_keys")
    form, secret = ApiKeyForm(request.POST or None), None
    if request.method == "POST" and form.is_valid():
        _key, secret = create_api_key(user=request.user, **form.cleaned_data)
        form = ApiKeyForm()
    context = {"form": form, "keys": keys, "secret": secret}
    return render(request, "patients/api_keys.html", context, status=422 if form.errors else 200)


def _status(request: SignedInRequest) -> int:
    """Return 422 for a form that comes back with errors."""
    return 422 if request.method == "POST" else 200
