"""Reports by the API: asked for, followed, taken as PDF."""

import pytest

from feedback.models import Report
from feedback.tasks import make_report
from tests.factories import days_ago
from tests.site.pages import analysed


@pytest.fixture
def address(people):
    analysed(people.patient, ["squat.knees_inward", "squat.correct"], corrected=True)
    return f"/api/v1/patients/{people.patient.uuid}/reports/"


def days(first: int, last: int) -> dict[str, str]:
    return {"start": str(days_ago(first).date()), "end": str(days_ago(last).date())}


def test_a_report_is_asked_for_followed_and_taken(people, as_user, address):
    client = as_user(people.lead)
    asked = client.post(address, {**days(3, 0), "note": "Go on."}, format="json")
    assert asked.status_code == 202
    assert (asked.json()["status"], asked.json()["file"], asked.json()["total"]) == ("queued", None, None)
    again = client.post(address, {**days(3, 0), "note": "Go on."}, format="json")
    assert again["Location"] == asked["Location"]
    first = client.get(asked["Location"])
    assert client.get(asked["Location"], headers={"If-None-Match": first["ETag"]}).status_code == 304
    make_report(str(Report.objects.get().uuid))
    ready = client.get(asked["Location"], headers={"If-None-Match": first["ETag"]})
    told = ready.json()
    assert (ready.status_code, told["status"], told["reviewed"], told["total"]) == (200, "done", 0, 2)
    pdf = client.get(told["file"])
    assert pdf["Content-Type"] == "application/pdf"
    assert b"".join(pdf.streaming_content).startswith(b"%PDF-")


def test_no_file_before_it_is_made(people, as_user, address):
    client = as_user(people.lead)
    asked = client.post(address, days(3, 0), format="json")
    assert client.get(asked["Location"] + "file/").status_code == 404


@pytest.mark.parametrize(
    ("body", "field", "code"),
    [
        (days(0, 3), "end", "ends_before_start"),
        ({"end": "2026-01-01"}, "start", "required"),
        ({"start": "yesterday", "end": "2026-01-01"}, "start", "invalid"),
    ],
)
def test_what_makes_no_period_is_refused(people, as_user, address, body, field, code):
    response = as_user(people.lead).post(address, body, format="json")
    assert response.status_code == 400
    assert [(one["attr"], one["code"]) for one in response.json()["errors"]] == [(field, code)]
    assert not Report.objects.exists()
