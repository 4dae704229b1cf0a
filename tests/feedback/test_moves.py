"""Moving a recording to another patient: what goes with it, what is recorded, who may, what is refused."""

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.http import Http404
from django.test.utils import CaptureQueriesContext

from feedback.models import ExerciseSession, Note, RecordingMove, Verdict
from feedback.moves import MoveError, move_recording, moves_of, targets_for
from feedback.verdicts import give_verdict
from patients.models import AccessLogEntry, Patient
from tests.factories import (
    AnalysisFactory,
    CareAssignmentFactory,
    NoteFactory,
    PatientFactory,
    People,
    RecordingFactory,
)
from tests.site.pages import analysed


@pytest.fixture
def right(people: People) -> Patient:
    """The patient whose recording it is, in the care of the lead and the colleague."""
    patient = PatientFactory(clinic=people.clinic, name="Right Example")
    for user, level in ((people.lead, "colleague"), (people.colleague, "lead"), (people.reader, "reader")):
        CareAssignmentFactory(patient=patient, membership=user.memberships.get(), level=level)
    return patient


def test_all_that_is_known_goes_with_it_and_sessions_are_counted_anew(people: People, right: Patient) -> None:
    wrong = analysed(people.patient, ["squat.knees_inward", "squat.correct"], day=2)
    later = analysed(people.patient, ["squat.knees_inward"], day=1)
    theirs = analysed(right, ["squat.correct"], day=2)
    recording = wrong.analyses.get().recording
    repetition = wrong.analyses.get().repetitions.first()
    give_verdict(user=people.lead, repetition=repetition, decision="confirmed")
    note = NoteFactory(session=wrong, repetition=repetition, author=people.lead)
    later.refresh_from_db()
    assert later.severity == ExerciseSession.Severity.REPEATED

    move_recording(user=people.lead, recording=recording, to=right, reason=" chosen by mistake ")

    recording.refresh_from_db()
    assert recording.patient == right
    assert not ExerciseSession.objects.filter(pk=wrong.pk).exists()  # it held nothing more
    theirs.refresh_from_db()
    assert (theirs.repetition_count, theirs.unreviewed_count) == (3, 2)
    assert Note.objects.get(pk=note.pk).session == theirs
    assert Verdict.objects.get().repetition == repetition
    later.refresh_from_db()
    assert later.severity == ExerciseSession.Severity.NEW


def test_it_is_recorded_on_both(people: People, right: Patient) -> None:
    recording = analysed(people.patient, ["squat.correct"]).analyses.get().recording
    move = move_recording(user=people.colleague, recording=recording, to=right, reason=" chosen by mistake ")
    assert (move.from_patient, move.to_patient, move.reason) == (people.patient, right, "chosen by mistake")
    logged = AccessLogEntry.objects.filter(subject="recording move", subject_uuid=recording.uuid)
    assert {entry.patient for entry in logged} == {people.patient, right}
    for patient in (people.patient, right):
        assert list(moves_of(patient)) == [move]


def test_a_session_keeps_what_else_it_holds(people: People, right: Patient) -> None:
    session = analysed(people.patient, ["squat.correct"], day=1)
    recording = session.analyses.get().recording
    analysed(people.patient, ["lunge.correct"], day=1)
    NoteFactory(session=session, author=people.lead)
    move_recording(user=people.lead, recording=recording, to=right, reason="mistake")
    session.refresh_from_db()
    assert (session.repetition_count, session.notes.count()) == (1, 1)


def test_a_note_on_the_session_keeps_an_empty_one(people: People, right: Patient) -> None:
    session = analysed(people.patient, ["squat.correct"])
    NoteFactory(session=session, author=people.lead)
    move_recording(user=people.lead, recording=session.analyses.get().recording, to=right, reason="mistake")
    session.refresh_from_db()
    assert session.repetition_count == 0


@pytest.mark.parametrize(
    ("who", "refusal"),
    [
        ("reader", PermissionDenied),
        ("clinic_admin", PermissionDenied),
        ("patient_user", PermissionDenied),
        ("stranger", Http404),
        ("unassigned", Http404),
    ],
)
def test_who_may_not(people: People, right: Patient, who: str, refusal: type[Exception]) -> None:
    recording = RecordingFactory(patient=people.patient)
    with pytest.raises(refusal):
        move_recording(user=getattr(people, who), recording=recording, to=right, reason="mistake")
    assert not RecordingMove.objects.exists()


def test_both_patients_have_to_be_the_users(people: People) -> None:
    for patient in (PatientFactory(clinic=people.clinic), people.other_patient):
        with pytest.raises(Http404):
            move_recording(
                user=people.lead, recording=RecordingFactory(patient=people.patient), to=patient, reason="x"
            )


@pytest.mark.parametrize(
    ("what", "code"),
    [
        ("reason", "no_reason"),
        ("same", "same_patient"),
        ("has", "has_it_already"),
        ("running", "being_analysed"),
        ("clinic", "other_clinic"),
    ],
)
def test_what_is_refused(people: People, right: Patient, what: str, code: str) -> None:
    recording, to = RecordingFactory(patient=people.patient), right
    AnalysisFactory(recording=recording, status="running" if what == "running" else "queued")
    if what == "same":
        to = people.patient
    if what == "has":
        RecordingFactory(patient=right, sha256=recording.sha256)
    if what == "clinic":
        to = people.other_patient
        membership = people.stranger.memberships.get()
        membership.pk, membership.user = None, people.lead
        membership.save()
        CareAssignmentFactory(patient=to, membership=membership)
    with pytest.raises(MoveError) as refused:
        move_recording(
            user=people.lead, recording=recording, to=to, reason=" " if what == "reason" else "mistake"
        )
    assert refused.value.code == code
    recording.refresh_from_db()
    assert recording.patient == people.patient


def test_only_patients_whom_one_reviews_are_offered_with_one_query(people: People, right: Patient) -> None:
    recording = RecordingFactory(patient=people.patient)
    PatientFactory(clinic=people.clinic)
    with CaptureQueriesContext(
        connection,
    ) as asked:
        assert list(targets_for(people.lead, recording)) == [right]
    assert len(asked) == 1
    assert not targets_for(people.reader, recording)
    assert not targets_for(people.patient_user, recording)
