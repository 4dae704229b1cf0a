"""Keeps the summary of a session: its counts, and how soon a clinician should look at it."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from django.db import transaction

from feedback.models import ExerciseSession, Verdict
from feedback.selectors import current_analyses, judged_repetitions
from ml.catalogue import is_correct
from patients.models import Patient

_Severity = ExerciseSession.Severity


class Judged(NamedTuple):
    """What counts of one repetition: see `feedback.selectors.judged_repetitions`."""

    label: str
    second_label: str
    abstained: bool
    decision: str | None

    @property
    def is_not_sure(self) -> bool:
        return self.abstained and self.decision is None


def refresh_session(*, session: ExerciseSession) -> None:
    """Recount a session, and judge anew how severe it is and the patient's later ones that wait for review.

    A mistake is new only once, so what is said of a day changes what the days after it mean.
    """
    with transaction.atomic():
        # One at a time for a patient: workers that finish together would overwrite each other's counts.
        Patient.objects.select_for_update(no_key=True).get(pk=session.patient_id)
        _summarise(session)
        later = ExerciseSession.objects.filter(
            patient=session.patient_id, day__gt=session.day, unreviewed_count__gt=0
        )
        for other in later:
            _summarise(other)


def _summarise(session: ExerciseSession) -> None:
    repetitions = _repetitions(session, analysis__session=session)
    session.repetition_count = len(repetitions)
    session.unreviewed_count = sum(one.decision is None for one in repetitions)
    session.severity = _severity(session, repetitions)
    session.save(update_fields=["repetition_count", "unreviewed_count", "severity"])


def _repetitions(session: ExerciseSession, **which: Any) -> list[Judged]:
    """What counts of the session's patient: of each recording the one analysis that people are shown."""
    shown = current_analyses().filter(recording__patient=session.patient_id).order_by().values("pk")
    rows = judged_repetitions().filter(analysis__in=shown, **which)
    columns = ("label", "second_label", "abstained", "verdict_decision")
    judged = [Judged(*row) for row in rows.values_list(*columns)]
    return [one for one in judged if one.decision != Verdict.Decision.NOT_A_REPETITION]


def _severity(session: ExerciseSession, repetitions: list[Judged]) -> int:
    pains = session.analyses.filter(recording__pain__gte=ExerciseSession.PAIN_THRESHOLD)
    if pains.exists():
        return _Severity.PAIN
    if any(one.is_not_sure for one in repetitions):
        return _Severity.NOT_SURE
    mistakes = _mistakes(repetitions)
    if not mistakes:
        return _Severity.ROUTINE
    earlier = _mistakes(_repetitions(session, analysis__session__day__lt=session.day))
    return _Severity.REPEATED if mistakes <= earlier else _Severity.NEW


def _mistakes(repetitions: Iterable[Judged]) -> set[str]:
    """The mistakes that stand: what clinicians said, else what the model found without abstaining."""
    mistaken = [one for one in repetitions if not is_correct(one.label) and not one.is_not_sure]
    return {code for one in mistaken for code in (one.label, one.second_label) if code}
