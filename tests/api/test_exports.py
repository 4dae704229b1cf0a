"""Exports by the API: choices are checked, small ones come at once, whole patients by a worker."""

import io
from zipfile import ZipFile

import pytest

from feedback.models import Export
from tests.feedback.exports.zips import made, opened
from tests.site.pages import analysed


@pytest.fixture
def session(people):
    return analysed(people.patient, ["squat.knees_inward", "squat.correct"], corrected=True)


def test_formats_and_convention_are_chosen(people, as_user, session):
    url = f"/api/v1/sessions/{session.uuid}/export/?formats=trc&formats=bvh&convention=opensim"
    response = as_user(people.lead).get(url)
    assert response["Content-Type"] == "application/zip"
    archive = opened(response)
    assert {name.rsplit(".", 1)[1] for name in archive.namelist()} == {"txt", "csv", "trc", "bvh"}
    assert "x forward, y up, z right" in archive.read("README.txt").decode()


def test_without_a_choice_there_are_the_tables_alone(people, as_user, session):
    repetition = session.analyses.get().repetitions.first()
    archive = opened(as_user(people.lead).get(f"/api/v1/repetitions/{repetition.uuid}/export/"))
    assert {name.rsplit(".", 1)[1] for name in archive.namelist()} == {"txt", "csv"}


@pytest.mark.parametrize("query", ["formats=fbx", "convention=maya"])
def test_what_cannot_be_written_is_refused(people, as_user, session, query):
    response = as_user(people.lead).get(f"/api/v1/sessions/{session.uuid}/export/?{query}")
    assert response.status_code == 400
    (error,) = response.json()["errors"]
    assert error["code"] == "invalid_choice"
    assert error["attr"].startswith(query.split("=")[0])


def test_a_patient_is_asked_for_followed_and_taken(people, as_user, session):
    client = as_user(people.lead)
    asked = client.post(
        f"/api/v1/patients/{people.patient.uuid}/export/",
        {"formats": ["c3d"], "convention": "blender"},
        format="json",
    )
    assert asked.status_code == 202
    assert (asked.json()["status"], asked.json()["file"]) == ("queued", None)
    again = client.post(f"/api/v1/patients/{people.patient.uuid}/export/", {}, format="json")
    assert (again.status_code, again["Location"]) == (200, asked["Location"])
    first = client.get(asked["Location"])
    assert client.get(asked["Location"], headers={"If-None-Match": first["ETag"]}).status_code == 304
    made(Export.objects.get())
    ready = client.get(asked["Location"], headers={"If-None-Match": first["ETag"]})
    assert (ready.status_code, ready.json()["status"], ready.json()["done"]) == (200, "done", 2)
    archive = ZipFile(io.BytesIO(b"".join(client.get(ready.json()["file"]).streaming_content)))
    assert sum(name.endswith(".c3d") for name in archive.namelist()) == 3
