"""The page that moves a recording from the wrong patient to the right one."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from feedback.forms import MoveForm
from feedback.moves import MoveError, move_recording, targets_for
from patients.permissions import require
from patients.requests import SignedInRequest
from patients.selectors import recording_for


def move(request: SignedInRequest, recording_uuid: UUID) -> HttpResponse:
    recording, _access = recording_for(request.user, recording_uuid)
    require(request.user, recording.patient, "may_review")
    form = MoveForm(request.POST or None, targets=targets_for(request.user, recording))
    if request.method == "POST" and form.is_valid():
        to, reason = form.cleaned_data["patient"], form.cleaned_data["reason"]
        try:
            move_recording(user=request.user, recording=recording, to=to, reason=reason)
        except MoveError as error:
            form.add_error("reason" if error.code == "no_reason" else "patient", error.message)
        else:
            messages.success(request, _("The recording is now %(name)s's.") % {"name": to.name})
            return redirect("recording", recording.uuid)
    context = {"form": form, "recording": recording, "patient": recording.patient}
    status = 422 if request.method == "POST" else 200
    return render(request, "feedback/move_recording.html", context, status=status)
