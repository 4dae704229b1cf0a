"""Moving a recording that was given to the wrong patient, with all that is known of it, to the right one."""

from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from feedback import wording
from feedback.models import Analysis, ExerciseSession, Note, RecordingMove
from feedback.refusals import Refusal
from feedback.sessions import refresh_session
from patients.models import AccessLogEntry, Patient, Recording, User
from patients.permissions import log_access, require, reviewable_patients

if TYPE_CHECKING:
    from patients.permissions import AnyUser

MAX_REASON = 300


class MoveError(Refusal):
    """A recording cannot be moved."""

    SENTENCES = wording.MOVES


def move_recording(*, user: User, recording: Recording, to: Patient, reason: str) -> RecordingMove:
    """Give a recording to another patient of the clinic: its findings, verdicts and notes go with it.

    The user has to review both patients. The sessions of both are counted anew; one that holds nothing more
    is taken away.
    """
    require(user, recording.patient, "may_review")
    require(user, to, "may_review")
    reason = reason.strip()
    if not reason or len(reason) > MAX_REASON:
        raise MoveError("no_reason", most=MAX_REASON)
    with transaction.atomic():
        # Both in one order, so that two moves at once never wait for each other.
        both = Patient.objects.filter(pk__in=(recording.patient_id, to.pk)).order_by("pk")
        list(both.select_for_update(no_key=True))
        recording = Recording.objects.select_related("patient").get(pk=recording.pk)
        _check(user, recording, to)
        move = RecordingMove.objects.create(
            recording=recording, from_patient=recording.patient, to_patient=to, moved_by=user, reason=reason
        )
        for patient in (move.from_patient, to):
            log_access(user, patient, AccessLogEntry.Action.CHANGE, "recording move", recording.uuid)
        Recording.objects.filter(pk=recording.pk).update(patient=to)
        _regroup(recording, to)
    return move


def _check(user: User, recording: Recording, to: Patient) -> None:
    require(user, recording.patient, "may_review")  # it may have been moved a moment ago
    if to == recording.patient:
        raise MoveError("same_patient")
    if to.clinic_id != recording.patient.clinic_id:
        raise MoveError("other_clinic")
    if Recording.objects.filter(patient=to, sha256=recording.sha256).exists():
        raise MoveError("has_it_already")
    if recording.analyses.filter(status=Analysis.Status.RUNNING).exists():
        raise MoveError("being_analysed")


def _regroup(recording: Recording, to: Patient) -> None:
    """Put the recording's analyses into the patient's session of that day, and count all sessions anew."""
    left = list(ExerciseSession.objects.filter(analyses__recording=recording).distinct())
    session, _created = ExerciseSession.objects.get_or_create(
        patient=to, day=timezone.localdate(recording.recorded_at)
    )
    recording.analyses.update(session=session)
    Note.objects.filter(repetition__analysis__recording=recording).update(session=session)
    for one in left:
        refresh_session(session=one)
        if not one.analyses.exists() and not one.notes.exists():
            one.delete()
    refresh_session(session=session)


def targets_for(user: "AnyUser", recording: Recording) -> QuerySet[Patient]:
    """Return the patients to whom a person may move a recording, by name. One query."""
    of_clinic = reviewable_patients(user).filter(clinic=recording.patient.clinic_id)
    return of_clinic.exclude(pk=recording.patient_id).order_by("name", "pk")


def moves_of(patient: Patient) -> QuerySet[RecordingMove]:
    """Return the moves of recordings to and from a patient, newest first."""
    return RecordingMove.objects.filter(Q(from_patient=patient) | Q(to_patient=patient)).select_related(
        "recording", "moved_by"
    )
