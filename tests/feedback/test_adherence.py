"""Days done beside days asked for: by the prescription that holds, and only while one does."""

from datetime import date, timedelta

import pytest
from django.template.defaultfilters import floatformat

from feedback.adherence import adherence
from tests.factories import PrescriptionFactory

MONDAY = date(2026, 1, 5)


def prescribed(**fields):
    return PrescriptionFactory.build(patient=None, prescribed_by=None, **{"starts_on": MONDAY} | fields)


def days(*numbers: int) -> set[date]:
    return {MONDAY + timedelta(days=n) for n in numbers}


def followed(prescriptions, done, weeks=1, exercise="squat"):
    return adherence(prescriptions, exercise, done, MONDAY, MONDAY + timedelta(days=7 * weeks - 1))


def test_a_week_asks_for_its_days():
    found = followed([prescribed(days_a_week=3)], days(0, 2))
    assert (found.done, found.asked_days, found.percent) == (2, 3, "67 %")


@pytest.mark.parametrize("days_a_week", range(1, 8))
def test_a_whole_week_asks_for_whole_days_and_a_part_for_its_share(days_a_week):
    of_it = [prescribed(days_a_week=days_a_week)]
    assert floatformat(followed(of_it, set(), weeks=3).asked) == str(3 * days_a_week)
    in_two_days = adherence(of_it, "squat", set(), MONDAY, MONDAY + timedelta(days=1))
    assert floatformat(in_two_days.asked) == floatformat(2 * days_a_week / 7)


def test_more_than_was_asked_for_is_all_of_it():
    assert followed([prescribed(days_a_week=2)], days(0, 1, 2, 3)).share == 1


def test_of_two_that_overlap_the_later_counts():
    newer = prescribed(days_a_week=7, starts_on=MONDAY + timedelta(days=7))
    newer.pk, older = 2, prescribed(days_a_week=1)
    older.pk = 1
    assert followed([newer, older], set(), weeks=2).asked == pytest.approx(8)


def test_what_lies_outside_a_prescription_is_neither_asked_nor_done():
    ended = prescribed(days_a_week=7, ends_on=MONDAY + timedelta(days=1))
    found = followed([ended], days(0, 5))
    assert (found.done, found.asked_days) == (1, 2)


@pytest.mark.parametrize("prescriptions", [[], [prescribed(exercise="plank")]])
def test_without_a_prescription_there_is_no_share(prescriptions):
    found = followed(prescriptions, days(0, 1))
    assert (found.share, found.percent, found.asked_days) == (None, "", 0)
