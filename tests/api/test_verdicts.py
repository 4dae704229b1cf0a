"""Verdicts through the API: who may give one, which are refused, and that nothing is erased."""

import pytest

from feedback.models import Verdict
from tests import factories as make


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
