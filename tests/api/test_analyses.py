"""Following an analysis: what is told, what is not sent twice, and trying again."""

import pytest

from feedback.models import Analysis
from feedback.wording import for_clinician, for_patient
from tests import factories as make


@pytest.fixture
def analysis(people):
    return make.AnalysisFactory(recording__patient=people.patient)


def url_of(analysis):
    return f"/api/v1/analyses/{analysis.uuid}/"


def test_a_waiting_analysis_tells_its_place_and_whether_a_worker_is_there(people, as_user, analysis):
    body = as_user(people.patient_user).get(url_of(analysis)).json()
    assert body == {
        "uuid": str(analysis.uuid),
        "recording": str(analysis.recording.uuid),
        "session": str(analysis.session.uuid),
        "release": "test-release",
        "status": "queued",
        "step": "waiting",
        "place": 1,
        "expected_wait_seconds": None,
        "worker_connected": False,
        "worker": "",
        "attempts": 0,
        "log": "",
        "error": None,
    }
    make.WorkerFactory()
    assert as_user(people.patient_user).get(url_of(analysis)).json()["worker_connected"] is True


def test_polling_gets_304_until_something_changes(people, as_user, analysis):
    client = as_user(people.lead)
    etag = client.get(url_of(analysis))["ETag"]
    assert client.get(url_of(analysis), HTTP_IF_NONE_MATCH=etag).status_code == 304
    analysis.status, analysis.step = Analysis.Status.RUNNING, Analysis.Step.FINDINGS
    analysis.save()
    changed = client.get(url_of(analysis), HTTP_IF_NONE_MATCH=etag)
    assert changed.status_code == 200
    assert changed.json()["step"] == "findings"
    assert changed["ETag"] != etag


def test_a_failure_is_worded_for_who_reads_it(people, as_user, analysis):
    analysis.status, analysis.error_code = Analysis.Status.FAILED, "no_repetition_found"
    analysis.save()
    for user, words in ((people.lead, for_clinician), (people.patient_user, for_patient)):
        error = as_user(user).get(url_of(analysis)).json()["error"]
        assert error == {"code": "no_repetition_found", "message": words("no_repetition_found")}


def test_a_failed_analysis_can_be_tried_again(people, as_user, analysis):
    analysis.status, analysis.error_code = Analysis.Status.FAILED, "no_repetition_found"
    analysis.save()
    response = as_user(people.colleague).post(f"{url_of(analysis)}retry/")
    assert (response.status_code, response["Location"]) == (202, url_of(analysis))
    assert (response.json()["status"], response.json()["error"]) == ("queued", None)


def test_trying_again_what_did_not_fail_changes_nothing(people, as_user, analysis):
    response = as_user(people.lead).post(f"{url_of(analysis)}retry/")
    assert (response.status_code, response.json()["status"]) == (200, "queued")


@pytest.mark.parametrize("act", ["retry", "cancel"])
def test_a_reader_may_not_try_again_or_cancel(people, as_user, analysis, act):
    assert as_user(people.reader).post(f"{url_of(analysis)}{act}/").status_code == 403


def test_a_waiting_analysis_can_be_cancelled_and_tried_again(people, as_user, analysis):
    client = as_user(people.patient_user)
    body = client.post(f"{url_of(analysis)}cancel/").json()
    assert (body["status"], body["place"]) == ("cancelled", None)
    assert body["error"] == {"code": "cancelled", "message": for_patient("cancelled")}
    assert client.post(f"{url_of(analysis)}retry/").status_code == 202


def test_cancelling_what_has_ended_tells_how_it_ended(people, as_user, analysis):
    Analysis.objects.update(status=Analysis.Status.DONE)
    response = as_user(people.lead).post(f"{url_of(analysis)}cancel/")
    assert (response.status_code, response.json()["status"]) == (200, "done")
