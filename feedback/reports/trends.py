"""How it went over time, for a report: shares of findings and medians of measures, in a few columns."""

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _

from feedback.charts import history_series
from feedback.grouping import Unit, grouped, short_name, unit_for
from feedback.measured import Measured, measure_series
from feedback.periods import Period, change_sentence, compare, halves
from feedback.selectors import HistoryEntry
from feedback.wording import exercise_name

#: What a page has room for beside each other.
MOST_POINTS = 12


def trend(everything: Sequence[HistoryEntry], measured: Sequence[Measured], exercise: str) -> dict[str, Any]:
    """The shares of an exercise's findings up to the last day of the report, in at most a few columns."""
    inside = [entry for entry in everything if entry.exercise == exercise]
    unit = unit_for(entry.day for entry in inside)
    points = grouped(inside, unit)[-MOST_POINTS:]
    series = history_series(points, exercise)
    compared = halves(points)
    changes = compare(points, series, compared) if compared else []
    return {
        "exercise": exercise_name(exercise),
        "unit": str(unit.label),
        "points": [{"name": short_name(unit, one.day), "total": one.total} for one in points],
        "rows": [{"code": one.code, "name": one.name, "counts": list(one.counts)} for one in series],
        "measures": _measures(measured, exercise, unit, points),
        "sentence": change_sentence(changes) if changes else "",
        "compared": _compared(compared) if changes and compared else "",
    }


def _measures(
    measured: Sequence[Measured], exercise: str, unit: Unit, points: Sequence[HistoryEntry]
) -> list[dict[str, str]]:
    """Each measure at the first and at the last point where it is known, as medians."""
    told = []
    for one in measure_series(measured, exercise, unit, [point.day for point in points]):
        known = [(point.day, spread) for point, spread in zip(points, one.spreads, strict=True) if spread]
        (first_day, first), (last_day, last) = known[0], known[-1]
        told.append(
            {
                "name": one.name,
                "first": one.text(first.middle),
                "first_at": short_name(unit, first_day),
                "last": one.text(last.middle),
                "last_at": short_name(unit, last_day),
            }
        )
    return told


def _compared(periods: tuple[Period, Period]) -> str:
    return _("Compared: {first} and {second}.").format(first=periods[0], second=periods[1])
