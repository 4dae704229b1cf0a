"""What clinicians said of a repetition, in words: verdicts and notes, the newest first. No query."""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.utils.translation import gettext as _

from feedback.models import Note, Verdict
from feedback.sentences import class_name


class Spoken(NamedTuple):
    """A verdict or a note: who said what, when, and of which moment."""

    at: datetime
    sentence: str
    text: str
    frame: int | None = None
    #: Of a note: its id, and who may delete it.
    note: UUID | None = None
    author: int | None = None


def both_names(code: str, second: str) -> str:
    """Return the name of a finding, or of two mistakes at once."""
    if not second:
        return class_name(code)
    return _("%(most)s and %(last)s") % {"most": class_name(code), "last": class_name(second).lower()}


def spoken(verdicts: Iterable[Verdict], notes: Iterable[Note]) -> list[Spoken]:
    """Return verdicts and notes in one list, the newest first."""
    said = [*map(_verdict, verdicts), *map(spoken_note, notes)]
    return sorted(said, key=lambda one: one.at, reverse=True)


def spoken_note(note: Note) -> Spoken:
    """Return a note in words."""
    sentence = _("%(who)s noted:") % {"who": note.author}
    return Spoken(note.at, sentence, note.text, note.frame, note.uuid, note.author_id)


def _verdict(verdict: Verdict) -> Spoken:
    sentences = {
        Verdict.Decision.CONFIRMED: _("%(who)s confirmed: %(what)s."),
        Verdict.Decision.OVERRIDDEN: _("%(who)s decided: %(what)s."),
        Verdict.Decision.NOT_A_REPETITION: _("%(who)s decided: not a repetition."),
        Verdict.Decision.UNDONE: _("%(who)s took the verdict back."),
    }
    what = both_names(verdict.label, verdict.second_label).lower() if verdict.label else ""
    said = sentences[Verdict.Decision(verdict.decision)] % {"who": verdict.clinician, "what": what}
    why = f"{verdict.get_reason_display()}." if verdict.reason else ""
    return Spoken(verdict.at, f"{said} {why}".strip(), verdict.note)
