"""What clinicians said of the days of a report: their notes on the sessions, and who gave the verdicts."""

from collections import Counter
from datetime import date
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from feedback.models import Analysis, Note
from feedback.selectors import standing_verdicts
from patients.models import Patient

#: What a second page has room for.
MOST_REVIEWERS, MOST_NOTES = 6, 8


def session_notes(patient: Patient, start: date, end: date) -> list[dict[str, str]]:
    """Return the newest notes on the sessions of these days, oldest first: on what, the words, by whom."""
    notes = Note.objects.filter(session__patient=patient, session__day__range=(start, end), deleted_at=None)
    newest = notes.select_related("session", "repetition", "author").defer("repetition__motion")[:MOST_NOTES]
    return [
        {"about": _about(note), "text": note.text, "by": str(note.author)} for note in reversed(list(newest))
    ]


def _about(note: Note) -> str:
    day = date_format(note.session.day, "j M Y")
    if note.repetition is None:
        return day
    if note.frame is None:
        return _("{day}, repetition {number}").format(day=day, number=note.repetition.index)
    return _("{day}, repetition {number}, at {seconds} s").format(
        day=day, number=note.repetition.index, seconds=f"{note.frame / note.repetition.frame_rate:.1f}"
    )


def reviewers(analyses: QuerySet[Analysis]) -> list[dict[str, Any]]:
    """Return who gave the verdicts that stand, how many, and when."""
    verdicts = standing_verdicts().filter(repetition__analysis__in=analyses.order_by().values("pk"))
    given: Counter[str] = Counter()
    days: dict[str, set[date]] = {}
    for verdict in verdicts.select_related("clinician").order_by("at", "pk"):
        name = str(verdict.clinician)
        given[name] += 1
        days.setdefault(name, set()).add(timezone.localdate(verdict.at))
    return [
        {"name": name, "count": number, "days": _span(days[name])}
        for name, number in given.most_common(MOST_REVIEWERS)
    ]


def _span(days: set[date]) -> str:
    first, last = (date_format(day, "j M Y") for day in (min(days), max(days)))
    return first if first == last else _("{start} to {end}").format(start=first, end=last)
