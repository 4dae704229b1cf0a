"""Keeps the summary of a session: its counts, and how soon a clinician should look at it."""

from collections.abc import Iterable

from django.db import transaction
from django.db.models import QuerySet

from feedback.models import ExerciseSession, Repetition, Verdict
from feedback.selectors import current_analyses, judged_repetitions
from ml.catalogue import is_correct
from patients.models import Patient

_Severity = ExerciseSession.Severity


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
    counted = [
        repetition
        for repetition in _repetitions(session.patient_id).filter(analysis__session=session)
        if repetition.verdict_decision != Verdict.Decision.NOT_A_REPETITION
    ]
    session.repetition_count = len(counted)
    session.unreviewed_count = sum(repetition.verdict_decision is None for repetition in counted)
    session.severity = _severity(session, counted)
    session.save(update_fields=["repetition_count", "unreviewed_count", "severity"])


def _repetitions(patient_id: int) -> QuerySet[Repetition]:
    """What counts of a patient: the repetitions of each recording's one analysis that people are shown."""
    shown = current_analyses().filter(recording__patient=patient_id).order_by().values("pk")
    return judged_repetitions().filter(analysis__in=shown)


def _severity(session: ExerciseSession, repetitions: list[Repetition]) -> int:
    pains = session.analyses.filter(recording__pain__gte=ExerciseSession.PAIN_THRESHOLD)
    if pains.exists():
        return _Severity.PAIN
    if any(repetition.abstained and repetition.verdict_decision is None for repetition in repetitions):
        return _Severity.NOT_SURE
    mistakes = _mistakes(repetitions)
    if not mistakes:
        return _Severity.ROUTINE
    earlier = _mistakes(_repetitions(session.patient_id).filter(analysis__session__day__lt=session.day))
    return _Severity.REPEATED if mistakes <= earlier else _Severity.NEW


def _mistakes(repetitions: Iterable[Repetition]) -> set[str]:
    """The mistakes that stand: what clinicians said, else what the model found without abstaining."""
    return {
        repetition.label
        for repetition in repetitions
        if not is_correct(repetition.label)
        and repetition.verdict_decision != Verdict.Decision.NOT_A_REPETITION
        and not (repetition.abstained and repetition.verdict_decision is None)
    }
