"""The history of mistakes as a figure and as the table that says the same.

Figures are plain Plotly JSON. A colour is written as the name of a token (`--d-knees`); the page puts in its
value, so that one figure serves every theme.
"""

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _

from feedback.grouping import Unit, grouped, short_name, unit_name
from feedback.marks import Mark
from feedback.periods import Period, Series, change_sentence, compare, halves
from feedback.selectors import HistoryEntry
from feedback.shares import share_text
from feedback.wording import class_name
from ml.catalogue import CODES, exercise_of, is_correct

NOT_SURE = "not_sure"
#: Colour token and Plotly pattern of each silhouette; the pattern tells them apart without colour.
_LOOKS = {
    "knees_inward": ("--d-knees", ""),
    "not_low_enough": ("--d-depth", "/"),
    "front_bent": ("--d-bent", "."),
    "feet_too_wide": ("--d-wide", "x"),
    "knee_passes_toe": ("--d-toe", ""),
    "arched_back": ("--d-back", ""),
    "hunched_back": ("--d-back", "|"),
    NOT_SURE: ("--d-unsure", "-"),
}
_LEARNED_LOOK = ("--d-toe", "+")


def history_series(entries: Sequence[HistoryEntry], exercise: str) -> list[Series]:
    """Return the findings of an exercise that occurred at all: mistakes, then not sure, then correct."""
    shipped = [code for code in CODES if exercise_of(code) == exercise]
    learned = sorted({code for entry in entries for code in entry.counts} - set(shipped))
    codes = sorted([*shipped, *learned], key=is_correct)
    series = [
        Series(code, str(class_name(code)), tuple(entry.counts.get(code, 0) for entry in entries))
        for code in codes
    ]
    first_correct = next((i for i, one in enumerate(series) if is_correct(one.code)), len(series))
    unsure = Series(NOT_SURE, _("Not sure"), tuple(entry.not_sure for entry in entries))
    series.insert(first_correct, unsure)
    return [one for one in series if any(one.counts)]


def history_table(
    entries: Sequence[HistoryEntry], series: Sequence[Series], unit: Unit = Unit.SESSION
) -> list[dict[str, Any]]:
    """Return one row a unit, newest first: the text twin of the figure."""
    rows = [
        {
            "session": entry.session,
            "name": unit_name(unit, entry.day),
            "day": entry.day,
            "sessions": entry.sessions,
            "total": entry.total,
            "unreviewed": entry.unreviewed,
            "cells": [(one.counts[i], share_text(one.counts[i] / entry.total)) for one in series],
        }
        for i, entry in enumerate(entries)
    ]
    return rows[::-1]


def history_figure(
    entries: Sequence[HistoryEntry],
    series: Sequence[Series],
    unit: Unit = Unit.SESSION,
    marks: Sequence[Mark] = (),
) -> dict[str, Any]:
    """Return the Plotly figure: a stacked bar a unit, each part the share of one finding.

    `marks` are drawn between the bars by the page, which knows how much room there is.
    """
    totals = [entry.total for entry in entries]
    # Over 1 where a repetition has two mistakes at once.
    tallest = max((sum(one.counts[i] for one in series) / n for i, n in enumerate(totals)), default=1.0)
    return {
        "marks": [{"x": mark.x, "text": mark.text} for mark in marks],
        "data": [_bars(one, totals) for one in series],
        "layout": {
            "barmode": "stack",
            "bargap": 0.28,
            "showlegend": False,
            "xaxis": {
                "tickvals": list(range(len(entries))),
                "ticktext": [f"{short_name(unit, entry.day)}<br>n = {entry.total}" for entry in entries],
                "range": [-0.6, len(entries) - 0.4],
            },
            "yaxis": {
                "range": [0, max(1.0, tallest) + 0.02],
                "tickvals": [0, 0.25, 0.5, 0.75, 1],
                "tickformat": ".0%",
            },
        },
    }


def _bars(series: Series, totals: Sequence[int]) -> dict[str, Any]:
    shares = [count / total for count, total in zip(series.counts, totals, strict=True)]
    correct = is_correct(series.code)
    colour, pattern = _LOOKS.get(series.code.split(".")[-1], _LEARNED_LOOK)
    fill, edge = ("--corrected-soft", "--d-correct") if correct else (colour, "--surface")
    return {
        "type": "bar",
        "name": series.name,
        "x": list(range(len(totals))),
        "y": [round(share, 4) for share in shares],
        "customdata": [
            [count, total, share_text(count / total)]
            for count, total in zip(series.counts, totals, strict=True)
        ],
        "text": [
            str(count) if share >= 0.06 else "" for count, share in zip(series.counts, shares, strict=True)
        ],
        "textposition": "inside",
        "insidetextanchor": "middle",
        "textangle": 0,
        "constraintext": "none",
        "textfont": {"size": 13, "color": "--ink" if correct else "--surface"},
        "hovertemplate": series.name
        + ": %{customdata[0]} / %{customdata[1]}, %{customdata[2]}<extra></extra>",
        "marker": {
            "color": fill,
            "line": {"color": edge, "width": 1},
            "pattern": {
                "shape": "" if correct else pattern,
                "fgcolor": "--surface",
                "fgopacity": 0.38,
                "size": 7,
                "solidity": 0.22,
                "fillmode": "overlay",
            },
        },
    }


def history(
    entries: Sequence[HistoryEntry],
    exercise: str,
    *,
    all_entries: Sequence[HistoryEntry],
    periods: tuple[Period, Period] | None,
    unit: Unit = Unit.SESSION,
    marks: Sequence[Mark] = (),
) -> dict[str, Any]:
    """Return all that the page of a patient shows of one exercise's mistakes.

    `entries` are the sessions shown, put together by `unit`; `periods`, of all sessions, the ones compared:
    without them the earlier and the later half of those shown.
    """
    shown = grouped(entries, unit)
    series = history_series(shown, exercise)
    compared = periods or halves(entries)
    changes = compare(all_entries, history_series(all_entries, exercise), compared) if compared else []
    total = sum(entry.total for entry in entries)
    unreviewed = sum(entry.unreviewed for entry in entries)
    return {
        "entries": entries,
        "series": series,
        "rows": history_table(shown, series, unit),
        "figure": history_figure(shown, series, unit, marks),
        "changes": changes,
        "sentence": change_sentence(changes) if changes else "",
        "periods": compared or (),
        "total": total,
        "unreviewed": unreviewed,
        "reviewed": share_text((total - unreviewed) / total) if total else "",
    }
