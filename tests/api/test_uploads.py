"""Uploading through the API: what is accepted, what is refused with which code, and how often."""

import io
import json
import pickle

import numpy as np
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from rest_framework.test import APIClient

from feedback.models import Analysis
from ml.poses.writers.exfb_json import as_exfb_json
from patients.api import UploadThrottle
from patients.keys import create_api_key
from patients.models import AccessLogEntry, Patient, Recording
from tests.factories import ModelReleaseFactory, PatientFactory, days_ago
from tests.motions import pose_bytes, pose_upload, squats

URL = "/api/v1/recordings/"


@pytest.fixture
def upload(people, as_user):
    """Send a file for the patient as the lead clinician, or as told."""

    def send(file, *, user=people.lead, patient=people.patient, **fields):
        form = {"patient": patient.uuid, "file": file, **fields}
        return as_user(user).post(URL, form, format="multipart")

    return send


def codes(response):
    body = response.json()
    return [(error["attr"], error["code"]) for error in body["errors"]]


@pytest.mark.django_db(transaction=True)
def test_an_upload_is_accepted_and_its_analysis_can_be_followed(upload, people, as_user):
    ModelReleaseFactory()
    day = days_ago(3)
    response = upload(pose_upload(), exercise="squat", pain=2, recorded_at=day.isoformat())
    assert response.status_code == 202
    recording = Recording.objects.get()
    analysis = Analysis.objects.get()
    assert (recording.exercise, recording.pain, recording.recorded_at) == ("squat", 2, day)
    assert recording.uploaded_by == people.lead
    body = response.json()
    assert body["uuid"] == str(recording.uuid)
    assert body["patient"] == str(people.patient.uuid)
    assert body["frames"] == 180
    assert response["Location"] == body["analysis"]["url"] == reverse("api:analysis", args=[analysis.uuid])
    assert as_user(people.lead).get(response["Location"]).json()["status"] == "queued"


@pytest.mark.django_db(transaction=True)
def test_a_known_file_is_answered_with_the_recording_that_there_is(upload):
    ModelReleaseFactory()
    first, second = upload(pose_upload()), upload(pose_upload())
    assert (first.status_code, second.status_code) == (202, 200)
    assert first.json() == second.json()
    assert first["Location"] == second["Location"]
    assert Recording.objects.count() == Analysis.objects.count() == 1


def test_a_recording_without_a_release_is_kept(upload):
    response = upload(pose_upload())
    assert response.status_code == 202
    assert response.json()["analysis"] is None
    assert "Location" not in response


def test_an_integration_uploads_with_a_key_and_without_a_csrf_token(people):
    _, secret = create_api_key(user=people.colleague, name="clinic system", scopes=["read", "upload"])
    client = APIClient(enforce_csrf_checks=True)
    form = {"patient": people.patient.uuid}
    assert client.post(URL, {**form, "file": pose_upload()}, format="multipart").status_code == 401
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
    assert client.post(URL, {**form, "file": pose_upload()}, format="multipart").status_code == 202


def test_a_page_needs_its_csrf_token(people):
    client = APIClient(enforce_csrf_checks=True)
    client.force_login(people.lead)
    fields = {"patient": people.patient.uuid, "file": pose_upload()}
    assert client.post(URL, fields, format="multipart").status_code == 403
    assert not Recording.objects.exists()


def named(data: bytes, name: str = "recording.json") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, data)


def changed(*left_out: str, **changes: object) -> bytes:
    """A good file with keys left out or changed."""
    data = as_exfb_json(squats()) | changes
    return json.dumps({key: value for key, value in data.items() if key not in left_out}).encode()


def frames_of(value: object, count: int = 90) -> list:
    return [[[value] * 3] * 19] * count


def without_ankles() -> bytes:
    data = as_exfb_json(squats())
    gone = [i for i, name in enumerate(data["joints"]) if "ankle" in name or "knee" in name]
    data["joints"] = [name for i, name in enumerate(data["joints"]) if i not in gone]
    data["frames"] = [[joint for i, joint in enumerate(f) if i not in gone] for f in data["frames"]]
    return json.dumps(data).encode()


BAD = {
    "wrong type": (b"\x89PNG\r\n\x1a\n" + bytes(300), "photo.png", "unknown_format"),
    "a text": (b"Dear physiotherapist, see you on Monday.", "recording.json", "unknown_format"),
    "empty": (b"", "recording.json", "empty_file"),
    "truncated": (pose_bytes()[:2000], "recording.json", "truncated"),
    "NaN": (changed(frames=frames_of(float("nan"))), "recording.json", None),
    "nothing but nulls": (changed(frames=frames_of(None)), "recording.json", "no_person"),
    "one frame": (changed(frames=frames_of(1.0, 1)), "recording.json", "too_few_frames"),
    "no frame": (changed(frames=[]), "recording.json", None),
    "missing joints": (without_ankles(), "recording.json", "missing_joints"),
    "no frame rate": (changed("frame_rate"), "recording.json", "no_frame_rate"),
    "bad frame rate": (changed(frame_rate=-3), "recording.json", "bad_frame_rate"),
    "pickle": (pickle.dumps({"frames": [1, 2, 3]}), "recording.pkl", "unsafe_format"),
    "pickle named JSON": (pickle.dumps({"frames": [1, 2, 3]}), "recording.json", "unsafe_format"),
}


@pytest.mark.parametrize("case", BAD, ids=list(BAD))
def test_a_bad_file_is_refused_with_a_code_and_a_sentence(upload, case):
    data, name, code = BAD[case]
    response = upload(named(data, name))
    assert response.status_code == 400
    body = response.json()
    assert body["type"] == "validation_error"
    (error,) = body["errors"]
    assert error["attr"] == "file"
    assert code is None or error["code"] == code
    assert error["detail"].endswith(".")
    assert "/" not in error["detail"].replace("exfb.pose", "")
    assert not Recording.objects.exists()


def test_an_npz_that_hides_a_pickle_is_refused(upload):
    buffer = io.BytesIO()
    np.savez(buffer, positions=np.array([{"a": 1}], dtype=object), frame_rate=30.0)
    response = upload(named(buffer.getvalue(), "recording.npz"))
    assert response.status_code == 400
    assert response.json()["errors"][0]["attr"] == "file"


def test_too_large_a_file_is_refused(upload, settings):
    settings.MAX_UPLOAD_BYTES = 1000
    assert codes(upload(pose_upload())) == [("file", "too_large")]


@pytest.mark.parametrize(
    ("fields", "attr", "code"),
    [
        ({"pain": 11}, "pain", "max_value"),
        ({"exercise": "handstand"}, "exercise", "invalid_choice"),
        ({"recorded_at": "last Monday"}, "recorded_at", "invalid"),
        ({"recorded_at": "2999-01-01T00:00:00Z"}, "recorded_at", "bad_date"),
        ({"patient": "me"}, "patient", "invalid"),
        ({"file": ""}, "file", "invalid"),
    ],
)
def test_a_bad_statement_is_refused_by_field(people, as_user, fields, attr, code):
    form = {"patient": people.patient.uuid, "file": pose_upload(), **fields}
    response = as_user(people.lead).post(URL, form, format="multipart")
    assert response.status_code == 400
    assert codes(response) == [(attr, code)]


def test_a_form_without_anything_names_what_it_lacks(people, as_user):
    response = as_user(people.lead).post(URL, {}, format="multipart")
    assert set(codes(response)) == {("patient", "required"), ("file", "required")}


def test_json_is_no_upload(people, as_user):
    response = as_user(people.lead).post(URL, {"patient": str(people.patient.uuid)}, format="json")
    assert response.status_code == 415


def test_a_form_with_too_many_fields_is_a_bad_request(people, as_user, settings):
    settings.DATA_UPLOAD_MAX_NUMBER_FIELDS = 3
    response = as_user(people.lead).post(URL, {str(i): i for i in range(9)}, format="multipart")
    assert response.status_code == 400
    assert response.json()["type"] == "client_error"


def test_nobody_uploads_for_somebody_elses_patient_nor_learns_that_there_is_one(upload, people):
    stranger = upload(pose_upload(), user=people.stranger)
    nobody = upload(pose_upload(), user=people.stranger, patient=Patient(uuid=PatientFactory.build().uuid))
    assert stranger.status_code == nobody.status_code == 404
    assert stranger.json() == nobody.json()
    assert upload(pose_upload(), user=people.other_patient_user).status_code == 404
    assert not Recording.objects.exists()


def test_readers_and_admins_may_not_upload_and_the_try_is_noted(upload, people):
    assert upload(pose_upload(), user=people.reader).status_code == 403
    assert upload(pose_upload(), user=people.clinic_admin).status_code == 403
    refused = AccessLogEntry.objects.filter(patient=people.patient, action="refused")
    assert {entry.user for entry in refused} == {people.reader, people.clinic_admin}


def test_a_patient_uploads_their_own(upload, people):
    assert upload(pose_upload(), user=people.patient_user).status_code == 202


def test_uploads_are_throttled_apart_from_reads(upload, people, as_user, monkeypatch):
    monkeypatch.setattr(UploadThrottle, "rate", "2/hour", raising=False)
    answers = [upload(pose_upload(squats(n))).status_code for n in (1, 2, 3)]
    assert answers == [202, 202, 429]
    refused = upload(pose_upload(squats(3)))
    assert int(refused["Retry-After"]) > 0
    assert refused.json()["errors"][0]["code"] == "throttled"
    assert as_user(people.lead).get(URL).status_code == 200
    assert upload(pose_upload(), user=people.colleague).status_code == 200


REAL = ("rmd/vid_012_joints.csv", "rmd/vid_033_joints.csv", "formats/mediapipe/raight_squat_test_joints.json")


@pytest.mark.parametrize("name", REAL)
def test_real_recordings_are_accepted(upload, shared, name):
    path = shared / "data" / name
    response = upload(SimpleUploadedFile(path.name, path.read_bytes()))
    assert response.status_code == 202, response.json()
    assert response.json()["format"] == "mediapipe"
    assert response.json()["frames"] > 50
    assert response.json()["inferred"][0] == "frame rate: 30 Hz, as usual for MediaPipe"
    assert response.json()["asks"]
    assert response.json()["quality"] in ("good", "usable")
