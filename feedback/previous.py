"""The session before: where the same patient last did the same exercise, and its repetitions."""

from datetime import date
from typing import NamedTuple
from uuid import UUID

from django.db.models import F, Q, Window
from django.db.models.functions import RowNumber

from feedback.models import Analysis, ExerciseSession, Repetition
from feedback.selectors import current_analyses


class PreviousSession(NamedTuple):
    """An earlier session, its day, and its repetitions of the exercise in order."""

    uuid: UUID
    day: date
    repetitions: list[UUID]

    def beside(self, index: int) -> UUID | None:
        """Return the repetition to show beside one of this index (from 1): of the same index, or the last."""
        return self.repetitions[min(index, len(self.repetitions)) - 1] if self.repetitions else None


def previous_sessions(session: ExerciseSession) -> dict[str, PreviousSession]:
    """Return, by exercise, the patient's last session before this one that has a result of it. Two queries.

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
        .values_list("exercise", "session_id", "session__uuid", "session__day")
    )
    found = {exercise: (key, PreviousSession(uuid, day, [])) for exercise, key, uuid, day in rows}
    if found:
        wanted = Q()
        for exercise, (key, _previous) in found.items():
            wanted |= Q(exercise=exercise, analysis__session=key)
        shown = current_analyses().filter(recording__patient=session.patient_id).order_by().values("pk")
        repetitions = Repetition.objects.filter(wanted, analysis__in=shown)
        in_order = repetitions.order_by("analysis__recording__recorded_at", "analysis_id", "index")
        for exercise, uuid in in_order.values_list("exercise", "uuid"):
            found[exercise][1].repetitions.append(uuid)
    return {exercise: previous for exercise, (_key, previous) in found.items()}
