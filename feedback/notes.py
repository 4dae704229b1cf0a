"""Notes of clinicians on a session, a repetition, or one moment of it. The patient never reads them."""

from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404
from django.utils import timezone

from feedback import wording
from feedback.models import ExerciseSession, Note, Repetition
from feedback.refusals import Refusal
from patients.models import AccessLogEntry, User
from patients.permissions import Access, access_to, log_access, require, visible_patients

if TYPE_CHECKING:
    from patients.permissions import AnyUser

MAX_NOTE = 2000


class NoteError(Refusal):
    """A note is refused."""

    SENTENCES = wording.NOTES


def write_note(
    *,
    user: User,
    session: ExerciseSession,
    text: str,
    repetition: UUID | None = None,
    frame: int | None = None,
    uuid: UUID | None = None,
) -> tuple[Note, bool]:
    """Add a note; return it and whether it is new: one whose `uuid` is there already is not added again.

    `frame` counts from 0 within the repetition.
    """
    require(user, session.patient, "may_review")
    text = text.strip()
    if not text:
        raise NoteError("empty_note")
    if len(text) > MAX_NOTE:
        raise NoteError("long_note", most=MAX_NOTE)
    about = _repetition(session, repetition, frame)
    with transaction.atomic():
        note, created = Note.objects.get_or_create(
            uuid=uuid or uuid4(),
            defaults={"session": session, "repetition": about, "frame": frame, "author": user, "text": text},
        )
        if created:
            log_access(user, session.patient, AccessLogEntry.Action.CREATE, "note", note.uuid)
    if (note.session_id, note.author_id) != (session.pk, user.pk):
        raise NoteError("note_id_taken")
    return note, created


def _repetition(session: ExerciseSession, uuid: UUID | None, frame: int | None) -> Repetition | None:
    if uuid is None:
        if frame is not None:
            raise NoteError("no_such_frame")
        return None
    found = Repetition.objects.filter(uuid=uuid, analysis__session=session).defer("motion").first()
    if found is None:
        raise NoteError("no_such_repetition")
    if frame is not None and not 0 <= frame < found.end_frame - found.start_frame:
        raise NoteError("no_such_frame")
    return found


def delete_note(*, user: User, note: Note) -> None:
    """Take away a note of the user's own: it is shown no more; the row and the log tell that it was."""
    patient = note.session.patient
    require(user, patient, "may_review")
    if note.author_id != user.pk:
        raise PermissionDenied
    with transaction.atomic():
        if Note.objects.filter(pk=note.pk, deleted_at=None).update(deleted_at=timezone.now()):
            log_access(user, patient, AccessLogEntry.Action.CHANGE, "note", note.uuid)


def notes_of(session: ExerciseSession, access: Access) -> QuerySet[Note]:
    """Return the notes on a session and on its repetitions, newest first. Not for the patient: 403."""
    if access.is_own:
        raise PermissionDenied
    return (
        session.notes.filter(deleted_at=None)
        .select_related("author", "repetition")
        .defer("repetition__motion")
    )


def note_for(user: "AnyUser", note_uuid: UUID) -> Note:
    """Return a note that was not deleted; 404 for a stranger, 403 for the patient."""
    note = (
        Note.objects.filter(uuid=note_uuid, deleted_at=None, session__patient__in=visible_patients(user))
        .select_related("session__patient", "author")
        .first()
    )
    access = access_to(user, note.session.patient) if note else None
    if note is None or access is None:
        raise Http404
    if access.is_own:
        raise PermissionDenied
    return note
