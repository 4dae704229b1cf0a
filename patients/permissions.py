"""Who may see or change what. Every page, API view and service asks here, and nowhere else."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, NoReturn
from uuid import UUID

from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce
from django.http import Http404

from patients.models import AccessLogEntry, CareAssignment, Clinic, Membership, Patient, User
from patients.subject import patient_of

if TYPE_CHECKING:
    AnyUser = User | AnonymousUser

Action, Ground = AccessLogEntry.Action, AccessLogEntry.Ground


@dataclass(frozen=True)
class Access:
    """What one person may do for one patient. Being able to read is what having an `Access` means."""

    may_upload: bool
    may_review: bool
    may_prescribe: bool
    is_own: bool = False


#: By the level of the care assignment.
_CARE_ACCESS = {
    CareAssignment.Level.LEAD: Access(may_upload=True, may_review=True, may_prescribe=True),
    CareAssignment.Level.COLLEAGUE: Access(may_upload=True, may_review=True, may_prescribe=False),
    CareAssignment.Level.READER: Access(may_upload=False, may_review=False, may_prescribe=False),
}
_OWN_ACCESS = Access(may_upload=True, may_review=False, may_prescribe=False, is_own=True)
_ADMIN_ACCESS = Access(may_upload=False, may_review=False, may_prescribe=False)


def signed_in(user: "AnyUser") -> User:
    """Return the account of a signed-in person; refuse a visitor."""
    if not isinstance(user, User):
        raise PermissionDenied
    return user


def active_memberships(user: "AnyUser") -> QuerySet[Membership]:
    """Return the clinics that a person works for at present; empty for patients and visitors."""
    if not user.is_authenticated or not user.is_active:
        return Membership.objects.none()
    return Membership.objects.filter(user=user, is_active=True)


def clinics_of(user: "AnyUser") -> QuerySet[Clinic]:
    """Return the clinics that a person works for, by name. One query."""
    return Clinic.objects.filter(memberships__in=active_memberships(user)).order_by("name", "pk")


def is_clinician(user: "AnyUser") -> bool:
    """Tell whether a person works for any clinic. One query."""
    return active_memberships(user).exists()


def visible_patients(user: "AnyUser") -> QuerySet[Patient]:
    """Return the patients of whom a person may read anything at all.

    Their own record, patients assigned to them, and for a clinic's admin every patient of that clinic.
    A staff or superuser account opens nothing here.
    """
    if not user.is_authenticated or not user.is_active:
        return Patient.objects.none()
    memberships = active_memberships(user)
    assigned = CareAssignment.objects.filter(
        patient=OuterRef("pk"), membership__in=memberships, membership__clinic=OuterRef("clinic")
    )
    administered = memberships.filter(role=Membership.Role.ADMIN, clinic=OuterRef("clinic"))
    return Patient.objects.filter(Q(user=user) | Q(Exists(assigned)) | Q(Exists(administered)))


def reviewable_patients(user: "AnyUser") -> QuerySet[Patient]:
    """Return the patients whose sessions a person may review: those assigned to them above reading only."""
    levels = [level for level, access in _CARE_ACCESS.items() if access.may_review]
    assigned = CareAssignment.objects.filter(
        patient=OuterRef("pk"),
        membership__in=active_memberships(user),
        membership__clinic=OuterRef("clinic"),
        level__in=levels,
    )
    own = Q(user__isnull=False, user_id=user.pk or 0)
    return Patient.objects.filter(Exists(assigned)).exclude(own)


def access_to(user: "AnyUser", patient: Patient) -> Access | None:
    """Return what a person may do for a patient; None for a stranger. At most two queries."""
    if not user.is_authenticated or not user.is_active:
        return None
    if patient.user_id == user.pk:
        return _OWN_ACCESS
    membership = active_memberships(user).filter(clinic=patient.clinic_id).first()
    if membership is None:
        return None
    assignment = CareAssignment.objects.filter(patient=patient, membership=membership).first()
    if assignment is not None:
        return _CARE_ACCESS[CareAssignment.Level(assignment.level)]
    return _ADMIN_ACCESS if membership.role == Membership.Role.ADMIN else None


def get_patient(user: "AnyUser", patient_uuid: UUID) -> tuple[Patient, Access]:
    """Return a patient and what the person may do for them; 404 for a stranger, as for no patient."""
    patient = visible_patients(user).select_related("clinic").filter(uuid=patient_uuid).first()
    access = access_to(user, patient) if patient else None
    if patient is None or access is None:
        note_refused(user, patient_uuid)
        raise Http404
    return patient, access


def require(user: "AnyUser", patient: Patient, permission: str) -> None:
    """Raise 404 for a stranger and 403 for a reader without the named permission (`may_review`, ...)."""
    access = access_to(user, patient)
    if access is None:
        raise Http404
    if not getattr(access, permission):
        _refuse(user, patient)


def _refuse(user: "AnyUser", patient: Patient) -> NoReturn:
    """Answer 403, and note it."""
    log_access(user, patient, Action.REFUSED, "patient", patient.uuid)
    raise PermissionDenied


def require_membership(user: "AnyUser", clinic: Clinic) -> Membership:
    """Return the person's place in a clinic; 404 for one who does not work there. One query."""
    membership = active_memberships(user).filter(clinic=clinic).first()
    if membership is None:
        raise Http404
    return membership


def require_care_team(user: "AnyUser", patient: Patient) -> None:
    """Raise 404 or 403 unless the person may say who cares for a patient: the lead, or the clinic's admin."""
    if not may_administer(user, patient):
        require(user, patient, "may_prescribe")


def may_take_everything(user: "AnyUser", patient: Patient) -> bool:
    """Tell whether a person may take out all of a patient: themself, the lead, the clinic's admin."""
    access = access_to(user, patient)
    may = access is not None and (access.is_own or access.may_prescribe)
    return may or may_administer(user, patient)


def require_everything(user: "AnyUser", patient: Patient) -> None:
    """Raise 404 or 403 unless the person may take out all of a patient."""
    if not may_take_everything(user, patient):
        get_patient(user, patient.uuid)
        _refuse(user, patient)


def may_administer(user: "AnyUser", patient: Patient) -> bool:
    """Tell whether a person may erase a patient, or forbid it: the clinic's admin. One query."""
    return administered_clinics(user).filter(pk=patient.clinic_id).exists()


def require_administration(user: "AnyUser", patient: Patient) -> None:
    """Raise 404 or 403 unless the person may erase a patient, or forbid it."""
    if not may_administer(user, patient):
        get_patient(user, patient.uuid)
        _refuse(user, patient)


def administered_clinics(user: "AnyUser") -> QuerySet[Clinic]:
    """Return the clinics where a person may add patients and assign clinicians."""
    return Clinic.objects.filter(memberships__in=active_memberships(user).filter(role=Membership.Role.ADMIN))


def may_choose_release(user: "AnyUser") -> bool:
    """Tell whether a person may choose the model release that the whole site uses. At most one query.

    Needs both: the trust of the clinic (its admin) and of whoever runs the site (a staff account). Neither
    alone is enough, and a superuser who works for no clinic may not.
    """
    return bool(
        user.is_authenticated and user.is_active and user.is_staff and administered_clinics(user).exists()
    )


def require_release_choice(user: "AnyUser") -> User:
    """Return the person, who may choose the release; 403 for everybody else."""
    if not may_choose_release(user):
        raise PermissionDenied
    return signed_in(user)


def require_administered_clinics(user: "AnyUser") -> QuerySet[Clinic]:
    """Return the clinics that a person administers; 403 for who administers none. One query."""
    clinics = administered_clinics(user)
    if not clinics.exists():
        raise PermissionDenied
    return clinics


def _ground(user: User, patient: Patient) -> Value | Coalesce:
    """Why a person may read a patient, as the database says it while an entry is written."""
    if patient.user_id == user.pk:
        return Value(Ground.OWN)
    membership = active_memberships(user).filter(clinic=patient.clinic_id)
    care = CareAssignment.objects.filter(patient=patient.pk, membership__in=membership)
    admin = membership.filter(role=Membership.Role.ADMIN).annotate(ground=Value(Ground.ADMIN))
    return Coalesce(
        Subquery(care.values("level")[:1]), Subquery(admin.values("ground")[:1]), Value(Ground.NONE)
    )


def _entry(user: User, patient: Patient, action: str, subject: str, subject_uuid: UUID) -> AccessLogEntry:
    return AccessLogEntry(
        user=user,
        patient_id=patient.pk,
        ground=_ground(user, patient),  # an expression, which the database computes
        action=action,
        subject=subject,
        subject_uuid=subject_uuid,
    )


def log_access(user: "AnyUser", patient: Patient, action: str, subject: str, subject_uuid: UUID) -> None:
    """Write one line of the access log. One query."""
    _entry(signed_in(user), patient, action, subject, subject_uuid).save()


def log_listing(user: "AnyUser", patients: Iterable[Patient], subject: str) -> None:
    """Write one line of the access log for each patient of whom a list showed something. One query."""
    person, different = signed_in(user), {patient.pk: patient for patient in patients}.values()
    AccessLogEntry.objects.bulk_create(
        _entry(person, patient, Action.READ, f"{subject} list", patient.uuid) for patient in different
    )


def note_refused(user: "AnyUser", thing_uuid: UUID) -> None:
    """Write in the access log that a person asked for something that is not there, or not for them.

    Both cost the same queries, so that the time it takes does not tell which. Of what is not there the id is
    not kept: it may be that of an erased patient.
    """
    person, patient = signed_in(user), patient_of(thing_uuid)
    if patient is None:
        AccessLogEntry.objects.create(user=person, action=Action.REFUSED, subject="nothing")
    else:
        _entry(person, patient, Action.REFUSED, "something", thing_uuid).save()


def was_refused_since(user: "AnyUser", moment: datetime) -> bool:
    """Tell whether the access log has a refusal of a person since a moment. One query."""
    return AccessLogEntry.objects.filter(user=user.pk, action=Action.REFUSED, at__gte=moment).exists()
