"""Writes of the patients app: people, prescriptions and recordings. Each asks the permissions first."""

import datetime
from functools import partial
from typing import BinaryIO

from django.core.files import File
from django.db import IntegrityError, transaction
from django.http import Http404
from django.utils import timezone

from patients.files import store_whole
from patients.models import (
    AccessLogEntry,
    CareAssignment,
    Clinic,
    Exercise,
    Membership,
    Patient,
    Prescription,
    Recording,
    User,
)
from patients.permissions import log_access, require, require_care_team, require_membership
from patients.signals import recording_received
from patients.uploads import UploadError, inspect

Action = AccessLogEntry.Action

#: How far a recording's time may lie in the future, for clocks that run ahead.
CLOCK_TOLERANCE = datetime.timedelta(minutes=10)


def add_patient(
    *,
    user: User,
    clinic: Clinic,
    name: str,
    birth_year: int | None = None,
    complaint: str = "",
    account: User | None = None,
    is_simulated: bool = False,
) -> Patient:
    """Add a patient to a clinic where the user works; a clinician becomes the lead, an admin does not."""
    membership = require_membership(user, clinic)
    patient = Patient(
        clinic=clinic,
        name=name.strip(),
        birth_year=birth_year,
        complaint=complaint.strip(),
        user=account,
        is_simulated=is_simulated,
    )
    patient.full_clean()
    with transaction.atomic():
        patient.save()
        if membership.role == Membership.Role.CLINICIAN:
            CareAssignment.objects.create(
                patient=patient, membership=membership, level=CareAssignment.Level.LEAD
            )
        log_access(user, patient, Action.CREATE, "patient", patient.uuid)
    return patient


def assign_clinician(
    *, user: User, patient: Patient, membership: Membership, level: CareAssignment.Level
) -> CareAssignment:
    """Set what a member of the patient's clinic may do for the patient; a former lead becomes a colleague."""
    require_care_team(user, patient)
    if membership.clinic_id != patient.clinic_id or not membership.is_active:
        raise Http404
    with transaction.atomic():
        Patient.objects.select_for_update(no_key=True).get(pk=patient.pk)
        if level == CareAssignment.Level.LEAD:
            patient.care_assignments.filter(level=CareAssignment.Level.LEAD).exclude(
                membership=membership
            ).update(level=CareAssignment.Level.COLLEAGUE)
        assignment, _created = CareAssignment.objects.update_or_create(
            patient=patient, membership=membership, defaults={"level": level}
        )
        log_access(user, patient, Action.CHANGE, "care_assignment", patient.uuid)
    return assignment


def prescribe(
    *,
    user: User,
    patient: Patient,
    exercise: str,
    sets: int,
    repetitions: int,
    days_a_week: int,
    cue: str = "",
    starts_on: datetime.date | None = None,
    ends_on: datetime.date | None = None,
) -> Prescription:
    """Prescribe an exercise; raises Django's `ValidationError` for values out of range."""
    require(user, patient, "may_prescribe")
    prescription = Prescription(
        patient=patient,
        exercise=exercise,
        sets=sets,
        repetitions=repetitions,
        days_a_week=days_a_week,
        cue=cue.strip(),
        starts_on=starts_on or timezone.localdate(),
        ends_on=ends_on,
        prescribed_by=user,
    )
    prescription.full_clean()
    with transaction.atomic():
        prescription.save()
        log_access(user, patient, Action.CREATE, "prescription", prescription.uuid)
    return prescription


def end_prescription(*, user: User, prescription: Prescription) -> None:
    """Let a prescription end today; one that has not begun ends on its first day."""
    require(user, prescription.patient, "may_prescribe")
    last = max(timezone.localdate(), prescription.starts_on)
    if prescription.ends_on is not None and prescription.ends_on <= last:
        return
    with transaction.atomic():
        Prescription.objects.filter(pk=prescription.pk).update(ends_on=last)
        log_access(user, prescription.patient, Action.CHANGE, "prescription", prescription.uuid)


def receive_recording(
    *,
    patient: Patient,
    user: User,
    file: BinaryIO,
    name: str,
    exercise: str = "",
    pain: int | None = None,
    recorded_at: datetime.datetime | None = None,
    is_simulated: bool = False,
) -> tuple[Recording, bool]:
    """Check and keep an uploaded file; `recording_received` is sent after commit.

    Returns the recording and whether it is new: a file that the patient already has is not kept twice.
    Raises `UploadError` for a file or a statement about it that cannot be used.
    """
    require(user, patient, "may_upload")
    recorded_at = recorded_at or timezone.now()
    _check_statements(exercise, pain, recorded_at)
    facts = inspect(file, name)
    if known := Recording.objects.filter(patient=patient, sha256=facts.sha256).first():
        return known, False
    recording = Recording(
        patient=patient,
        uploaded_by=user,
        exercise=exercise,
        pain=pain,
        recorded_at=recorded_at,
        is_simulated=is_simulated or facts.format == "simulated",
        **facts.columns(),
    )
    return _keep(recording, file)


def _keep(recording: Recording, file: BinaryIO) -> tuple[Recording, bool]:
    """Store the file, then the row in one transaction; no file stays behind without its row."""
    # The file comes first, so that the database's write lock is not held while it is written.
    store_whole(recording.file, File(file))
    kept = False
    try:
        with transaction.atomic():
            recording.save()
            log_access(recording.uploaded_by, recording.patient, Action.CREATE, "recording", recording.uuid)
            transaction.on_commit(partial(recording_received.send, Recording, recording=recording))
        kept = True
    except IntegrityError:
        # The same file arrived twice at the same moment: the other one was first.
        known = Recording.objects.filter(patient=recording.patient, sha256=recording.sha256).first()
        if known is None:
            raise
        return known, False
    finally:
        if not kept:
            recording.file.storage.delete(str(recording.file.name))
    return recording, True


def _check_statements(exercise: str, pain: int | None, recorded_at: datetime.datetime) -> None:
    if exercise and exercise not in Exercise.values:
        raise UploadError("bad_exercise", f"The exercise must be one of: {', '.join(Exercise.values)}.")
    if pain is not None and not 0 <= pain <= 10:
        raise UploadError("bad_pain", "Pain must be a whole number from 0 to 10.")
    if recorded_at > timezone.now() + CLOCK_TOLERANCE:
        raise UploadError("bad_date", "The time of the recording lies in the future.")
