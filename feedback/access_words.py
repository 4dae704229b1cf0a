"""How a patient reads the access log: who did what with their data, on what ground."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import NamedTuple

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from feedback.wording import Text
from patients.models import AccessLogEntry, Patient
from patients.selectors import names_told

#: What the entries name, in words.
SUBJECTS: dict[str, Text] = {
    "access log": _("this list"),
    "analysis": _("the analysis of a recording"),
    "band": _("the range of your correct repetitions"),
    "baseline": _("your baseline"),
    "care_assignment": _("who cares for you"),
    "export": _("an export"),
    "history": _("your history"),
    "legal_hold": _("a legal hold"),
    "motion": _("a motion"),
    "note": _("a note"),
    "notes": _("notes"),
    "nothing": _("nothing that is there"),
    "patient": _("your record"),
    "patient list": _("a list with your name"),
    "prescription": _("a prescription"),
    "reanalysis": _("the analysis of all your recordings"),
    "recording": _("a recording"),
    "recording list": _("a list of recordings"),
    "recording move": _("whose a recording is"),
    "repetition": _("a repetition"),
    "repetitions": _("where repetitions begin and end"),
    "report": _("a report"),
    "reports": _("the list of reports"),
    "session": _("a session"),
    "session list": _("a list of sessions"),
    "something": _("something of yours"),
    "verdict": _("a verdict"),
    "verdicts": _("verdicts"),
}


class Line(NamedTuple):
    """One line of the log."""

    at: datetime
    who: str
    why: str
    action: str
    what: str
    is_refusal: bool


def lines_of(patient: Patient, entries: Iterable[AccessLogEntry]) -> Iterator[Line]:
    """Say entries of a patient's log in words. One query."""
    names = names_told(patient)
    for entry in entries:
        yield Line(
            at=entry.at,
            who=names.get(entry.user_id) or gettext("Somebody from elsewhere"),
            why=entry.get_ground_display(),
            action=entry.get_action_display(),
            what=str(SUBJECTS.get(entry.subject, entry.subject)),
            is_refusal=entry.action == AccessLogEntry.Action.REFUSED,
        )
