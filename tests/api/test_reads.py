"""Reading patients, recordings, sessions and histories: pages, filters, queries, and the access log."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from feedback.models import Analysis, ExerciseSession
from patients.models import AccessLogEntry
from tests import factories as make

Severity = ExerciseSession.Severity


def recorded(patient, *, days=0, **recording):
    """A recording with a finished analysis of two repetitions; return the analysis."""
    recording = make.RecordingFactory(patient=patient, recorded_at=make.days_ago(days), **recording)
    analysis = make.AnalysisFactory(recording=recording, status=Analysis.Status.DONE)
    for _ in range(2):
        make.CorrectionFactory(repetition__analysis=analysis)
    return analysis


def results(response):
    assert response.status_code == 200, response.content
    return [row["uuid"] for row in response.json()["results"]]


def test_lists_hold_what_the_person_may_see_and_nothing_else(people, as_user):
    own, other = recorded(people.patient), recorded(people.other_patient)
    for path, mine, theirs in (
        ("patients", people.patient.uuid, people.other_patient.uuid),
        ("recordings", own.recording.uuid, other.recording.uuid),
        ("sessions", own.session.uuid, other.session.uuid),
    ):
        url = f"/api/v1/{path}/"
        for user in (people.lead, people.reader, people.clinic_admin, people.patient_user):
            assert results(as_user(user).get(url)) == [str(mine)]
        assert results(as_user(people.stranger).get(url)) == [str(theirs)]
        assert results(as_user(people.unassigned).get(url)) == []


@pytest.mark.parametrize("path", ["patients", "recordings", "sessions"])
def test_a_list_takes_as_many_queries_for_five_rows_as_for_one(people, as_user, path):
    client = as_user(people.clinic_admin)

    def read():
        with CaptureQueriesContext(connection) as queries:
            rows = len(results(client.get(f"/api/v1/{path}/")))
        return rows, len(queries)

    recorded(people.patient)
    before = read()
    for days in range(1, 5):
        recorded(make.PatientFactory(clinic=people.clinic), days=days)
    after = read()
    assert (before[0], after[0]) == (1, 5)
    assert before[1] == after[1] <= 8


def test_lists_come_in_pages(people, as_user):
    for days in range(51):
        make.ExerciseSessionFactory(patient=people.patient, day=make.days_ago(days).date())
    client = as_user(people.lead)
    first = client.get("/api/v1/sessions/").json()
    assert (first["count"], len(first["results"]), first["previous"]) == (51, 50, None)
    last = client.get(first["next"]).json()
    assert (len(last["results"]), last["next"]) == (1, None)
    missing = client.get("/api/v1/sessions/?page=3")
    assert (missing.status_code, missing.json()["errors"][0]["code"]) == (404, "not_found")


def test_sessions_can_be_filtered(people, as_user):
    today, last_week = recorded(people.patient).session, recorded(people.patient, days=7, pain=5).session
    ExerciseSession.objects.filter(pk=last_week.pk).update(severity=Severity.PAIN, unreviewed_count=2)
    client = as_user(people.lead)

    def found(query):
        return results(client.get(f"/api/v1/sessions/?{query}"))

    assert found("severity=pain") == found("unreviewed=true") == [str(last_week.uuid)]
    assert found("unreviewed=false") == found(f"day_after={today.day}") == [str(today.uuid)]
    assert found(f"day_before={last_week.day}") == [str(last_week.uuid)]
    assert len(found(f"patient={people.patient.uuid}")) == 2
    assert found(f"patient={people.other_patient.uuid}") == []
    bad = client.get("/api/v1/sessions/?severity=awful&day_after=soon")
    assert bad.status_code == 400
    assert bad.json()["type"] == "validation_error"
    row = client.get("/api/v1/sessions/?severity=pain").json()["results"][0]
    assert (row["severity"], row["pain"], row["unreviewed_count"]) == ("pain", 5, 2)


def test_recordings_and_patients_can_be_filtered(people, as_user):
    recorded(people.patient, exercise="squat")
    lunge = recorded(people.patient, exercise="lunge", days=4).recording
    client = as_user(people.lead)
    assert results(client.get("/api/v1/recordings/?exercise=lunge")) == [str(lunge.uuid)]
    before = make.days_ago(2).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert results(client.get(f"/api/v1/recordings/?recorded_before={before}")) == [str(lunge.uuid)]
    assert results(client.get("/api/v1/patients/?name=EXAMPLE")) == [str(people.patient.uuid)]
    assert results(client.get("/api/v1/patients/?name=nobody")) == []


def test_a_patient_comes_with_prescriptions_and_what_one_may_do(people, as_user):
    make.PrescriptionFactory(patient=people.patient, cue="Slowly.")
    url = f"/api/v1/patients/{people.patient.uuid}/"
    body = as_user(people.colleague).get(url).json()
    assert body["may"] == {"upload": True, "review": True, "prescribe": False}
    assert body["clinic"] == "Riverside"
    assert [p["cue"] for p in body["prescriptions"]] == ["Slowly."]


def test_a_session_holds_recordings_repetitions_and_what_counts_of_them(people, as_user):
    analysis = recorded(people.patient)
    first, _ = analysis.repetitions.all()
    make.VerdictFactory(repetition=first, decision="overridden", label="squat.front_bent")
    body = as_user(people.reader).get(f"/api/v1/sessions/{analysis.session.uuid}/").json()
    (shown,) = body["recordings"]
    assert shown["recording"]["uuid"] == str(analysis.recording.uuid)
    assert (shown["analysis"]["uuid"], shown["analysis"]["status"]) == (str(analysis.uuid), "done")
    repetition = shown["repetitions"][0]
    assert repetition["uuid"] == str(first.uuid)
    assert (repetition["finding"], repetition["label"]) == ("squat.knees_inward", "squat.front_bent")
    assert (repetition["probability"], repetition["verdict_decision"]) == (0.9, "overridden")
    assert repetition["correction"] == {
        "verified": True,
        "failed_checks": [],
        "largest_shift_m": 0.08,
        "joints": ["left_knee", "right_knee"],
    }


def test_a_session_takes_as_many_queries_for_three_recordings_as_for_one(people, as_user):
    analysis = recorded(people.patient)
    client = as_user(people.lead)

    def read():
        with CaptureQueriesContext(connection) as queries:
            body = client.get(f"/api/v1/sessions/{analysis.session.uuid}/").json()
        return len(body["recordings"]), len(queries)

    before = read()
    recorded(people.patient)
    recorded(people.patient)
    after = read()
    assert (before[0], after[0]) == (1, 3)
    assert before[1] == after[1] <= 11


def test_a_patient_sees_no_probability_and_no_finding_that_is_not_sure(people, as_user):
    analysis = recorded(people.patient)
    sure, unsure = analysis.repetitions.all()
    unsure.abstained, unsure.abstained_reason = True, "low_confidence"
    unsure.save()
    client = as_user(people.patient_user)
    body = client.get(f"/api/v1/sessions/{analysis.session.uuid}/").json()
    one, two = body["recordings"][0]["repetitions"]
    assert (one["finding"], one["probability"], one["probabilities"]) == ("squat.knees_inward", None, None)
    assert one["correction"]["verified"] is True
    assert (two["finding"], two["label"], two["correction"]) == (None, None, None)
    assert client.get(f"/api/v1/repetitions/{sure.uuid}/").json() == one
    assert client.get(f"/api/v1/repetitions/{unsure.uuid}/").json() == two


def test_the_history_of_a_patient(people, as_user):
    session = recorded(people.patient, days=3).session
    client = as_user(people.lead)
    url = f"/api/v1/patients/{people.patient.uuid}/history/"
    assert client.get(url).json() == {
        "patient": str(people.patient.uuid),
        "sessions": [
            {
                "session": str(session.uuid),
                "day": str(session.day),
                "exercise": "squat",
                "total": 2,
                "unreviewed": 2,
                "not_sure": 0,
                "counts": {"squat.knees_inward": 2},
            }
        ],
    }
    assert client.get(f"{url}?exercise=plank").json()["sessions"] == []
    assert client.get(f"{url}?end={make.days_ago(4).date()}").json()["sessions"] == []
    bad = client.get(f"{url}?start=yesterday")
    assert bad.status_code == 400
    assert bad.json()["errors"][0]["attr"] == "start"


def test_the_file_comes_back_as_it_was_and_never_as_a_page(people, as_user):
    recording = recorded(people.patient).recording
    response = as_user(people.lead).get(f"/api/v1/recordings/{recording.uuid}/file/")
    assert b"".join(response.streaming_content) == recording.file.open().read()
    assert response["Content-Type"] == "application/octet-stream"
    assert response["Content-Disposition"].startswith("attachment")
    assert people.patient.name not in response["Content-Disposition"]


def test_releases_are_listed_without_their_folder(people, as_user):
    release = make.ModelReleaseFactory(folder="/srv/secret/place")
    response = as_user(people.lead).get("/api/v1/releases/")
    assert results(response) == [str(release.uuid)]
    assert "secret" not in json.dumps(response.json())


def test_every_read_of_a_patients_data_is_noted(people, as_user):
    analysis = recorded(people.patient)
    repetition = analysis.repetitions.first()
    recording, session, patient = analysis.recording, analysis.session, people.patient
    client = as_user(people.reader)
    for path, subject, uuid in (
        (f"patients/{patient.uuid}/", "patient", patient.uuid),
        (f"patients/{patient.uuid}/history/", "history", patient.uuid),
        (f"recordings/{recording.uuid}/", "recording", recording.uuid),
        (f"recordings/{recording.uuid}/file/", "recording", recording.uuid),
        (f"sessions/{session.uuid}/", "session", session.uuid),
        (f"repetitions/{repetition.uuid}/", "repetition", repetition.uuid),
        (f"repetitions/{repetition.uuid}/motion/", "motion", repetition.uuid),
        (f"repetitions/{repetition.uuid}/verdicts/", "verdicts", repetition.uuid),
        ("patients/", "patient list", patient.uuid),
        ("recordings/", "recording list", patient.uuid),
        ("sessions/", "session list", patient.uuid),
    ):
        AccessLogEntry.objects.all().delete()
        assert client.get(f"/api/v1/{path}").status_code == 200
        entry = AccessLogEntry.objects.get()
        assert (entry.user, entry.patient) == (people.reader, patient)
        assert (entry.subject, entry.subject_uuid) == (subject, uuid)
        assert entry.action == ("download" if path.endswith("/file/") else "read")


def test_answers_with_patient_data_are_kept_by_no_cache(people, as_user):
    response = as_user(people.lead).get(f"/api/v1/patients/{people.patient.uuid}/")
    assert response["Cache-Control"] == "no-store, private"


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("recorded_after=2026-03-01T12:00:00Z", 1),
        ("recorded_before=2026-03-01T12:00:00Z", 1),
        ("recorded_after=2026-03-01T11:30:00%2B01:00&recorded_before=2026-03-01T13:30:00%2B01:00", 2),
        ("recorded_after=0001-01-01T00:00:00%2B14:00", 2),
        ("recorded_before=9999-12-31T23:59:59-14:00", 2),
        ("recorded_after=2026-03-01T00:00:00-16:19", 0),
        ("recorded_before=0918-05-16T07:20:05-16:22", 0),
    ],
)
def test_recordings_of_a_time_are_found_however_far_it_is_from_utc(people, as_user, query, found):
    for hour in (11, 12.25):
        at = datetime(2026, 3, 1, tzinfo=UTC) + timedelta(hours=hour)
        make.RecordingFactory(patient=people.patient, recorded_at=at)
    answer = as_user(people.lead).get(f"/api/v1/recordings/?{query}")
    assert answer.status_code == 200
    assert answer.json()["count"] == found
