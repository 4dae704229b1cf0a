"""What was measured of a patient's repetitions over time: by session, week or month, and in two periods."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from statistics import median, quantiles
from typing import NamedTuple

from django.utils.formats import number_format

from feedback.body_words import MEASURE_NAMES, UNITS
from feedback.grouping import Unit, first_day
from feedback.models import ExerciseSession, Verdict
from feedback.periods import Period
from feedback.selectors import current_analyses, judged_repetitions
from ml.measures import MEASURES, MeasureDefinition
from patients.models import Patient


class Measured(NamedTuple):
    """One repetition: when it was done, what was measured, whether it was reviewed, by which release."""

    day: date
    exercise: str
    measures: dict[str, float]
    is_reviewed: bool
    release: str


def measured_repetitions(patient: Patient) -> list[Measured]:
    """Return a patient's repetitions, oldest first, without what a clinician called none. One query.

    The caller has checked that the person may read the patient.
    """
    analyses = current_analyses().filter(recording__patient=patient).order_by().values("pk")
    rows = (
        judged_repetitions()
        .filter(analysis__in=analyses)
        .order_by("analysis__session__day", "pk")
        .values_list(  # type: ignore[misc]
            "analysis__session__day",
            "exercise",
            "measures",
            "verdict_decision",
            "analysis__release__name",
        )
    )
    return [
        Measured(day, exercise, measures or {}, decision is not None, release)
        for day, exercise, measures, decision, release in rows
        if decision != Verdict.Decision.NOT_A_REPETITION
    ]


def pains(patient: Patient) -> dict[date, int]:
    """Return the greatest pain that was stated on each day. One query."""
    sessions = ExerciseSession.objects.filter(patient=patient)
    found: dict[date, int] = {}
    for day, pain in sessions.values_list("day", "analyses__recording__pain"):
        if pain is not None:
            found[day] = max(pain, found.get(day, 0))
    return found


@dataclass(frozen=True)
class Spread:
    """The middle of some values, where the middle half of them lies, and how many they are."""

    middle: float
    low: float
    high: float
    n: int

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread | None":
        """None of no values; of one, it is all three."""
        if not values:
            return None
        if len(values) == 1:
            return cls(values[0], values[0], values[0], 1)
        low, _middle, high = quantiles(values, n=4, method="inclusive")
        return cls(median(values), low, high, len(values))


@dataclass(frozen=True)
class MeasureSeries:
    """One measure over the units of a history; None where nothing was measured."""

    definition: MeasureDefinition
    spreads: tuple[Spread | None, ...]
    #: Whether every repetition of the unit has a verdict.
    reviewed: tuple[bool, ...]

    @property
    def name(self) -> str:
        return str(MEASURE_NAMES[self.definition.name])

    @property
    def unit(self) -> str:
        return UNITS[self.definition.unit]

    def text(self, value: float) -> str:
        return value_text(self.definition, value)


def value_text(definition: MeasureDefinition, value: float) -> str:
    """Return a value with its unit, degrees whole and seconds to a tenth."""
    return f"{number_format(value, 0 if definition.unit == 'deg' else 1)}{UNITS[definition.unit]}"


def measures_of(exercise: str) -> list[MeasureDefinition]:
    """Return what is measured of an exercise."""
    return [one for one in MEASURES if exercise in one.exercises]


def measure_series(
    repetitions: Sequence[Measured], exercise: str, unit: Unit, days: Sequence[date]
) -> list[MeasureSeries]:
    """Return each measure of an exercise at the units that begin on `days`, in their order."""
    inside = [one for one in repetitions if one.exercise == exercise]
    by_unit = {
        first: list(group) for first, group in groupby(inside, key=lambda one: first_day(unit, one.day))
    }
    groups = [by_unit.get(day, []) for day in days]
    reviewed = tuple(all(one.is_reviewed for one in group) for group in groups)
    found = [
        MeasureSeries(one, tuple(Spread.of(_values(group, one.name)) for group in groups), reviewed)
        for one in measures_of(exercise)
    ]
    return [one for one in found if any(one.spreads)]


def _values(repetitions: Sequence[Measured], name: str) -> list[float]:
    return [one.measures[name] for one in repetitions if name in one.measures]


class MeasureChange(NamedTuple):
    """The middle of a measure in an earlier and in a later period."""

    name: str
    before: str
    before_n: int
    after: str
    after_n: int


def measure_changes(
    repetitions: Sequence[Measured], exercise: str, periods: tuple[Period, Period]
) -> list[MeasureChange]:
    """Return each measure in two periods; those that were not measured in both are left out."""
    found = []
    for one in measures_of(exercise):
        values = [
            _values([r for r in repetitions if r.exercise == exercise and p.has(r.day)], one.name)
            for p in periods
        ]
        if all(values):
            before, after = (value_text(one, median(some)) for some in values)
            name = str(MEASURE_NAMES[one.name])
            found.append(MeasureChange(name, before, len(values[0]), after, len(values[1])))
    return found
