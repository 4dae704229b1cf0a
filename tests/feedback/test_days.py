"""Days in words: a year is left out only where it goes without saying."""

from datetime import UTC, date, datetime

import pytest
from django.utils import timezone

from feedback.periods import Period
from feedback.templatetags.words import short_day


@pytest.mark.parametrize(
    ("start", "end", "text"),
    [
        (date(2026, 10, 17), date(2026, 11, 3), "17 Oct – 3 Nov 2026"),
        (date(2024, 3, 3), date(2025, 7, 14), "3 Mar 2024 – 14 Jul 2025"),
        (date(2026, 11, 3), date(2026, 11, 3), "3 Nov 2026"),
        (date.min, date(2025, 7, 14), "until 14 Jul 2025"),
        (date(2025, 7, 16), date.max, "from 16 Jul 2025"),
    ],
)
def test_a_period_tells_its_year(start: date, end: date, text: str) -> None:
    assert str(Period(start, end)) == text


def test_a_short_day_tells_its_year_unless_it_is_the_present_one() -> None:
    assert short_day(date(2024, 3, 3)) == "3 Mar 2024"
    assert short_day(datetime(2024, 3, 3, 12, tzinfo=UTC)) == "3 Mar 2024"
    assert short_day(timezone.localdate().replace(month=3, day=3)) == "3 Mar"
