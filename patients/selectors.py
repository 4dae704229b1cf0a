"""Reads of recordings and of the access log, already narrowed to what the person may see."""

from typing import TYPE_CHECKING
from uuid import UUID

from django.db.models import Q, QuerySet
from django.http import Http404

from patients.models import AccessLogEntry, Patient, Recording, User
from patients.permissions import Access, access_to, visible_patients

if TYPE_CHECKING:
    from patients.permissions import AnyUser


def recordings_for(user: "AnyUser") -> QuerySet[Recording]:
    """Return the recordings that a person may read, newest first, each with its patient."""
    return Recording.objects.filter(patient__in=visible_patients(user)).select_related("patient")


def recording_for(user: "AnyUser", recording_uuid: UUID) -> tuple[Recording, Access]:
    """Return a recording and what the person may do for its patient; 404 for a stranger."""
    recording = recordings_for(user).filter(uuid=recording_uuid).first()
    access = access_to(user, recording.patient) if recording else None
    if recording is None or access is None:
        raise Http404
    return recording, access


def access_log_of(patient: Patient) -> QuerySet[AccessLogEntry]:
    """Return who read or changed what of a patient, newest first."""
    return AccessLogEntry.objects.filter(patient=patient)


def names_told(patient: Patient) -> dict[int, str]:
    """Return, by account, whom a patient's access log names: the patient, and whoever worked for the clinic.

    Anybody else is from elsewhere, and may be another patient. One query.
    """
    told = Q(memberships__clinic=patient.clinic_id) | Q(patient=patient)
    return {user.pk: str(user) for user in User.objects.filter(told)}
