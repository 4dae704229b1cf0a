"""Measures over time: medians with their spread, by unit and in two periods, only of what is a repetition."""

import pytest
from pytest_django.asserts import assertNumQueries

from feedback.grouping import Unit
from feedback.marks import marks
from feedback.measured import (
    Spread,
    measure_changes,
    measure_series,
    measured_repetitions,
    pains,
)
from feedback.models import Analysis, Repetition, Verdict
from feedback.periods import Period
from patients.models import Recording
from tests.factories import ModelReleaseFactory, PrescriptionFactory, VerdictFactory, days_ago
from tests.site.pages import analysed

SQUAT = "squat.correct"


def measure(session, *bends: float) -> list[Repetition]:
    repetitions = list(Repetition.objects.filter(analysis__session=session).order_by("pk"))
    for repetition, bend in zip(repetitions, bends, strict=True):
        repetition.measures = {"knee_bend": bend}
        repetition.save(update_fields=["measures"])
    return repetitions


def series_of(people, unit=Unit.SESSION, days=(1,)):
    starts = [days_ago(n).date() for n in days]
    return measure_series(measured_repetitions(people.patient), "squat", unit, starts)


@pytest.mark.parametrize(
    ("values", "spread"),
    [
        ([], None),
        ([4.0], Spread(4.0, 4.0, 4.0, 1)),
        ([1.0, 2.0, 3.0, 4.0, 5.0], Spread(3.0, 2.0, 4.0, 5)),
    ],
)
def test_a_spread_is_the_median_and_the_middle_half(values, spread):
    assert Spread.of(values) == spread


def test_a_session_is_shown_by_its_median_and_whether_it_was_reviewed(people):
    repetitions = measure(analysed(people.patient, [SQUAT] * 3), 80.0, 90.0, 130.0)
    (series,) = series_of(people)
    assert (series.spreads[0].middle, series.reviewed, series.text(90.4)) == (90.0, (False,), "90°")
    for one in repetitions:
        VerdictFactory(repetition=one)
    assert series_of(people)[0].reviewed == (True,)


def test_what_is_no_repetition_is_not_measured(people):
    repetitions = measure(analysed(people.patient, [SQUAT] * 2), 80.0, 10.0)
    VerdictFactory(repetition=repetitions[1], decision=Verdict.Decision.NOT_A_REPETITION, label="")
    assert series_of(people)[0].spreads[0] == Spread(80.0, 80.0, 80.0, 1)


def test_what_has_not_been_measured_is_left_open(people):
    measure(analysed(people.patient, [SQUAT], day=3), 80.0)
    analysed(people.patient, [SQUAT], day=1)
    (series,) = series_of(people, days=(3, 1))
    assert [spread and spread.middle for spread in series.spreads] == [80.0, None]


def test_two_periods_are_compared_by_their_medians(people):
    measure(analysed(people.patient, [SQUAT] * 2, day=9), 70.0, 80.0)
    measure(analysed(people.patient, [SQUAT], day=1), 101.0)
    first, second = (Period(days_ago(a).date(), days_ago(b).date()) for a, b in ((9, 5), (4, 0)))
    (change,) = measure_changes(measured_repetitions(people.patient), "squat", (first, second))
    assert (change.before, change.before_n, change.after, change.after_n) == ("75°", 2, "101°", 1)


def test_pain_is_the_greatest_of_the_day(people):
    session = analysed(people.patient, [SQUAT])
    analysed(people.patient, ["plank.correct"])
    for pain, recording in enumerate(Recording.objects.order_by("pk"), start=3):
        Recording.objects.filter(pk=recording.pk).update(pain=pain)
    assert pains(people.patient) == {session.day: 4}


def test_one_query_for_all_of_it(people):
    for day in (1, 2, 3):
        analysed(people.patient, [SQUAT, SQUAT], day=day)
    with assertNumQueries(1):
        assert len(measured_repetitions(people.patient)) == 6


def test_prescriptions_and_releases_stand_between_the_bars(people):
    for day in (9, 5, 1):
        analysed(people.patient, [SQUAT], day=day)
    newer = ModelReleaseFactory(name="newer", is_active=False)
    Analysis.objects.filter(session__day=days_ago(1).date()).update(release=newer)
    prescriptions = [
        PrescriptionFactory(
            patient=people.patient, starts_on=days_ago(20).date(), ends_on=days_ago(8).date()
        ),
        PrescriptionFactory(patient=people.patient, starts_on=days_ago(6).date(), days_a_week=2),
        PrescriptionFactory(patient=people.patient, exercise="plank", starts_on=days_ago(6).date()),
    ]
    days = [days_ago(n).date() for n in (9, 5, 1)]
    told = marks(prescriptions, measured_repetitions(people.patient), "squat", Unit.SESSION, days)
    assert [(mark.x, mark.text.split(": ")[1]) for mark in told] == [
        (0.5, "prescription ended"),
        (0.5, "3 × 10, 2 days a week"),
        (1.5, "release newer"),
    ]
