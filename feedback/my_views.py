"""The patient's own pages: what to do today, the one thing to fix, and how each session went."""

from collections import Counter
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone

from feedback.grouping import Unit, first_day
from feedback.models import Analysis, ExerciseSession, Repetition
from feedback.plain import PlainResult
from feedback.selectors import session_detail, sessions_for, with_repetitions
from feedback.shown import shown_correction
from patients.models import AccessLogEntry, Patient
from patients.permissions import Access, log_access, note_refused
from patients.requests import SignedInRequest

#: Sessions listed on the patient's home.
RECENT = 8


def my_home(request: SignedInRequest) -> HttpResponse:
    patient = get_object_or_404(Patient, user=request.user)
    log_access(request.user, patient, AccessLogEntry.Action.READ, "patient", patient.uuid)
    sessions = with_repetitions(sessions_for(request.user).filter(patient=patient))[:RECENT]
    results = [PlainResult(session) for session in sessions]
    latest = next((result for result in results if result.known), None)
    context = {
        "patient": patient,
        "first_name": request.user.first_name or patient.name,
        "now": timezone.localtime(),
        "today": _today(patient, results),
        "results": results,
        "latest": latest,
        "shown": _shown(*session_detail(request.user, latest.session.uuid)) if latest else None,
    }
    return render(request, "feedback/my_home.html", context)


def _shown(session: ExerciseSession, access: Access) -> Repetition | None:
    """Return the repetition to show: the clearest of the thing to fix that has a correction to show."""
    result = PlainResult(session)
    return next((one for one in result.with_mistake if shown_correction(one, access)), None)


def _today(patient: Patient, results: list[PlainResult]) -> list[dict[str, Any]]:
    """Return each prescription that holds today, with what was recorded for it today."""
    today = timezone.localdate()
    valid = Q(ends_on__isnull=True) | Q(ends_on__gte=today)
    now = next((result for result in results if result.session.day == today), None)
    week = _days_of_the_week(patient, today)
    return [
        {
            "prescription": prescription,
            "result": now,
            "analysis": _latest_of(now, prescription.exercise),
            "week": week[prescription.exercise],
            "is_enough": week[prescription.exercise] >= prescription.days_a_week,
        }
        for prescription in patient.prescriptions.filter(valid, starts_on__lte=today).order_by("pk")
    ]


def _days_of_the_week(patient: Patient, today: date) -> Counter[str]:
    """Return on how many days since Monday each exercise was recorded, found or stated. One query."""
    analyses = Analysis.objects.filter(
        session__patient=patient, session__day__range=(first_day(Unit.WEEK, today), today)
    )
    rows = analyses.values_list("session__day", "exercise", "recording__exercise")
    days = {(day, found or stated) for day, found, stated in rows}
    return Counter(exercise for _day, exercise in days)


def _latest_of(result: PlainResult | None, exercise: str) -> Analysis | None:
    """Return the last analysis of a session that is of an exercise, found or stated."""
    analyses = result.analyses if result else []
    of_it = [one for one in analyses if (one.exercise or one.recording.exercise) == exercise]
    return of_it[-1] if of_it else None


def my_session(request: SignedInRequest, session_uuid: UUID) -> HttpResponse:
    if not ExerciseSession.objects.filter(uuid=session_uuid, patient__user=request.user).exists():
        note_refused(request.user, session_uuid)
        raise Http404
    session, access = session_detail(request.user, session_uuid)
    log_access(request.user, session.patient, AccessLogEntry.Action.READ, "session", session.uuid)
    context = {
        "patient": session.patient,
        "session": session,
        "result": PlainResult(session),
        "shown": _shown(session, access),
        **_neighbours(session),
    }
    return render(request, "feedback/my_session.html", context)


def _neighbours(session: ExerciseSession) -> dict[str, ExerciseSession | None]:
    others = session.patient.sessions
    day = timedelta(days=1)
    return {
        "earlier": others.filter(day__lte=session.day - day).order_by("-day").first(),
        "later": others.filter(day__gte=session.day + day).order_by("day").first(),
    }
