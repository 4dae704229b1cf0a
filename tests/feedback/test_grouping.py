"""Long histories are put together by week or month: nothing is counted twice, nothing is lost."""

from datetime import date, timedelta

import pytest

from feedback.grouping import MOST_BARS, Unit, first_day, grouped, last_day, unit_for
from feedback.selectors import HistoryEntry

#: Two years, one of them with a 29 February.
DAYS = [date(2027, 1, 1) + timedelta(days=n) for n in range(731)]


def entry(day: date, **counts: int) -> HistoryEntry:
    total = sum(counts.values())
    return HistoryEntry(None, day, "squat", total=total, unreviewed=1, counts=dict(counts))


@pytest.mark.parametrize("unit", Unit)
def test_a_unit_holds_its_days(unit):
    for day in DAYS:
        first = first_day(unit, day)
        assert first <= day <= last_day(unit, first)
        assert first_day(unit, last_day(unit, first)) == first
        assert first_day(unit, last_day(unit, first) + timedelta(days=1)) > last_day(unit, first)


def test_few_sessions_stand_alone_many_by_week_very_many_by_month():
    start = date(2024, 1, 1)
    assert unit_for([start + timedelta(days=n) for n in range(MOST_BARS)]) == Unit.SESSION
    assert unit_for([start + timedelta(days=n) for n in range(200)]) == Unit.WEEK
    assert unit_for([start + timedelta(days=n) for n in range(0, 1000, 2)]) == Unit.MONTH


@pytest.mark.parametrize("unit", Unit)
@pytest.mark.parametrize("days", [[], DAYS[:1], DAYS[::3], DAYS])
def test_sums_are_kept(days, unit):
    entries = [entry(day, a=1, b=2) for day in days]
    groups = grouped(entries, unit)
    assert sum(one.total for one in groups) == 3 * len(days)
    assert sum(one.sessions for one in groups) == len(days)
    assert sum(one.counts.get("b", 0) for one in groups) == 2 * len(days)
    assert len({one.day for one in groups}) == len(groups)
