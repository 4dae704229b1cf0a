"""The session page: a clinician sees each repetition, understands, decides and moves on."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from feedback.baselines import baseline_of, by_exercise
from feedback.desk import Beside, Card, by_repetition, page_words, reasons, trays
from feedback.forms import ExportForm
from feedback.models import ExerciseSession, Note
from feedback.notes import notes_of
from feedback.previous import previous_sessions
from feedback.reanalysis import would_differ
from feedback.selectors import session_detail, waiting_sessions
from feedback.spoken import spoken_note
from patients.models import AccessLogEntry
from patients.permissions import log_access


@require_safe
def session(request: HttpRequest, session_uuid: UUID) -> HttpResponse:
    """Show a session's repetitions, beginning with the one asked for or the first that is not reviewed."""
    shown, access = session_detail(request.user, session_uuid)
    if access.is_own:
        return redirect("my_session", session_uuid=session_uuid)
    log_access(request.user, shown.patient, AccessLogEntry.Action.READ, "session", shown.uuid)
    context = {
        "session": shown,
        "patient": shown.patient,
        "access": access,
        "next_session": _next_session(request, shown),
        "words": page_words(),
        "export_form": ExportForm(),
        "reasons": reasons(),
        **_desk(
            shown,
            list(notes_of(shown, access)),
            request.GET.get("repetition") or request.GET.get("rep", ""),
            request.GET.get("exercise", ""),
        ),
    }
    return render(request, "feedback/session.html", context)


def _next_session(request: HttpRequest, shown: ExerciseSession) -> ExerciseSession | None:
    """Return the session that the key G opens: the severest other one."""
    return waiting_sessions(request.user).select_related("patient").exclude(pk=shown.pk).first()


def _desk(session: ExerciseSession, notes: list[Note], asked: str, exercise: str) -> dict[str, Any]:
    """Return the recordings and repetitions to show, the one to begin with, and how many are open."""
    beside = Beside(
        previous_sessions(session),
        by_repetition(notes),
        by_exercise(baseline_of(session.patient)),
        would_differ(session.shown_analyses),
    )
    recordings = trays(session.shown_analyses, beside)
    cards = [card for recording in recordings for card in recording.cards]
    return {
        "trays": recordings,
        "cards": cards,
        "current": _current(cards, asked, exercise),
        "session_notes": [spoken_note(note) for note in notes if note.repetition_id is None],
        "left": sum(card.is_open for card in cards),
    }


def _current(cards: list[Card], asked: str, exercise: str) -> Card | None:
    """The repetition asked for, else the first of the exercise asked for, the first open one, the first."""
    for number, card in enumerate(cards, start=1):
        if asked in (str(card.repetition.uuid), str(number)):
            return card
    of_exercise = next((card for card in cards if card.repetition.exercise == exercise), None)
    if of_exercise:
        return of_exercise
    return next((card for card in cards if card.is_open), cards[0] if cards else None)
