"""All that the page of a patient tells of one exercise over time: mistakes, measures, pain, adherence.

As many queries for 5 sessions as for 500: what a repetition measures was kept when it was analysed.
"""

from collections.abc import Sequence
from datetime import date
from typing import Any

from django.utils.translation import gettext as _

from feedback.charts import history
from feedback.grouping import Unit, first_day, unit_for
from feedback.marks import marks
from feedback.measure_charts import adherence_figure, followed, grouped_pain, measure_figure, pain_figure
from feedback.measured import (
    Measured,
    MeasureSeries,
    measure_changes,
    measure_series,
    measured_repetitions,
    pains,
)
from feedback.periods import Period
from feedback.selectors import HistoryEntry, mistake_history
from feedback.wording import exercise_name, exercises_in_order
from patients.models import Patient, Prescription


def exercise_history(
    patient: Patient, chosen: dict[str, Any], periods: tuple[Period, Period] | None
) -> dict[str, Any]:
    """Return the history of one exercise: the chosen one, else the one done last. Four queries.

    `chosen` may hold `exercise`, `start`, `end` and `by`, the unit; the finest that is still a picture is
    taken without it. The caller has checked that the person may read the patient.
    """
    everything = mistake_history(patient)
    within = [entry for entry in everything if _is_within(entry, chosen)]
    exercise = chosen.get("exercise") or (within[-1].exercise if within else "")
    entries = [entry for entry in within if entry.exercise == exercise]
    unit = Unit(chosen.get("by") or unit_for(entry.day for entry in entries))
    days = sorted({first_day(unit, entry.day) for entry in entries})
    prescriptions = list(patient.prescriptions.select_related("prescribed_by"))
    repetitions = measured_repetitions(patient)
    told = marks(prescriptions, repetitions, exercise, unit, days)
    mistakes = history(
        entries,
        exercise,
        all_entries=[entry for entry in everything if entry.exercise == exercise],
        periods=periods,
        unit=unit,
        marks=told,
    )
    done = {entry.exercise for entry in within}
    return {
        "exercise": exercise,
        "exercise_name": exercise_name(exercise),
        "exercises": exercises_in_order({*done, exercise}),
        "unit": unit,
        "units": Unit,
        "marks": told,
        "prescriptions": prescriptions,
        **mistakes,
        **_measured(patient, repetitions, exercise, unit, days, mistakes),
        **_followed(prescriptions, exercise, entries),
    }


def _is_within(entry: HistoryEntry, chosen: dict[str, Any]) -> bool:
    start, end = chosen.get("start"), chosen.get("end")
    return (start is None or entry.day >= start) and (end is None or entry.day <= end)


def _measured(
    patient: Patient, repetitions: Sequence[Measured], exercise: str, unit: Unit, days: Sequence[date],
    mistakes: dict[str, Any],
) -> dict[str, Any]:  # fmt: skip
    series = measure_series(repetitions, exercise, unit, days)
    pain = grouped_pain(pains(patient), unit, days)
    axis = mistakes["figure"]["layout"]["xaxis"]
    figures = [{"name": one.name, "xaxis": axis, **measure_figure(one)} for one in series]
    if any(level is not None for level in pain):
        figures.append({"name": _("Pain"), "xaxis": axis, **pain_figure(pain)})
    for row, i in zip(mistakes["rows"], reversed(range(len(days))), strict=True):
        row["measures"] = [_cell(one, i) for one in series]
        row["pain"] = pain[i]
    return {
        "measures": series,
        "measure_figures": figures,
        "measure_changes": measure_changes(repetitions, exercise, mistakes["periods"])
        if mistakes["periods"]
        else [],
    }


def _cell(series: MeasureSeries, i: int) -> dict[str, Any] | None:
    """Return a measure of a unit in words: its middle, and where the middle half lies."""
    spread = series.spreads[i]
    if spread is None:
        return None
    return {
        "value": spread.middle,
        "middle": series.text(spread.middle),
        "half": f"{series.text(spread.low)} – {series.text(spread.high)}",
    }


def _followed(
    prescriptions: Sequence[Prescription], exercise: str, entries: Sequence[HistoryEntry]
) -> dict[str, Any]:
    """Return how far the prescription was followed from the first to the last session that is shown."""
    if not entries or not any(one.exercise == exercise for one in prescriptions):
        return {"followed": []}
    days = {entry.day for entry in entries}
    weeks = followed(prescriptions, exercise, days, entries[0].day, entries[-1].day)
    weeks = [week for week in weeks if week[2].asked]
    return {"followed": weeks[::-1], "followed_figure": adherence_figure(weeks)}


def history_rows(shown: dict[str, Any]) -> tuple[list[str], list[list[object]]]:
    """Return head and rows of a history for a file: oldest first, measures without their unit."""
    head = [
        str(shown["unit"].label),
        _("Exercise"),
        *(one.name for one in shown["series"]),
        _("All"),
        _("To review"),
        *(f"{one.name}, {one.unit.strip()}" for one in shown["measures"]),
        _("Pain"),
    ]
    rows: list[list[object]] = [
        [
            row["day"],
            shown["exercise_name"],
            *(count for count, _share in row["cells"]),
            row["total"],
            row["unreviewed"],
            *("" if one is None else one["value"] for one in row["measures"]),
            "" if row["pain"] is None else row["pain"],
        ]
        for row in reversed(shown["rows"])
    ]
    return head, rows
