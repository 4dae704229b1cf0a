"""Whether what was prescribed was done: days with a recording beside days asked for. No query."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from feedback.shares import share_text
from patients.models import Prescription

_WEEK = 7


@dataclass(frozen=True)
class Adherence:
    """Days on which an exercise was recorded, and on how many it was prescribed."""

    done: int
    asked: float

    @property
    def share(self) -> float | None:
        """At most 1; None where nothing was prescribed."""
        return min(1.0, self.done / self.asked) if self.asked > 0 else None

    @property
    def asked_days(self) -> int:
        """In whole days; a part of a day that was prescribed is a day."""
        return max(1, round(self.asked)) if self.asked > 0 else 0

    @property
    def percent(self) -> str:
        return "" if self.share is None else share_text(self.share)


def adherence(
    prescriptions: Iterable[Prescription], exercise: str, days: Collection[date], start: date, end: date
) -> Adherence:
    """Return how far the prescriptions of an exercise were followed from `start` to `end`, both included.

    Of prescriptions that overlap the one that began last counts. Only days with a prescription are looked
    at: what was recorded before or after it is neither asked for nor done.
    """
    of_it = sorted((one for one in prescriptions if one.exercise == exercise), key=_began)
    asked, done = 0, 0  # asked in sevenths of a day: whole numbers add up exactly
    for day in _days(start, end):
        valid = _valid(of_it, day)
        if valid:
            asked += valid.days_a_week
            done += day in days
    return Adherence(done, asked / _WEEK)


def _began(prescription: Prescription) -> tuple[date, int]:
    return prescription.starts_on, prescription.pk


def _valid(prescriptions: Sequence[Prescription], day: date) -> Prescription | None:
    valid = [one for one in prescriptions if one.starts_on <= day and (one.ends_on or day) >= day]
    return valid[-1] if valid else None


def _days(start: date, end: date) -> Iterable[date]:
    return (start + timedelta(days=n) for n in range((end - start).days + 1))
