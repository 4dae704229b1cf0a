"""Figures of what was measured, of pain and of adherence: Plotly JSON with token names, as in `charts`."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from django.utils.translation import gettext as _

from feedback.adherence import Adherence, adherence
from feedback.grouping import MOST_BARS, Unit, first_day, last_day, short_name, unit_name
from feedback.measured import MeasureSeries
from patients.models import Prescription


def measure_figure(series: MeasureSeries) -> dict[str, Any]:
    """A point a unit at the median, its bar the middle half; open where a repetition has no verdict."""
    known = [(i, spread) for i, spread in enumerate(series.spreads) if spread]
    return {
        "data": [
            {
                "type": "scatter",
                "mode": "lines+markers",
                "x": [i for i, _spread in known],
                "y": [spread.middle for _i, spread in known],
                "error_y": {
                    "type": "data",
                    "symmetric": False,
                    "array": [round(spread.high - spread.middle, 2) for _i, spread in known],
                    "arrayminus": [round(spread.middle - spread.low, 2) for _i, spread in known],
                    "color": "--ink-3",
                    "thickness": 1.2,
                    "width": 4,
                },
                "customdata": [
                    [series.text(spread.middle), series.text(spread.low), series.text(spread.high), spread.n]
                    for _i, spread in known
                ],
                "hovertemplate": "%{customdata[0]} (%{customdata[1]} – %{customdata[2]}), "
                "n = %{customdata[3]}<extra></extra>",
                "line": {"color": "--ink-2", "width": 1.5},
                "marker": {
                    "color": ["--ink-2" if series.reviewed[i] else "--surface" for i, _spread in known],
                    "line": {"color": "--ink-2", "width": 2},
                    "size": 9,
                },
            }
        ],
        "yaxis": {"ticksuffix": series.unit, "rangemode": "normal"},
    }


def pain_figure(pain: Sequence[int | None]) -> dict[str, Any]:
    """The greatest pain of each unit as a diamond, as severity shows it everywhere."""
    known = [(i, level) for i, level in enumerate(pain) if level is not None]
    return {
        "data": [
            {
                "type": "scatter",
                "mode": "lines+markers",
                "x": [i for i, _level in known],
                "y": [level for _i, level in known],
                "hovertemplate": "%{y} / 10<extra></extra>",
                "line": {"color": "--sev-pain", "width": 1.5, "dash": "dot"},
                "marker": {"color": "--sev-pain", "symbol": "diamond", "size": 10},
            }
        ],
        "yaxis": {"range": [-0.4, 10.4], "tickvals": [0, 2, 4, 6, 8, 10]},
    }


def grouped_pain(pain: Mapping[date, int], unit: Unit, days: Sequence[date]) -> list[int | None]:
    """Return the greatest pain of each unit that begins on one of `days`; None where none was stated."""
    greatest: dict[date, int] = {}
    for day, level in pain.items():
        first = first_day(unit, day)
        greatest[first] = max(level, greatest.get(first, 0))
    return [greatest.get(day) for day in days]


def followed(
    prescriptions: Sequence[Prescription], exercise: str, days: set[date], start: date, end: date
) -> list[tuple[str, str, Adherence]]:
    """Return name, short name and adherence of each week from `start` to `end`; of each month where many."""
    weeks = (first_day(Unit.WEEK, end) - first_day(Unit.WEEK, start)).days // 7 + 1
    unit = Unit.WEEK if weeks <= MOST_BARS else Unit.MONTH
    found, first = [], first_day(unit, start)
    while first <= end:
        last = last_day(unit, first)
        done = adherence(prescriptions, exercise, days, max(first, start), min(last, end))
        found.append((unit_name(unit, first), short_name(unit, first), done))
        first = first_day(unit, date.fromordinal(last.toordinal() + 1))
    return found


def adherence_figure(weeks: Sequence[tuple[str, str, Adherence]]) -> dict[str, Any]:
    """Days done as bars before the days asked for, a dashed line: solid is done, dashed is right."""
    places = list(range(len(weeks)))
    return {
        "data": [
            {
                "type": "bar",
                "x": places,
                "y": [done.done for _name, _short, done in weeks],
                "width": 0.6,
                "marker": {"color": "--ink-2"},
                "hovertemplate": _("%{y} days done") + "<extra></extra>",
            },
            {
                "type": "scatter",
                "mode": "lines",
                "x": places,
                "y": [round(done.asked, 1) for _name, _short, done in weeks],
                "line": {"color": "--corrected", "width": 2.5, "dash": "dash", "shape": "hvh"},
                "hovertemplate": _("%{y} days asked for") + "<extra></extra>",
            },
        ],
        "ticktext": [short for _name, short, _done in weeks],
        "yaxis": {"rangemode": "tozero", "tickformat": "d"},
    }
