"""Legal holds: while one stands, nobody erases the patient."""

from django.db import IntegrityError, transaction
from django.utils import timezone

from patients.models import AccessLogEntry, LegalHold, Patient, User
from patients.permissions import log_access, require_administration


def standing_hold(patient: Patient) -> LegalHold | None:
    """Return what forbids that the patient is erased; None if nothing does. One query."""
    return patient.legal_holds.filter(lifted_at=None).select_related("placed_by").first()


def place_hold(*, user: User, patient: Patient, reason: str) -> LegalHold:
    """Forbid that the patient is erased; the hold that stands is returned where there is one."""
    require_administration(user, patient)
    hold = LegalHold(patient=patient, reason=reason.strip(), placed_by=user)
    hold.full_clean(exclude=["patient"], validate_constraints=False)
    try:
        with transaction.atomic():
            hold.save()
            log_access(user, patient, AccessLogEntry.Action.CREATE, "legal_hold", patient.uuid)
    except IntegrityError:
        return LegalHold.objects.get(patient=patient, lifted_at=None)
    return hold


def lift_hold(*, user: User, patient: Patient) -> bool:
    """Allow again that the patient is erased; False if nothing forbade it."""
    require_administration(user, patient)
    with transaction.atomic():
        lifted = patient.legal_holds.filter(lifted_at=None).update(lifted_by=user, lifted_at=timezone.now())
        if lifted:
            log_access(user, patient, AccessLogEntry.Action.CHANGE, "legal_hold", patient.uuid)
    return bool(lifted)
