"""What a report says: what was prescribed, done, found and reviewed; the same for the same inputs."""

import datetime
import json

import pytest
from pytest_django.asserts import assertNumQueries

from feedback.models import Repetition, Verdict
from feedback.reports.content import report_content
from tests.factories import NoteFactory, PrescriptionFactory, VerdictFactory, days_ago
from tests.site.pages import analysed

INWARD, SHALLOW, RIGHT = "squat.knees_inward", "squat.not_low_enough", "squat.correct"


def content(people, first: int = 1, last: int = 1, note: str = ""):
    days = days_ago(first).date(), days_ago(last).date()
    return report_content(people.patient, *days, note, "Ann Other")


def judge(people, session, **verdict):
    for repetition in Repetition.objects.filter(analysis__session=session):
        VerdictFactory(repetition=repetition, clinician=people.lead, **verdict)


def test_not_reviewed_is_said_until_everything_is(people):
    session = analysed(people.patient, [INWARD, RIGHT])
    assert content(people)["stamp"] == "Not reviewed"
    VerdictFactory(repetition=Repetition.objects.first(), clinician=people.lead)
    half = content(people)
    assert (half["stamp"], half["review"][:18]) == ("Not fully reviewed", "1 of 2 repetitions")
    judge(people, session)
    whole = content(people)
    assert whole["stamp"] == ""
    assert [(one["name"], one["count"]) for one in whole["reviewers"]] == [(str(people.lead), 2)]


def test_a_verdict_stands_in_place_of_the_finding(people):
    session = analysed(people.patient, [INWARD, INWARD], corrected=True)
    judge(people, session, decision=Verdict.Decision.OVERRIDDEN, label=SHALLOW)
    told = content(people)
    assert [one["code"] for one in told["exercises"][0]["findings"]] == [SHALLOW]
    assert told["pictures"][0]["code"] == SHALLOW


def test_what_was_called_no_repetition_is_left_out(people):
    session = analysed(people.patient, [INWARD, RIGHT], corrected=True)
    first = Repetition.objects.order_by("pk").first()
    VerdictFactory(repetition=first, decision=Verdict.Decision.NOT_A_REPETITION, label="")
    assert session.patient == people.patient
    told = content(people)
    assert (told["total"], told["pictures"]) == (1, [])


def test_prescribed_beside_done_counts_days(people):
    start = days_ago(13).date()
    PrescriptionFactory(patient=people.patient, days_a_week=3, starts_on=start, cue="Slowly.")
    analysed(people.patient, [RIGHT] * 4, day=10)
    analysed(people.patient, [RIGHT] * 4, day=3)
    row = content(people, 13, 0)["prescribed"][0]
    assert (row["done"], row["cue"]) == ("8 repetitions on 2 of 6 days", "Slowly.")
    assert content(people, 3, 3)["prescribed"][0]["done"] == "4 repetitions"


def test_an_exercise_without_a_prescription_is_told(people):
    analysed(people.patient, ["plank.correct"])
    assert [(row["exercise"], row["dose"]) for row in content(people)["prescribed"]] == [
        ("Plank", "not prescribed")
    ]


def test_the_pictures_show_the_clearest_of_each_mistake_most_frequent_first(people):
    analysed(people.patient, [SHALLOW, INWARD, INWARD, f"?{SHALLOW}", RIGHT], corrected=True)
    pictures = content(people)["pictures"]
    assert [one["code"] for one in pictures] == [INWARD, SHALLOW]
    assert all(one["drawing"]["performed"] != one["drawing"]["corrected"] for one in pictures)
    assert not any(one["reviewed"] for one in pictures)


def test_the_trend_reaches_back_before_a_single_session(people):
    analysed(people.patient, [INWARD, INWARD], day=9)
    analysed(people.patient, [INWARD, RIGHT], day=1)
    analysed(people.patient, [RIGHT, RIGHT], day=0)  # after the report's days
    trend = content(people)["trends"][0]
    assert [row["counts"] for row in trend["rows"]] == [[2, 1], [0, 1]]


def test_the_same_inputs_give_the_same_content_and_a_verdict_changes_it(people):
    session = analysed(people.patient, [INWARD, RIGHT], corrected=True)
    first = json.dumps(content(people))
    assert json.dumps(content(people)) == first
    judge(people, session)
    assert json.dumps(content(people)) != first


def test_days_without_a_session_are_a_report_too(people):
    told = content(people, 30, 20)
    assert (told["total"], told["stamp"], told["exercises"]) == (0, "Not reviewed", [])


def test_queries_do_not_grow_with_the_sessions(people, django_assert_max_num_queries):
    analysed(people.patient, [INWARD], day=1, corrected=True)
    with django_assert_max_num_queries(20) as first:
        content(people, 40, 0)
    for day in range(2, 5):
        analysed(people.patient, [INWARD, RIGHT], day=day, corrected=True)
    with assertNumQueries(len(first)):
        content(people, 40, 0)


@pytest.mark.parametrize("days", [1, 500])
def test_long_histories_are_told_in_few_columns(people, days):
    start = datetime.date(2024, 1, 1)
    for n in range(0, days, 45):
        analysed(people.patient, [RIGHT], day=n + 1)
    told = report_content(people.patient, start, days_ago(0).date(), "", "")
    assert len(told["trends"][0]["points"]) <= 12


def test_the_trend_tells_the_measures_at_first_and_at_last(people):
    for day, bend in ((9, 80.0), (1, 110.4)):
        analysed(people.patient, [RIGHT], day=day)
        Repetition.objects.filter(measures__isnull=True).update(measures={"knee_bend": bend})
    (measure,) = content(people)["trends"][0]["measures"]
    assert (measure["first"], measure["last"]) == ("80°", "110°")


def test_notes_on_the_sessions_say_what_they_are_on(people):
    session, earlier = analysed(people.patient, [INWARD]), analysed(people.patient, [RIGHT], day=40)
    repetition = Repetition.objects.get(analysis__session=session)
    about = {"session": session, "author": people.lead}
    NoteFactory(**about, text="Dark room")
    NoteFactory(**about, text="Heel lifts", repetition=repetition, frame=30)
    NoteFactory(**about, text="Gone", deleted_at=days_ago(0))
    NoteFactory(session=earlier, author=people.lead, text="Long ago")
    told = content(people)["session_notes"]
    assert [(one["text"], one["by"]) for one in told] == [
        ("Dark room", str(people.lead)), ("Heel lifts", str(people.lead)),
    ]  # fmt: skip
    assert "repetition" not in told[0]["about"]
    assert told[1]["about"].endswith("repetition 1, at 1.0 s")
