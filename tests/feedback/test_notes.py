"""Notes of clinicians: on what, by whom, which are refused, and who may take one away."""

import uuid

import pytest
from django.core.exceptions import PermissionDenied
from django.http import Http404

from feedback.models import Note
from feedback.notes import NoteError, delete_note, notes_of, write_note
from patients.models import AccessLogEntry
from patients.permissions import access_to
from tests.factories import NoteFactory, People, RepetitionFactory


@pytest.fixture
def repetition(people: People):
    return RepetitionFactory(analysis__recording__patient=people.patient)


def write(people, noted, **values):
    values = {
        "user": people.lead,
        "session": noted.analysis.session,
        "text": "Hips hinge first.",
        **values,
    }
    return write_note(**values)


def test_on_the_session_a_repetition_and_a_moment(people, repetition):
    write(people, repetition)
    write(people, repetition, repetition=repetition.uuid)
    note, created = write(people, repetition, repetition=repetition.uuid, frame=46, text="  here ")
    assert (created, note.text, note.frame, note.author) == (True, "here", 46, people.lead)
    kept = notes_of(note.session, access_to(people.reader, people.patient))
    assert [(one.repetition_id, one.frame) for one in kept] == [
        (repetition.pk, 46),
        (repetition.pk, None),
        (None, None),
    ]
    assert AccessLogEntry.objects.filter(subject="note", action="create").count() == 3


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"text": "  "}, "empty_note"),
        ({"text": "x" * 2001}, "long_note"),
        ({"frame": 3}, "no_such_frame"),
        ({"repetition": uuid.uuid4()}, "no_such_repetition"),
    ],
)
def test_what_is_refused(people, repetition, values, code):
    with pytest.raises(NoteError) as refused:
        write(people, repetition, **values)
    assert refused.value.code == code
    assert not Note.objects.exists()


@pytest.mark.parametrize("frame", [-1, 90])
def test_a_frame_outside_the_repetition_is_refused(people, repetition, frame):
    with pytest.raises(NoteError) as refused:
        write(people, repetition, repetition=repetition.uuid, frame=frame)
    assert refused.value.code == "no_such_frame"


def test_a_repetition_of_another_session_is_refused(people, repetition):
    other = RepetitionFactory(analysis__recording__patient=people.other_patient)
    with pytest.raises(NoteError) as refused:
        write(people, repetition, repetition=other.uuid)
    assert refused.value.code == "no_such_repetition"


def test_what_is_sent_again_is_kept_once_and_an_id_cannot_be_taken_over(people, repetition):
    chosen = uuid.uuid4()
    first, _ = write(people, repetition, uuid=chosen)
    assert write(people, repetition, uuid=chosen) == (first, False)
    with pytest.raises(NoteError) as refused:
        write(people, repetition, uuid=chosen, user=people.colleague, text="mine")
    assert refused.value.code == "note_id_taken"
    assert Note.objects.get().text == "Hips hinge first."


@pytest.mark.parametrize(
    ("who", "refusal"),
    [
        ("reader", PermissionDenied),
        ("patient_user", PermissionDenied),
        ("stranger", Http404),
        ("unassigned", Http404),
    ],
)
def test_who_may_not_write(people, repetition, who, refusal):
    with pytest.raises(refusal):
        write(people, repetition, user=getattr(people, who))


def test_the_patient_does_not_read_them(people, repetition):
    with pytest.raises(PermissionDenied):
        notes_of(repetition.analysis.session, access_to(people.patient_user, people.patient))


def test_only_the_author_takes_one_away_and_the_record_stays(people, repetition):
    note, _ = write(people, repetition)
    with pytest.raises(PermissionDenied):
        delete_note(user=people.colleague, note=note)
    delete_note(user=people.lead, note=note)
    delete_note(user=people.lead, note=note)
    assert not notes_of(note.session, access_to(people.lead, people.patient))
    note.refresh_from_db()
    assert note.deleted_at
    assert note.text == "Hips hinge first."
    logged = AccessLogEntry.objects.filter(subject="note", subject_uuid=note.uuid)
    assert sorted(logged.values_list("action", flat=True)) == ["change", "create"]


def test_a_note_outlives_its_repetition(people, repetition):
    note = NoteFactory(session=repetition.analysis.session, repetition=repetition, frame=3)
    repetition.delete()
    note.refresh_from_db()
    assert note.repetition is None
