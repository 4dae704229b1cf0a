"""What happened beside the sessions of a history: prescriptions and releases that changed."""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from itertools import pairwise
from typing import NamedTuple

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from feedback.grouping import Unit, first_day
from feedback.measured import Measured
from patients.models import Prescription


class Mark(NamedTuple):
    """A thing that happened: on which day, in words, and where between the bars."""

    day: date
    text: str
    x: float


def marks(
    prescriptions: Iterable[Prescription], repetitions: Sequence[Measured], exercise: str, unit: Unit,
    days: Sequence[date],
) -> list[Mark]:  # fmt: skip
    """Return what happened while the units that begin on `days` were done, oldest first."""
    if not days:
        return []
    told = [*_prescribed(prescriptions, exercise), *_released(repetitions, exercise)]
    # What lies before the first unit was so all along; what lies after the last has no bar to stand at.
    return [
        Mark(day, f"{date_format(day, 'j M Y')}: {words}", bisect_left(days, first_day(unit, day)) - 0.5)
        for day, words in sorted(told)
        if days[0] < day <= _end(unit, days)
    ]


def _end(unit: Unit, days: Sequence[date]) -> date:
    return days[-1] if unit == Unit.SESSION else days[-1] + timedelta(days=31 if unit == Unit.MONTH else 6)


def _prescribed(prescriptions: Iterable[Prescription], exercise: str) -> list[tuple[date, str]]:
    told = []
    for one in prescriptions:
        if one.exercise != exercise:
            continue
        dose = ngettext(
            "{sets} × {n}, {days} day a week", "{sets} × {n}, {days} days a week", one.days_a_week
        )
        told.append((one.starts_on, dose.format(sets=one.sets, n=one.repetitions, days=one.days_a_week)))
        if one.ends_on:
            told.append((one.ends_on + timedelta(days=1), _("prescription ended")))
    return told


def _released(repetitions: Sequence[Measured], exercise: str) -> list[tuple[date, str]]:
    inside = [one for one in repetitions if one.exercise == exercise]
    return [
        (after.day, _("release {name}").format(name=after.release))
        for before, after in pairwise(inside)
        if before.release != after.release
    ]
