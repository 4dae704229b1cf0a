"""Pages on which a recording comes in, and on which it is followed until its result is there."""

from datetime import date, datetime, time
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from feedback import services
from feedback.models import Analysis
from feedback.selectors import analysis_for, analysis_status, current_analyses
from feedback.wording import for_clinician, for_patient
from ml.poses.errors import PoseFormatError
from patients.forms import UploadForm
from patients.models import AccessLogEntry, Patient
from patients.permissions import Access, get_patient, log_access, require
from patients.requests import SignedInRequest
from patients.selectors import recording_for
from patients.services import receive_recording
from patients.uploads import UploadError

#: Failures that do not lie in the recording: the same file may succeed next time.
RETRY_HELPS = ("file_missing", "release_unusable", "worker_lost", "internal_error", "cancelled")


def upload(request: SignedInRequest, patient_uuid: UUID) -> HttpResponse:
    patient, access = get_patient(request.user, patient_uuid)
    require(request.user, patient, "may_upload")
    return _upload(request, patient, access)


def my_upload(request: SignedInRequest) -> HttpResponse:
    own = Patient.objects.filter(user=request.user).values_list("uuid", flat=True).first()
    if own is None:
        raise Http404
    return _upload(request, *get_patient(request.user, own))


def _upload(request: SignedInRequest, patient: Patient, access: Access) -> HttpResponse:
    initial = {"exercise": request.GET.get("exercise", "")}
    form = UploadForm(request.POST or None, request.FILES or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            return _receive(request, patient, form.cleaned_data)
        except UploadError as error:
            form.add_error("file", sentence_for(error.code, access))
            # Clinicians also read what the reader saw in this very file.
            if not access.is_own and error.code in PoseFormatError.CODES:
                form.add_error("file", error.message)
    context = {
        "form": form,
        "patient": patient,
        "access": access,
        "limit_mb": settings.MAX_UPLOAD_BYTES >> 20,
        "limit_minutes": round(settings.RECORDING_LIMITS.seconds / 60),
        "limit_frames": settings.RECORDING_LIMITS.frames,
        "limit_people": settings.RECORDING_LIMITS.people,
    }
    return render(request, "feedback/upload.html", context, status=422 if form.errors else 200)


def _receive(request: SignedInRequest, patient: Patient, data: dict[str, Any]) -> HttpResponse:
    recording, created = receive_recording(
        patient=patient,
        user=request.user,
        file=data["file"],
        name=data["file"].name,
        exercise=data["exercise"],
        pain=data["pain"],
        recorded_at=_moment(data["recorded_on"]),
    )
    if not created:
        messages.info(request, _("This file was uploaded before. Here is its recording."))
    return redirect("reading" if recording.asks else "recording", recording.uuid)


def _moment(day: date | None) -> datetime | None:
    """Return noon of a day in the past; None, which is now, for today."""
    if day is None or day == timezone.localdate():
        return None
    return timezone.make_aware(datetime.combine(day, time(12)))


def recording(request: SignedInRequest, recording_uuid: UUID) -> HttpResponse:
    """Show how far the analysis is. `?part=status` gives the part that changes, for the page to poll."""
    found, access = recording_for(request.user, recording_uuid)
    analysis = current_analyses().filter(recording=found).select_related("session", "release").first()
    if request.method == "POST" and analysis:
        services.retry(user=request.user, analysis=analysis)
        return redirect("recording", found.uuid)
    context = {
        "recording": found,
        "patient": found.patient,
        "access": access,
        "analysis": analysis,
        **(_progress(analysis, access) if analysis else {}),
    }
    if request.GET.get("part") == "status":
        return render(request, "feedback/_status.html", context)
    log_access(request.user, found.patient, AccessLogEntry.Action.READ, "recording", found.uuid)
    return render(request, "feedback/recording.html", context | {"seconds": found.frames / found.frame_rate})


@require_POST
def cancel(request: SignedInRequest, analysis_uuid: UUID) -> HttpResponse:
    analysis, _access = analysis_for(request.user, analysis_uuid)
    services.cancel(user=request.user, analysis=analysis)
    return redirect("recording", analysis.recording.uuid)


def _progress(analysis: Analysis, access: Access) -> dict[str, Any]:
    status = analysis_status(analysis)
    error = sentence_for(status.error_code, access) if status.error_code else ""
    return {
        "status": status,
        "steps": _steps(analysis),
        "wait": _wait(status.expected_wait_seconds),
        "error": error,
        "may_retry": access.may_upload and analysis.error_code in RETRY_HELPS,
    }


def _steps(analysis: Analysis) -> list[tuple[str, str]]:
    """Return each step's name and its state: done, now, failed or nothing."""
    names = [_("Received"), _("Read"), _("Repetitions found"), _("Mistakes and correction"), _("Ready")]
    if analysis.status == Analysis.Status.DONE:
        return [(name, "done") for name in names]
    if analysis.status == Analysis.Status.CANCELLED:
        return list(zip(names, ["done", "", "", "", ""], strict=True))
    reached = max(1, list(Analysis.Step).index(Analysis.Step(analysis.step)))
    at = min(reached, len(names) - 1)
    here = "now" if analysis.status == Analysis.Status.RUNNING else ""
    states = ["done"] * at + [here if analysis.is_open else "failed"] + [""] * len(names)
    return list(zip(names, states, strict=False))


def sentence_for(code: str, access: Access) -> str:
    """Return what a person with this access reads for a code."""
    return for_patient(code) if access.is_own else for_clinician(code)


def _wait(seconds: int | None) -> str:
    """Say a wait in words."""
    if seconds is None:
        return ""
    if seconds < 55:
        return _("less than a minute")
    minutes = round(seconds / 60)
    return ngettext("about %(n)d minute", "about %(n)d minutes", minutes) % {"n": minutes}
