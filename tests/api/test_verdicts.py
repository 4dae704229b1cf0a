"""Verdicts through the API: who may give one, which are refused, and that nothing is erased."""

import uuid

import pytest

from feedback.models import Verdict
from tests import factories as make

FRONT_BENT = {"decision": "overridden", "label": "squat.front_bent"}


@pytest.fixture
def repetition(people):
    return make.RepetitionFactory(analysis__recording__patient=people.patient)


def url_of(repetition):
    return f"/api/v1/repetitions/{repetition.uuid}/verdicts/"


def test_a_verdict_is_added_and_counts(people, as_user, repetition):
    client = as_user(people.colleague)
    given = client.post(
        url_of(repetition),
        {"decision": "overridden", "label": "squat.front_bent", "note": "Leans."},
        format="json",
    )
    assert given.status_code == 201
    assert given.json()["clinician"] == str(people.colleague)
    shown = client.get(f"/api/v1/repetitions/{repetition.uuid}/").json()
    assert (shown["verdict_decision"], shown["label"]) == ("overridden", "squat.front_bent")


def test_two_mistakes_and_a_reason_are_shown(people, as_user, repetition):
    client = as_user(people.lead)
    form = {**FRONT_BENT, "second_label": "squat.not_low_enough", "reason": "examined"}
    given = client.post(url_of(repetition), form, format="json").json()
    labels = ("squat.not_low_enough", "squat.front_bent")
    assert (given["label"], given["second_label"], given["reason"]) == (*labels, "examined")
    shown = client.get(f"/api/v1/repetitions/{repetition.uuid}/").json()
    assert (shown["label"], shown["second_label"]) == labels


def test_a_verdict_sent_again_is_200_and_kept_once(people, as_user, repetition):
    client, form = as_user(people.lead), {"decision": "confirmed", "uuid": str(uuid.uuid4()), "seen": None}
    answers = [client.post(url_of(repetition), form, format="json") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 200]
    assert answers[0].json() == answers[1].json()
    assert Verdict.objects.get().uuid == uuid.UUID(form["uuid"])


def test_of_two_at_once_the_second_is_409_and_reads_the_first(people, as_user, repetition):
    form = {"decision": "confirmed", "seen": None}
    first = as_user(people.colleague).post(url_of(repetition), form, format="json").json()
    client = as_user(people.lead)
    told = client.post(url_of(repetition), {**FRONT_BENT, "seen": None}, format="json")
    assert told.status_code == 409
    body = told.json()
    assert (body["type"], body["errors"][0]["code"]) == ("client_error", "changed_meanwhile")
    assert body["standing"] == first
    again = client.post(url_of(repetition), {**FRONT_BENT, "seen": first["uuid"]}, format="json")
    assert again.status_code == 201


def test_verdicts_are_listed_newest_first_and_never_erased(people, as_user, repetition):
    client = as_user(people.lead)
    for decision in ("confirmed", "undone"):
        assert client.post(url_of(repetition), {"decision": decision}, format="json").status_code == 201
    assert [verdict["decision"] for verdict in client.get(url_of(repetition)).json()] == [
        "undone",
        "confirmed",
    ]
    assert client.delete(url_of(repetition)).status_code == 405
    assert Verdict.objects.count() == 2


@pytest.mark.parametrize(
    ("form", "attr", "code"),
    [
        ({}, "decision", "required"),
        ({"decision": "perhaps"}, "decision", "invalid_choice"),
        ({"decision": "overridden", "label": "lunge.correct"}, "label", "unknown_label"),
        ({"decision": "undone"}, "decision", "nothing_to_undo"),
        ({**FRONT_BENT, "second_label": "squat.correct"}, "second_label", "not_two_mistakes"),
        ({**FRONT_BENT, "reason": "mood"}, "reason", "unknown_reason"),
        ({**FRONT_BENT, "uuid": "1"}, "uuid", "invalid"),
        ({**FRONT_BENT, "seen": "1"}, "seen", "invalid"),
        ({"decision": "confirmed", "note": "x" * 501}, "note", "max_length"),
    ],
)
def test_a_verdict_that_does_not_fit_is_refused(people, as_user, repetition, form, attr, code):
    response = as_user(people.lead).post(url_of(repetition), form, format="json")
    assert response.status_code == 400
    (error,) = response.json()["errors"]
    assert (error["attr"], error["code"]) == (attr, code)
    assert not Verdict.objects.exists()


@pytest.mark.parametrize(
    ("name", "status"),
    [("reader", 403), ("clinic_admin", 403), ("patient_user", 403), ("stranger", 404), ("unassigned", 404)],
)
def test_others_may_not_judge(people, as_user, repetition, name, status):
    client = as_user(getattr(people, name))
    assert client.post(url_of(repetition), {"decision": "confirmed"}, format="json").status_code == status
    assert not Verdict.objects.exists()


def test_a_patient_does_not_read_the_notes(people, as_user, repetition):
    make.VerdictFactory(repetition=repetition, note="Not very careful.")
    response = as_user(people.patient_user).get(url_of(repetition))
    assert response.status_code == 403
    assert b"careful" not in response.content
