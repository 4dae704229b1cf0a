"""Plans of a clinic: which exercises it prescribes together. Reads are narrowed to the person's clinics."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404

from patients.models import Clinic, Patient, Plan, PlanItem, Prescription, User
from patients.permissions import active_memberships, require_membership
from patients.services import prescribe

if TYPE_CHECKING:
    from patients.permissions import AnyUser

#: What a plan and a prescription have in common.
_COMMON: Final = ("exercise", "sets", "repetitions", "days_a_week", "cue")


def plans_for(user: "AnyUser") -> QuerySet[Plan]:
    """Return the plans of the clinics that a person works for, each with its items. Two queries."""
    clinics = active_memberships(user).values("clinic")
    return Plan.objects.filter(clinic__in=clinics).select_related("clinic").prefetch_related("items")


def plan_for(user: "AnyUser", plan_uuid: UUID) -> Plan:
    """Return a plan of one of the person's clinics; 404 for any other."""
    plan = plans_for(user).filter(uuid=plan_uuid).first()
    if plan is None:
        raise Http404
    return plan


def suggested(plan: Plan, starts_on: date) -> list[dict[str, Any]]:
    """Return what a plan would prescribe from a day on, to be adjusted."""
    return [
        {name: getattr(item, name) for name in _COMMON}
        | {
            "starts_on": starts_on,
            "ends_on": starts_on + timedelta(days=7 * item.weeks - 1) if item.weeks else None,
        }
        for item in plan.items.all()
    ]


def prescribe_all(
    *, user: User, patient: Patient, wanted: Sequence[dict[str, Any]], plan_name: str = ""
) -> list[Prescription]:
    """Prescribe several exercises at once, all or none; with a name, keep them as a plan of the clinic."""
    with transaction.atomic():
        made = [prescribe(user=user, patient=patient, **values) for values in wanted]
        if plan_name.strip():
            save_plan(user=user, clinic=patient.clinic, name=plan_name.strip(), prescriptions=made)
    return made


def save_plan(*, user: User, clinic: Clinic, name: str, prescriptions: Sequence[Prescription]) -> Plan:
    """Keep what was prescribed as a plan; one of that name in the clinic is replaced."""
    require_membership(user, clinic)
    with transaction.atomic():
        plan, _created = Plan.objects.get_or_create(clinic=clinic, name=name)
        plan.items.all().delete()
        PlanItem.objects.bulk_create(
            PlanItem(
                plan=plan, weeks=_weeks(one), **{field: getattr(one, field) for field in _COMMON}
            )
            for one in prescriptions
        )  # fmt: skip
    return plan


def _weeks(prescription: Prescription) -> int | None:
    if prescription.ends_on is None:
        return None
    return max(1, round(((prescription.ends_on - prescription.starts_on).days + 1) / 7))


def delete_plan(*, user: User, plan: Plan) -> None:
    """Delete a plan of the person's clinic; what was prescribed by it stays."""
    require_membership(user, plan.clinic)
    plan.delete()
