"""The API of a person's baseline."""

from feedback.models import BaselineRepetition
from tests import factories as make


def correct(people, **fields):
    analysis = make.AnalysisFactory(recording__patient=people.patient, status="done", **fields)
    return make.RepetitionFactory(analysis=analysis, finding="squat.correct")


def url_of(repetition):
    return f"/api/v1/repetitions/{repetition.uuid}/baseline/"


def test_a_repetition_is_put_in_and_taken_out(people, as_user):
    repetition, client = correct(people), as_user(people.lead)
    assert [client.put(url_of(repetition)).status_code for _ in range(2)] == [201, 204]
    assert client.get(f"/api/v1/repetitions/{repetition.uuid}/").json()["is_baseline"] is True
    (row,) = client.get(f"/api/v1/patients/{people.patient.uuid}/baseline/").json()
    assert row.pop("marked_at")
    assert row == {
        "repetition": str(repetition.uuid),
        "exercise": "squat",
        "session": str(repetition.analysis.session.uuid),
        "marked_by": str(people.lead),
    }
    assert [client.delete(url_of(repetition)).status_code for _ in range(2)] == [204, 204]
    assert client.get(f"/api/v1/patients/{people.patient.uuid}/baseline/").json() == []
    assert not BaselineRepetition.objects.exists()


def test_a_refusal_names_its_code(people, as_user):
    repetition = correct(people)
    repetition.finding = "squat.knees_inward"
    repetition.save()
    answer = as_user(people.lead).put(url_of(repetition))
    assert answer.status_code == 400
    (error,) = answer.json()["errors"]
    assert (error["attr"], error["code"]) == ("repetition", "not_correct")


def test_a_session_tells_what_its_recordings_were_compared_with(people, as_user):
    own = correct(people)
    later = correct(people, baseline=[str(own.uuid)])
    body = as_user(people.lead).get(f"/api/v1/sessions/{later.analysis.session.uuid}/").json()
    assert [one["analysis"]["baseline"] for one in body["recordings"]] == [None, [str(own.uuid)]]


def test_the_list_costs_as_many_queries_for_three_as_for_one(people, as_user, django_assert_num_queries):
    client, address = as_user(people.lead), f"/api/v1/patients/{people.patient.uuid}/baseline/"
    client.put(url_of(correct(people)))
    client.get(address)
    with django_assert_num_queries(7):
        client.get(address)
    for _ in range(2):
        client.put(url_of(correct(people)))
    with django_assert_num_queries(7):
        assert len(client.get(address).json()) == 3
