"""The page on which a person confirms or corrects how their recording was read."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from feedback import services
from feedback.reading_words import fact_rows, reading_sentence
from feedback.stick_figure import figure_of
from feedback.upload_views import sentence_for
from patients.forms import ReadingForm
from patients.models import AccessLogEntry, Recording
from patients.permissions import log_access, require
from patients.requests import SignedInRequest
from patients.selectors import recording_for
from patients.uploads import UploadError


def reading(request: SignedInRequest, recording_uuid: UUID) -> HttpResponse:
    found, access = recording_for(request.user, recording_uuid)
    require(request.user, found.patient, "may_upload")
    form = ReadingForm(request.POST if "correct" in request.POST else None, recording=found)
    if request.method == "POST" and (not form.is_bound or form.is_valid()):
        try:
            return _confirm(request, found, form)
        except UploadError as error:
            form.add_error(None, sentence_for(error.code, access))
    log_access(request.user, found.patient, AccessLogEntry.Action.READ, "recording", found.uuid)
    context = {"form": form, "recording": found, "patient": found.patient, "access": access}
    words = {"sentence": reading_sentence(found), "facts": fact_rows(found), "figure": figure_of(found)}
    return render(request, "feedback/reading.html", context | words, status=422 if form.errors else 200)


def _confirm(request: SignedInRequest, recording: Recording, form: ReadingForm) -> HttpResponse:
    said = form.said() if form.is_bound else {}
    if services.confirm_recording(user=request.user, recording=recording, **said):
        messages.success(request, _("The recording is read by what you say, and analysed anew."))
    return redirect("recording", recording.uuid)
