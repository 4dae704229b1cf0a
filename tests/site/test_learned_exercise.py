"""A clinic's own exercise, which no table of exfb has, on every page and address that shows findings."""

from typing import Any

import pytest
from django.urls import reverse

from feedback.models import Repetition
from feedback.sessions import refresh_session
from feedback.wording import exercise_name, exercises_in_order
from ml.catalogue import CODES
from patients.models import Exercise
from tests.factories import (
    AnalysisFactory,
    CorrectionFactory,
    ModelReleaseFactory,
    People,
    RecordingFactory,
    RepetitionFactory,
    VerdictFactory,
)

OWN = ["standing_leg_raise.correct", "standing_leg_raise.trunk_sways"]


@pytest.fixture
def repetitions(people: People) -> list[Repetition]:
    """Two judged repetitions of an exercise that the release learned, and a squat."""
    release = ModelReleaseFactory(classes=[*CODES, *OWN])
    recording = RecordingFactory(patient=people.patient)
    analysis = AnalysisFactory(
        recording=recording, status="done", exercise="standing_leg_raise", release=release
    )
    both = [RepetitionFactory(analysis=analysis, finding=code) for code in OWN]
    CorrectionFactory(repetition=both[1])
    VerdictFactory(repetition=both[1], clinician=people.lead)
    squat = AnalysisFactory(
        recording=RecordingFactory(patient=people.patient), status="done", exercise="squat", release=release
    )
    RepetitionFactory(analysis=squat)
    refresh_session(session=analysis.session)
    return both


def read(client: Any, user: Any, name: str, *args: Any, query: str = "") -> str:
    client.force_login(user)
    response = client.get(reverse(name, args=args) + query)
    assert response.status_code == 200
    return response.content.decode()


def test_clinicians_see_it_by_its_name(client: Any, people: People, repetitions: list[Repetition]) -> None:
    session = repetitions[0].analysis.session
    page = read(client, people.lead, "session", session.uuid)
    assert "Standing leg raise" in page
    assert "Trunk sways" in page
    assert '<option value="standing_leg_raise">Standing leg raise</option>' in page  # to cut anew
    assert "Standing leg raise" in read(client, people.lead, "worklist")
    assert "Standing leg raise" in read(client, people.lead, "agreement")
    history = read(client, people.lead, "patient", people.patient.uuid, query="?exercise=standing_leg_raise")
    assert "Trunk sways" in history
    assert ">Standing leg raise</a>" in history


def test_patients_see_it_by_its_name(client: Any, people: People, repetitions: list[Repetition]) -> None:
    page = read(client, people.patient_user, "my_session", repetitions[0].analysis.session.uuid)
    assert "Standing leg raise" in page
    assert "standing_leg_raise" not in page.replace("?exercise=standing_leg_raise", "")


def test_programs_are_told_its_code(client: Any, people: People, repetitions: list[Repetition]) -> None:
    client.force_login(people.lead)
    answer = client.get(reverse("api:repetition", args=[repetitions[1].uuid])).json()
    assert (answer["exercise"], answer["finding"]) == ("standing_leg_raise", OWN[1])
    answer = client.get(
        reverse("api:history", args=[people.patient.uuid]), {"exercise": "standing_leg_raise"}
    ).json()
    assert "standing_leg_raise" in str(answer)


def test_no_shipped_exercise_is_left_out() -> None:
    assert exercises_in_order(["b_own", "plank", "", "squat", "a_own"]) == [
        "squat",
        "plank",
        "a_own",
        "b_own",
    ]
    assert [exercise_name(one) for one in Exercise.values] == [str(label) for label in Exercise.labels]
    assert exercise_name("") == ""
