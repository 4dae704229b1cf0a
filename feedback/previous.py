"""The session before: where the same patient last did the same exercise."""

from datetime import date
from typing import NamedTuple
from uuid import UUID

from django.db.models import F, Window
from django.db.models.functions import RowNumber

from feedback.models import Analysis, ExerciseSession


class PreviousSession(NamedTuple):
    """An earlier session and its day."""

    uuid: UUID
    day: date


def previous_sessions(session: ExerciseSession) -> dict[str, PreviousSession]:
    """Return, by exercise, the patient's last session before this one that has a result of it. One query.

    The caller has checked that the person may read the session, and so the patient's other ones.
    """
    newest_first = Window(RowNumber(), partition_by=F("exercise"), order_by=F("session__day").desc())
    rows = (
        Analysis.objects.filter(
            session__patient=session.patient_id, session__day__lt=session.day, status=Analysis.Status.DONE
        )
        .order_by()
        .annotate(place=newest_first)
        .filter(place=1)
        .values_list("exercise", "session__uuid", "session__day")
    )
    return {exercise: PreviousSession(uuid, day) for exercise, uuid, day in rows}
