"""Which patients have been kept for as long as their clinic keeps records, and erasing them."""

import datetime
from typing import NamedTuple

from django.db.models import Max
from django.utils import timezone

from patients.models import Clinic, Patient


class Overdue(NamedTuple):
    """A patient of whom nothing has come for longer than their clinic keeps records."""

    patient: Patient
    last: datetime.date
    is_held: bool


def overdue(today: datetime.date | None = None) -> list[Overdue]:
    """Return the patients whose time is over, oldest first; those under a legal hold are marked.

    A patient's time begins with the last of: being added, a recording, the end of a prescription (one
    without an end counts from its start).
    """
    today = today or timezone.localdate()
    found = []
    for clinic in Clinic.objects.exclude(retention_months=None):
        before = _months_before(today, clinic.retention_months or 0)
        patients = clinic.patients.select_related("clinic").annotate(
            last_recording=Max("recordings__created_at"),
            last_start=Max("prescriptions__starts_on"),
            last_end=Max("prescriptions__ends_on"),
        )
        for patient in patients:
            last = _last_day(patient)
            if last < before:
                held = patient.legal_holds.filter(lifted_at=None).exists()
                found.append(Overdue(patient, last, held))
    return sorted(found, key=lambda one: (one.last, one.patient.pk))


def _last_day(patient: Patient) -> datetime.date:
    times = [patient.created_at, patient.last_recording]  # type: ignore[attr-defined]
    days = [patient.last_start, patient.last_end]  # type: ignore[attr-defined]
    return max([*(timezone.localdate(time) for time in times if time), *(day for day in days if day)])


def _months_before(day: datetime.date, months: int) -> datetime.date:
    """The same day so many months before, or the last one of a shorter month."""
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    for number in range(day.day, 0, -1):
        try:
            return datetime.date(year, month + 1, number)
        except ValueError:
            continue
    raise AssertionError
