"""Two periods of a patient's history compared: what became more or less, and whether by chance."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from math import sqrt
from typing import NamedTuple

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from feedback.selectors import HistoryEntry
from feedback.shares import share_text
from ml.catalogue import is_correct

#: A share's change counts as one when its 95 % interval leaves out 0.
_Z = 1.96


class Period(NamedTuple):
    """Days, both included; the first or last day that there is stands for "however early" or "late"."""

    start: date
    end: date

    def has(self, day: date) -> bool:
        return self.start <= day <= self.end

    def __str__(self) -> str:
        if self.start == date.min:
            return _("until {day}").format(day=date_format(self.end, "j M Y"))
        if self.end == date.max:
            return _("from {day}").format(day=date_format(self.start, "j M Y"))
        if self.start == self.end:
            return date_format(self.start, "j M Y")
        start = date_format(self.start, "j M" if self.start.year == self.end.year else "j M Y")
        return f"{start} – {date_format(self.end, 'j M Y')}"


@dataclass(frozen=True)
class Series:
    """One finding over the sessions: how many repetitions of each session have it."""

    code: str
    name: str
    counts: tuple[int, ...]


@dataclass(frozen=True)
class Change:
    """One finding's share in an earlier and a later period."""

    series: Series
    before: int
    before_total: int
    after: int
    after_total: int

    @property
    def shares(self) -> tuple[float, float]:
        return self.before / self.before_total, self.after / self.after_total

    @property
    def is_clear(self) -> bool:
        """Whether the 95 % interval of the difference of the two shares leaves out 0."""
        p, q = self.shares
        error = sqrt(p * (1 - p) / self.before_total + q * (1 - q) / self.after_total)
        return error > 0 and abs(q - p) > _Z * error

    @property
    def x(self) -> tuple[float, float]:
        """Where the two shares lie on the drawn line from 6 to 126."""
        p, q = self.shares
        return round(6 + p * 120, 1), round(6 + q * 120, 1)

    @property
    def percent(self) -> tuple[str, str]:
        p, q = self.shares
        return share_text(p), share_text(q)

    @property
    def is_more(self) -> bool:
        return self.shares[1] > self.shares[0]


def halves(entries: Sequence[HistoryEntry]) -> tuple[Period, Period] | None:
    """Return the days of the earlier and of the later half of the sessions; None for fewer than two days."""
    days = sorted({entry.day for entry in entries})
    middle = len(days) // 2
    if middle == 0:
        return None
    return Period(days[0], days[middle - 1]), Period(days[middle], days[-1])


def compare(
    entries: Sequence[HistoryEntry], series: Sequence[Series], periods: tuple[Period, Period]
) -> list[Change]:
    """Compare two periods of the sessions; empty where one of them holds no repetition."""
    chosen = [[i for i, entry in enumerate(entries) if period.has(entry.day)] for period in periods]
    totals = [sum(entries[i].total for i in inside) for inside in chosen]
    if not all(totals):
        return []
    changes = [
        Change(
            one,
            sum(one.counts[i] for i in chosen[0]),
            totals[0],
            sum(one.counts[i] for i in chosen[1]),
            totals[1],
        )
        for one in series
    ]
    return [change for change in changes if change.before or change.after]


def change_sentence(changes: Sequence[Change]) -> str:
    """Say in one sentence which mistake changed most, or that none changed more than chance explains."""
    clear = [change for change in changes if change.is_clear and not is_correct(change.series.code)]
    if not clear:
        return _("No mistake changed more than chance would explain.")
    change = max(clear, key=lambda one: abs(one.shares[1] - one.shares[0]))
    before, after = change.percent
    template = _("{name} went up from {before} to {after} of repetitions.")
    if not change.is_more:
        template = _("{name} went down from {before} to {after} of repetitions.")
    return template.format(name=change.series.name, before=before, after=after)
