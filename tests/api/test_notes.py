"""Notes through the API."""

import uuid

import pytest

from feedback.models import Note
from tests import factories as make


@pytest.fixture
def repetition(people):
    return make.RepetitionFactory(analysis__recording__patient=people.patient)


def url_of(repetition):
    return f"/api/v1/sessions/{repetition.analysis.session.uuid}/notes/"


def test_a_note_is_written_read_and_deleted(people, as_user, repetition):
    client = as_user(people.lead)
    form = {
        "text": "Left heel lifts.",
        "repetition": str(repetition.uuid),
        "frame": 12,
        "uuid": str(uuid.uuid4()),
    }
    answers = [client.post(url_of(repetition), form, format="json") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 200]
    (note,) = as_user(people.reader).get(url_of(repetition)).json()
    assert note == answers[0].json()
    assert {name: note[name] for name in form} == form
    assert note["author"] == str(people.lead)
    assert client.post(f"/api/v1/notes/{note['uuid']}/delete/").status_code == 204
    assert client.post(f"/api/v1/notes/{note['uuid']}/delete/").status_code == 404
    assert client.get(url_of(repetition)).json() == []


@pytest.mark.parametrize(
    ("form", "attr", "code"),
    [
        ({}, "text", "required"),
        ({"text": " "}, "text", "blank"),
        ({"text": "x", "frame": 1}, "frame", "no_such_frame"),
        ({"text": "x", "frame": -1}, "frame", "min_value"),
        ({"text": "x", "repetition": str(uuid.uuid4())}, "repetition", "no_such_repetition"),
    ],
)
def test_a_note_that_does_not_fit_is_refused(people, as_user, repetition, form, attr, code):
    response = as_user(people.lead).post(url_of(repetition), form, format="json")
    assert response.status_code == 400
    (error,) = response.json()["errors"]
    assert (error["attr"], error["code"]) == (attr, code)
    assert not Note.objects.exists()
