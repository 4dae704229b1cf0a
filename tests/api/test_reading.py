"""Confirming and correcting by the API how a recording was read."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from patients.models import Recording
from tests.factories import ModelReleaseFactory
from tests.ml.poses import samples

URL = "/api/v1/recordings/"


@pytest.fixture
def recorded(people, as_user, django_capture_on_commit_callbacks):
    ModelReleaseFactory()
    with django_capture_on_commit_callbacks(execute=True):
        answer = as_user(people.lead).post(
            URL,
            {"patient": people.patient.uuid, "file": SimpleUploadedFile("a", samples.mediapipe_csv())},
            format="multipart",
        )
    return as_user(people.lead).get(f"{URL}{answer.json()['uuid']}/").json()


def test_the_answer_to_an_upload_tells_what_was_inferred(recorded):
    assert recorded["asks"]
    by_name = {fact["about"]: fact for fact in recorded["facts"]}
    assert by_name["frame rate"] == {
        "about": "frame rate",
        "value": "30 Hz",
        "known": "usual",
        "how": "as usual for MediaPipe",
    }
    assert "frame rate: 30 Hz, as usual for MediaPipe" in recorded["inferred"]
    assert (recorded["quality"], recorded["quality_reasons"]) == ("good", [])


def test_nothing_said_confirms(recorded, people, as_user):
    answer = as_user(people.lead).post(reverse("api:reading", args=[recorded["uuid"]]))
    assert answer.status_code == 200
    assert not answer.json()["asks"]
    assert answer.json()["confirmed_at"]
    assert answer.json()["analysis"]["uuid"] == recorded["analysis"]["uuid"]


def test_what_is_said_is_read_and_analysed_anew(recorded, people, as_user):
    answer = as_user(people.lead).post(
        reverse("api:reading", args=[recorded["uuid"]]), {"frame_rate": 25, "swap_sides": True}, format="json"
    )
    assert answer.status_code == 200
    assert answer.json()["frame_rate"] == 25.0
    assert {"about": "sides", "value": "left and right exchanged"}.items() <= answer.json()["facts"][
        -1
    ].items()
    assert answer.json()["analysis"]["uuid"] != recorded["analysis"]["uuid"]
    assert answer.json()["analysis"]["status"] == "queued"


def test_another_person_of_the_recording_is_chosen(people, as_user):
    file = SimpleUploadedFile("a", samples.npz(samples.two_people()))
    told = as_user(people.lead).post(URL, {"patient": people.patient.uuid, "file": file}, format="multipart")
    assert told.json()["asks"]
    facts = {fact["about"]: fact["value"] for fact in told.json()["facts"]}
    assert facts["person"] == "2 of 2"
    address = reverse("api:reading", args=[told.json()["uuid"]])
    answer = as_user(people.lead).post(address, {"person": 1}, format="json")
    facts = {fact["about"]: (fact["value"], fact["known"]) for fact in answer.json()["facts"]}
    assert facts["person"] == ("1 of 2", "person")
    nobody = as_user(people.lead).post(address, {"person": 3}, format="json")
    assert (nobody.status_code, nobody.json()["errors"][0]["code"]) == (400, "several_people")


@pytest.mark.parametrize(
    ("said", "attr", "code"),
    [
        ({"unit": "mm"}, "file", "not_metres"),
        ({"unit": "miles"}, "unit", "invalid_choice"),
        ({"frame_rate": 1}, "frame_rate", "min_value"),
        ({"up": "w"}, "up", "invalid_choice"),
    ],
)
def test_what_cannot_be_is_refused_by_code(recorded, people, as_user, said, attr, code):
    url = reverse("api:reading", args=[recorded["uuid"]])
    answer = as_user(people.lead).post(url, said, format="json")
    assert answer.status_code == 400
    assert [(error["attr"], error["code"]) for error in answer.json()["errors"]] == [(attr, code)]
    assert Recording.objects.get().reading == 1
