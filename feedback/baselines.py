"""A person's baseline: up to three repetitions of theirs that a clinician marked as their own correct way.

The network is told them beside the recordings that are analysed from then on.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from django.db import transaction
from django.db.models import QuerySet

from feedback.models import Analysis, BaselineRepetition, Repetition, Verdict
from feedback.motions import unpack_motion
from feedback.selectors import judged_repetitions
from ml.catalogue import is_correct
from ml.poses.sequence import PoseSequence
from patients.models import AccessLogEntry, Patient, User
from patients.permissions import log_access, require

#: So many repetitions of a person and exercise; the network was trained with one to three.
MOST = 3


class BaselineError(ValueError):
    """A repetition cannot be part of the baseline: `code` is one of `CODES`, `message` says what to do."""

    CODES = ("not_correct", "baseline_full")

    def __init__(self, code: str, message: str) -> None:
        if code not in self.CODES:
            raise AssertionError(f"unlisted baseline code {code!r}")
        super().__init__(message)
        self.code = code
        self.message = message


def may_be_baseline(repetition: Repetition) -> bool:
    """Tell whether what counts of a repetition is that it is correct.

    Expects what `feedback.selectors.judged_repetitions` annotates.
    """
    if repetition.verdict_decision is None:
        return not repetition.abstained and is_correct(repetition.label)
    return repetition.verdict_decision != Verdict.Decision.NOT_A_REPETITION and is_correct(repetition.label)


def baseline_of(patient: Patient) -> QuerySet[BaselineRepetition]:
    """Return the repetitions of a patient's baseline, newest first, without their motion. One query."""
    return (
        BaselineRepetition.objects.filter(repetition__analysis__recording__patient=patient)
        .select_related("marked_by", "repetition__analysis__session")
        .defer("repetition__motion")
        .order_by("-marked_at", "-pk")
    )


def by_exercise(marked: Iterable[BaselineRepetition]) -> dict[str, list[BaselineRepetition]]:
    """Return the newest `MOST` of each exercise; `marked` is newest first."""
    found = defaultdict[str, list[BaselineRepetition]](list)
    for one in marked:
        if len(found[one.repetition.exercise]) < MOST:
            found[one.repetition.exercise].append(one)
    return dict(found)


def add_to_baseline(*, user: User, repetition: Repetition) -> bool:
    """Mark a correct repetition as this person's own way; False if it is marked already."""
    patient = repetition.analysis.recording.patient
    require(user, patient, "may_review")
    with transaction.atomic():
        # One at a time for a patient, so that there are never more than three.
        Patient.objects.select_for_update(no_key=True).get(pk=patient.pk)
        if not may_be_baseline(judged_repetitions().get(pk=repetition.pk)):
            raise BaselineError(
                "not_correct", "Only a correct repetition can be a baseline. Decide first that it is correct."
            )
        marked = baseline_of(patient).filter(repetition__exercise=repetition.exercise)
        if marked.filter(repetition=repetition).exists():
            return False
        if marked.count() >= MOST:
            raise BaselineError(
                "baseline_full",
                f"This person's baseline has {MOST} repetitions of the exercise. Take one out first.",
            )
        BaselineRepetition.objects.create(repetition=repetition, marked_by=user)
        log_access(user, patient, AccessLogEntry.Action.CREATE, "baseline", repetition.uuid)
    return True


def take_out_of_baseline(*, user: User, repetition: Repetition) -> bool:
    """Undo that mark; False if there is none."""
    patient = repetition.analysis.recording.patient
    require(user, patient, "may_review")
    with transaction.atomic():
        removed, _ = BaselineRepetition.objects.filter(repetition=repetition).delete()
        if removed:
            log_access(user, patient, AccessLogEntry.Action.CHANGE, "baseline", repetition.uuid)
    return removed > 0


def drop_if_not_correct(*, user: User, repetition: Repetition) -> None:
    """Take a repetition out of the baseline if what counts of it now is that it is not correct."""
    if not may_be_baseline(judged_repetitions().get(pk=repetition.pk)):
        take_out_of_baseline(user=user, repetition=repetition)


def compared_with(analysis: Analysis) -> dict[str, list[Repetition]]:
    """Return, by exercise, the repetitions with motion that an analysis is to be compared with. One query.

    None of its own recording: nothing is compared with itself.
    """
    marked = (
        baseline_of(analysis.recording.patient)
        .defer(None)
        .exclude(repetition__analysis__recording=analysis.recording_id)
    )
    return {exercise: [one.repetition for one in chosen] for exercise, chosen in by_exercise(marked).items()}


def motions(baseline: Mapping[str, Sequence[Repetition]]) -> dict[str, list[PoseSequence]]:
    """Return the motions of a baseline, as the pipeline takes them."""
    return {
        exercise: [PoseSequence(unpack_motion(one.motion), one.frame_rate) for one in repetitions]
        for exercise, repetitions in baseline.items()
    }
