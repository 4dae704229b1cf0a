"""The worklist: order, what each row says, filters, search, pages and the number of queries."""

import gzip
from typing import Any

import pytest
from django.urls import reverse

from feedback import worklist_views
from feedback.models import ExerciseSession
from feedback.selectors import worklist
from feedback.sentences import session_sentence
from feedback.sessions import refresh_session
from tests.factories import (
    AnalysisFactory,
    CareAssignmentFactory,
    PatientFactory,
    People,
    RecordingFactory,
    RepetitionFactory,
    VerdictFactory,
    days_ago,
)


def session_of(
    people: People, name: str, findings: list[str], *, pain: int | None = None, unclear: int = 0, day: int = 1
) -> ExerciseSession:
    """An analysed session of a patient of that name in the lead's care; the last `unclear` ones abstained."""
    patient = PatientFactory(clinic=people.clinic, name=name)
    membership = people.lead.memberships.get()
    CareAssignmentFactory(patient=patient, membership=membership, level="lead")
    recording = RecordingFactory(patient=patient, pain=pain, recorded_at=days_ago(day))
    exercise = findings[0].split(".")[0]
    analysis = AnalysisFactory(recording=recording, status="done", exercise=exercise)
    for i, finding in enumerate(findings):
        RepetitionFactory(analysis=analysis, finding=finding, abstained=i >= len(findings) - unclear)
    refresh_session(session=analysis.session)
    return analysis.session


def rows(client: Any, people: People, query: str = "") -> list[str]:
    """The names in the rows of the page."""
    client.force_login(people.lead)
    page = client.get(reverse("worklist") + query)
    assert page.status_code == 200
    return [row.session.patient.name for row in page.context["rows"]]


def said(people: People, session: ExerciseSession) -> str:
    return "".join(session_sentence(worklist(people.lead).get(pk=session.pk))[:2])


def test_severest_first_then_the_one_that_waits_longest(client: Any, people: People) -> None:
    session_of(people, "Routine", ["squat.correct"])
    session_of(people, "New, late", ["squat.knees_inward"], day=1)
    session_of(people, "New, early", ["squat.knees_inward"], day=5)
    session_of(people, "Unclear", ["squat.correct"], unclear=1)
    session_of(people, "Pain", ["squat.correct"], pain=7)
    assert rows(client, people) == ["Pain", "Unclear", "New, early", "New, late", "Routine"]


def test_the_sentence_says_what_to_look_at(people: People) -> None:
    findings = ["squat.correct"] * 4 + ["squat.knees_inward"] * 5 + ["squat.front_bent"]
    assert (
        said(people, session_of(people, "A", findings))
        == "Knees fall inward in 5 of 10; trunk bent forward in 1."
    )
    assert said(people, session_of(people, "B", ["squat.correct"] * 3)) == "All 3 correct."
    unclear = session_of(people, "C", ["squat.knees_inward"] * 3 + ["squat.correct"] * 2, unclear=2)
    assert said(people, unclear) == "Knees fall inward in 3 of 5; repetitions 4 and 5 are unclear."
    hurt = session_of(people, "D", ["lunge.correct"], pain=6)
    assert said(people, hurt) == "Pain 6 of 10; the only repetition is correct."


def test_a_verdict_changes_what_the_sentence_says(people: People) -> None:
    session = session_of(people, "A", ["squat.knees_inward", "squat.correct"])
    mistaken = session.analyses.get().repetitions.first()
    VerdictFactory(repetition=mistaken, clinician=people.lead, decision="overridden", label="squat.correct")
    assert said(people, session) == "All 2 correct."
    VerdictFactory(repetition=mistaken, clinician=people.lead, decision="not_a_repetition", label="")
    assert said(people, session) == "The only repetition is correct."


def test_several_exercises_are_told_apart(people: People) -> None:
    session = session_of(people, "A", ["squat.knees_inward", "squat.correct"])
    analysis = AnalysisFactory(
        recording=RecordingFactory(patient=session.patient, recorded_at=days_ago(1)),
        status="done",
        exercise="plank",
    )
    RepetitionFactory(analysis=analysis, finding="plank.arched_back")
    assert said(people, session) == "Squat: knees fall inward in 1 of 2; Plank: arched back in 1 of 1."


def test_filters_and_search_narrow_in_the_database(client: Any, people: People) -> None:
    session_of(people, "Ana Petrović", ["squat.knees_inward"])
    session_of(people, "Jonas Keller", ["lunge.correct"], pain=7)
    assert rows(client, people, "?exercise=lunge") == ["Jonas Keller"]
    assert rows(client, people, "?severity=1") == ["Jonas Keller"]
    assert rows(client, people, "?severity=3&exercise=lunge") == []
    assert rows(client, people, "?q=petro") == ["Ana Petrović"]


def test_another_order(client: Any, people: People) -> None:
    session_of(people, "B", ["squat.correct"], pain=7, day=2)
    session_of(people, "A", ["squat.correct"], day=1)
    session_of(people, "C", ["squat.correct"], day=3)
    assert rows(client, people) == ["B", "C", "A"]
    assert rows(client, people, "?sort=oldest") == ["C", "B", "A"]
    assert rows(client, people, "?sort=newest") == ["A", "B", "C"]
    assert rows(client, people, "?sort=name") == ["A", "B", "C"]
    page = client.get(reverse("worklist") + "?sort=name&exercise=squat")
    assert all("sort=name" in chip.query for chip in page.context["severities"])


@pytest.mark.parametrize(
    "query",
    ["?sort=pain", "?severity=9", "?severity=x", "?exercise=jump", "?page=zero", "?q=%00", "?page=99"],
)
def test_a_filter_that_is_not_known_is_not_asked(client: Any, people: People, query: str) -> None:
    session_of(people, "Ana", ["squat.correct"])
    assert rows(client, people, query) == ["Ana"]


def test_a_chip_counts_what_it_would_show(client: Any, people: People) -> None:
    session_of(people, "A", ["squat.correct"], pain=7)
    session_of(people, "B", ["squat.correct"])
    session_of(people, "C", ["lunge.correct"])
    client.force_login(people.lead)
    chips = client.get(reverse("worklist") + "?exercise=squat").context["severities"]
    assert [(chip.name, chip.number) for chip in chips] == [("", 2), ("Pain", 1), ("Routine", 1)]
    assert "exercise=squat" in chips[1].query


@pytest.mark.parametrize("number", range(1, 8))
def test_every_page_is_the_next_piece_of_one_order(
    client: Any, people: People, monkeypatch: Any, number: int
) -> None:
    monkeypatch.setattr(worklist_views, "PAGE_SIZE", 2)
    for day in range(1, number + 1):
        session_of(people, f"Day {day}", ["squat.correct"], day=day)
    client.force_login(people.lead)
    shown: list[list[Any]] = []
    for page in range(1, number // 2 + number % 2 + 1):
        found = client.get(reverse("worklist"), {"page": page, "sort": "oldest"}).context["rows"]
        shown.append([row.session.day for row in found])
    days = sum(shown, [])
    assert len(days) == number
    assert days == sorted(days)
    assert all(len(one) == 2 for one in shown[:-1])


def test_pages(client: Any, people: People, monkeypatch: Any) -> None:
    monkeypatch.setattr(worklist_views, "PAGE_SIZE", 2)
    for day in (3, 2, 1):
        session_of(people, f"Day {day}", ["squat.correct"], day=day)
    assert rows(client, people) == ["Day 3", "Day 2"]
    assert rows(client, people, "?page=2") == ["Day 1"]


def test_as_many_queries_for_many_rows_as_for_one(
    client: Any, people: People, django_assert_max_num_queries: Any
) -> None:
    session_of(people, "First", ["squat.knees_inward"])
    rows(client, people)
    with django_assert_max_num_queries(14) as few:
        client.get(reverse("worklist"))
    for n in range(6):
        session_of(people, f"Other {n}", ["squat.knees_inward"] * 4)
    with django_assert_max_num_queries(14) as many:
        page = client.get(reverse("worklist"))
    assert len(page.context["rows"]) == 7
    assert len(gzip.compress(page.content)) < 8_000
    assert len(many) == len(few)


def test_patients_have_no_worklist(client: Any, people: People) -> None:
    client.force_login(people.patient_user)
    assert client.get(reverse("worklist")).status_code == 403


def test_only_what_the_person_may_see(client: Any, people: People) -> None:
    session_of(people, "Mine", ["squat.correct"])
    client.force_login(people.stranger)
    assert client.get(reverse("worklist")).context["rows"] == []
