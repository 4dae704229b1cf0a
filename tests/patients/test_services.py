"""Receiving recordings, people and keys: who may, what is refused, and that nothing is left behind."""

import datetime
import io

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404
from django.utils import timezone

from patients.models import AccessLogEntry, CareAssignment, Recording
from patients.permissions import access_to, visible_patients
from patients.services import (
    add_patient,
    assign_clinician,
    prescribe,
    receive_recording,
)
from patients.signals import recording_received
from patients.uploads import UploadError
from tests.factories import People
from tests.motions import pose_bytes, pose_upload, squats


@pytest.fixture
def received():
    """The recordings that the signal told of."""
    seen = []

    def note(sender, recording, **kwargs):
        seen.append(recording)

    recording_received.connect(note)
    yield seen
    recording_received.disconnect(note)


def upload(people: People, **changes):
    values = {"patient": people.patient, "user": people.patient_user, "file": pose_upload(), "name": "a.json"}
    return receive_recording(**(values | changes))


def stored_files(folder):
    return [path for path in folder.rglob("*") if path.is_file()]


def test_a_recording_is_kept_as_it_came(people, private_files, received, django_capture_on_commit_callbacks):
    data = pose_bytes()
    with django_capture_on_commit_callbacks(execute=True):
        recording, created = upload(people, file=io.BytesIO(data), exercise="squat", pain=3)
        assert received == []
    assert created
    assert received == [recording]
    with recording.file.open("rb") as file:
        assert file.read() == data
    recording.refresh_from_db()
    assert (recording.frames, recording.frame_rate) == (180, 30.0)
    assert (recording.format, recording.skeleton, recording.exercise, recording.pain) == (
        "exfb_json",
        "ec3d_19",
        "squat",
        3,
    )
    entry = AccessLogEntry.objects.get(subject="recording")
    assert (entry.user, entry.patient, entry.action) == (people.patient_user, people.patient, "create")


def test_a_stored_path_tells_neither_patient_nor_file_name(people):
    recording, _ = upload(people, name="Pat Example squat.json")
    assert recording.file.name == f"{recording.uuid.hex[:2]}/{recording.uuid.hex}"


def test_the_same_file_is_kept_once(people, private_files, received, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        first, _ = upload(people)
        second, created = upload(people, name="again.json")
    assert (second, created) == (first, False)
    assert len(stored_files(private_files)) == 1
    assert received == [first]


def test_another_patient_may_have_the_same_file(people):
    upload(people)
    _, created = upload(people, patient=people.other_patient, user=people.stranger)
    assert created


def test_a_race_of_the_same_file_leaves_one_row_and_one_file(people, private_files, monkeypatch):
    first, _ = upload(people)
    real_filter = Recording.objects.filter
    answers = iter([Recording.objects.none(), real_filter(pk=first.pk)])
    monkeypatch.setattr(Recording.objects, "filter", lambda **kwargs: next(answers))
    second, created = upload(people)
    monkeypatch.undo()
    assert (second, created) == (first, False)
    assert len(stored_files(private_files)) == 1


def test_nothing_stays_behind_when_the_row_cannot_be_written(people, private_files, monkeypatch):
    def refuse(self, *args, **kwargs):
        raise RuntimeError("database gone")

    monkeypatch.setattr(Recording, "save", refuse)
    with pytest.raises(RuntimeError):
        upload(people)
    assert stored_files(private_files) == []


@pytest.mark.parametrize("who", ["lead", "colleague", "patient_user"])
def test_who_may_upload(people, who):
    _, created = upload(people, user=getattr(people, who))
    assert created


@pytest.mark.parametrize(
    ("who", "refusal"),
    [
        ("reader", PermissionDenied),
        ("clinic_admin", PermissionDenied),
        ("unassigned", Http404),
        ("stranger", Http404),
        ("other_patient_user", Http404),
    ],
)
def test_who_may_not_upload(people, private_files, who, refusal):
    with pytest.raises(refusal):
        upload(people, user=getattr(people, who))
    assert not Recording.objects.exists()
    assert stored_files(private_files) == []


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"file": io.BytesIO(b"")}, "empty_file"),
        ({"file": io.BytesIO(b"\x80\x04\x95\x10\x00")}, "unsafe_format"),
        ({"file": io.BytesIO(b"%PDF-1.7 nothing to see")}, "unknown_format"),
        ({"file": io.BytesIO(pose_bytes()[:2000])}, "truncated"),
        ({"exercise": "bench_press"}, "bad_exercise"),
        ({"pain": 11}, "bad_pain"),
        ({"recorded_at": timezone.now() + datetime.timedelta(days=2)}, "bad_date"),
    ],
)
def test_what_is_refused(people, private_files, changes, code):
    with pytest.raises(UploadError) as refused:
        upload(people, **changes)
    assert refused.value.code == code
    assert refused.value.message.endswith((".", "again."))
    assert not Recording.objects.exists()
    assert stored_files(private_files) == []


def test_a_file_that_is_too_large_is_refused(people, settings):
    settings.MAX_UPLOAD_BYTES = 1000
    with pytest.raises(UploadError, match="larger") as refused:
        upload(people)
    assert refused.value.code == "too_large"


def test_a_simulated_motion_is_marked_as_such(people):
    sequence = squats()
    simulated = type(sequence)(sequence.positions, sequence.frame_rate, format="simulated")
    recording, _ = upload(people, file=pose_upload(simulated))
    assert recording.is_simulated


def test_a_clinician_becomes_lead_of_the_patient_they_add(people):
    patient = add_patient(user=people.unassigned, clinic=people.clinic, name=" New Person ", birth_year=1980)
    assert patient.name == "New Person"
    assert access_to(people.unassigned, patient).may_prescribe
    assert patient not in visible_patients(people.lead)


def test_an_admin_adds_a_patient_without_becoming_lead(people):
    patient = add_patient(user=people.clinic_admin, clinic=people.clinic, name="New Person")
    assert not patient.care_assignments.exists()


@pytest.mark.parametrize("who", ["stranger", "patient_user"])
def test_nobody_adds_patients_to_a_clinic_they_do_not_work_for(people, who):
    with pytest.raises(Http404):
        add_patient(user=getattr(people, who), clinic=people.clinic, name="New Person")


def test_a_patient_needs_a_name(people):
    with pytest.raises(ValidationError):
        add_patient(user=people.lead, clinic=people.clinic, name="  ")


def test_a_new_lead_replaces_the_former_who_stays_as_colleague(people):
    membership = people.unassigned.memberships.get()
    assign_clinician(user=people.clinic_admin, patient=people.patient, membership=membership, level="lead")
    levels = dict(people.patient.care_assignments.values_list("membership__user__email", "level"))
    assert levels["unassigned@example.org"] == CareAssignment.Level.LEAD
    assert levels["lead@example.org"] == CareAssignment.Level.COLLEAGUE


@pytest.mark.parametrize(("who", "refusal"), [("colleague", PermissionDenied), ("stranger", Http404)])
def test_who_may_not_assign(people, who, refusal):
    membership = people.unassigned.memberships.get()
    with pytest.raises(refusal):
        assign_clinician(
            user=getattr(people, who), patient=people.patient, membership=membership, level="reader"
        )


def test_nobody_of_another_clinic_is_assigned(people):
    with pytest.raises(Http404):
        assign_clinician(
            user=people.lead,
            patient=people.patient,
            membership=people.stranger.memberships.get(),
            level="reader",
        )


def test_the_lead_prescribes_and_a_colleague_does_not(people):
    values = {"exercise": "squat", "sets": 3, "repetitions": 10, "days_a_week": 5}
    prescription = prescribe(user=people.lead, patient=people.patient, **values)
    assert prescription.starts_on == timezone.localdate()
    with pytest.raises(PermissionDenied):
        prescribe(user=people.colleague, patient=people.patient, **values)
    with pytest.raises(ValidationError):
        prescribe(user=people.lead, patient=people.patient, **(values | {"sets": 0}))
