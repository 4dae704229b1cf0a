"""The patient's own pages: one thing to fix in plain words, verified motion only, no probabilities."""

import datetime

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django.asserts import assertNumQueries

from feedback.models import Correction, Verdict
from tests.factories import AnalysisFactory, People, PrescriptionFactory, RecordingFactory, VerdictFactory
from tests.site.pages import analysed, text_of

INWARD, SHALLOW, RIGHT = "squat.knees_inward", "squat.not_low_enough", "squat.correct"
CUE = "Push your knees out over your toes as you sit down."


@pytest.fixture
def me(client: Client, people: People) -> Client:
    client.force_login(people.patient_user)
    return client


def test_says_the_one_thing_to_fix(me: Client, people: People) -> None:
    session = analysed(people.patient, [INWARD, INWARD, SHALLOW, RIGHT], corrected=True)
    for address in (reverse("my_home"), reverse("my_session", args=[session.uuid])):
        words = text_of(me.get(address))
        assert CUE in words
        assert "Squat: 1 of 4 right." in words
        assert "Your therapist has not checked it yet." in words
        assert "0.9" not in words
        assert "90 %" not in words


def test_the_second_of_two_mistakes_counts_too(me: Client, people: People) -> None:
    session = analysed(people.patient, [SHALLOW, INWARD])
    shallow = session.analyses.get().repetitions.get(finding=SHALLOW)
    VerdictFactory(repetition=shallow, decision="overridden", label=SHALLOW, second_label=INWARD)
    words = text_of(me.get(reverse("my_session", args=[session.uuid])))
    assert CUE in words  # in 2 of 2; too shallow in 1


def test_a_verdict_counts_more_than_the_finding(me: Client, people: People) -> None:
    session = analysed(people.patient, [INWARD])
    repetition = session.analyses.get().repetitions.get()
    VerdictFactory(repetition=repetition, decision=Verdict.Decision.OVERRIDDEN, label=RIGHT)
    words = text_of(me.get(reverse("my_session", args=[session.uuid])))
    assert CUE not in words
    assert "Nothing to fix." in words
    assert "Your therapist has checked this." in words


def test_what_is_not_sure_is_left_to_the_therapist(me: Client, people: People) -> None:
    session = analysed(people.patient, [f"?{INWARD}"], corrected=True)
    words = text_of(me.get(reverse("my_session", args=[session.uuid])))
    assert "Your therapist will look at this one." in words
    assert CUE not in words
    assert "Nothing to fix" not in words


def test_shows_a_verified_motion_only(me: Client, people: People) -> None:
    session = analysed(people.patient, [INWARD], corrected=True)
    address = reverse("my_session", args=[session.uuid])
    repetition = session.analyses.get().repetitions.get()
    assert reverse("api:motion", args=[repetition.uuid]) in me.get(address).content.decode()
    Correction.objects.update(verified=False)
    assert "data-player" not in me.get(address).content.decode()


def test_what_is_prescribed_today(me: Client, people: People) -> None:
    today = timezone.localdate()
    PrescriptionFactory(patient=people.patient, exercise="squat", cue="Slowly.")
    PrescriptionFactory(patient=people.patient, exercise="lunge")
    PrescriptionFactory(
        patient=people.patient,
        exercise="plank",
        starts_on=today - datetime.timedelta(9),
        ends_on=today - datetime.timedelta(1),
    )
    analysed(people.patient, [RIGHT], day=0)
    AnalysisFactory(recording=RecordingFactory(patient=people.patient, exercise="lunge"))
    page = me.get(reverse("my_home"))
    assert [item["prescription"].exercise for item in page.context["today"]] == ["squat", "lunge"]
    words = text_of(page)
    assert "“Slowly.”" in words
    assert "1 of 5 days this week" in words
    assert "See how it went" in words
    assert "Your recording is being looked at." in words


def test_home_before_anything_was_recorded(me: Client, people: People) -> None:
    words = text_of(me.get(reverse("my_home")))
    assert "Nothing is prescribed for today." in words
    assert "Your first result" in words


def test_goes_from_day_to_day(me: Client, people: People) -> None:
    sessions = [analysed(people.patient, [RIGHT], day=day) for day in (5, 3, 1)]
    context = me.get(reverse("my_session", args=[sessions[1].uuid])).context
    assert (context["earlier"], context["later"]) == (sessions[0], sessions[2])


def test_home_asks_as_much_for_many_days_as_for_one(me: Client, people: People) -> None:
    def asked(days: range) -> None:
        for day in days:
            analysed(people.patient, [INWARD, RIGHT], day=day, corrected=True)

    asked(range(1, 2))
    with assertNumQueries(HOME_QUERIES):
        me.get(reverse("my_home"))
    asked(range(2, 7))
    with assertNumQueries(HOME_QUERIES):
        me.get(reverse("my_home"))


#: Sign-in 2, own record, log, days 3, the week, prescriptions, the day shown 4, navigation 2, clinic.
HOME_QUERIES = 16
