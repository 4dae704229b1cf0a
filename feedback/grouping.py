"""Sessions of a long history put together by week or month, so that 500 of them are still a picture."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from itertools import groupby

from django.db.models import TextChoices
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from feedback.selectors import HistoryEntry

#: More bars than this beside each other cannot be told apart.
MOST_BARS = 30


class Unit(TextChoices):
    """What one bar of a history stands for."""

    SESSION = "session", gettext_lazy("Session")
    WEEK = "week", gettext_lazy("Week")
    MONTH = "month", gettext_lazy("Month")


def unit_for(days: Iterable[date]) -> Unit:
    """Return the finest unit of which there are at most `MOST_BARS`; months where even these are more."""
    known = set(days)
    for unit in (Unit.SESSION, Unit.WEEK):
        if len({first_day(unit, day) for day in known}) <= MOST_BARS:
            return unit
    return Unit.MONTH


def first_day(unit: Unit, day: date) -> date:
    """Return the day that a unit which holds this day begins on; weeks begin on Monday."""
    if unit == Unit.WEEK:
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if unit == Unit.MONTH else day


def last_day(unit: Unit, first: date) -> date:
    """Return the last day of the unit that begins on a day."""
    if unit == Unit.WEEK:
        return first + timedelta(days=6)
    if unit == Unit.MONTH:
        return (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    return first


def unit_name(unit: Unit, first: date) -> str:
    """Return how a table calls one: "20 Nov 2026", "week of 16 Nov 2026", "November 2026"."""
    if unit == Unit.WEEK:
        return _("week of {day}").format(day=date_format(first, "j M Y"))
    return date_format(first, "F Y" if unit == Unit.MONTH else "j M Y")


def short_name(unit: Unit, first: date) -> str:
    """Return how a chart calls one, with little room."""
    return date_format(first, "M Y" if unit == Unit.MONTH else "j M")


def grouped(entries: Sequence[HistoryEntry], unit: Unit) -> list[HistoryEntry]:
    """Return one entry a unit, of one exercise, oldest first; `day` is the first of the unit."""
    if unit == Unit.SESSION:
        return list(entries)
    groups = groupby(entries, key=lambda entry: first_day(unit, entry.day))
    return [_sum(first, list(inside)) for first, inside in groups]


def _sum(first: date, entries: list[HistoryEntry]) -> HistoryEntry:
    counts = Counter[str]()
    for entry in entries:
        counts.update(entry.counts)
    return replace(
        entries[0],
        session=None,
        day=first,
        sessions=len(entries),
        total=sum(entry.total for entry in entries),
        unreviewed=sum(entry.unreviewed for entry in entries),
        not_sure=sum(entry.not_sure for entry in entries),
        counts=dict(counts),
    )
