"""What a person is shown of a repetition: clinicians everything, patients what is sure and in plain words."""

from dataclasses import dataclass
from uuid import UUID

from feedback.models import Correction, Repetition, Verdict
from ml.catalogue import is_correct
from patients.permissions import Access


@dataclass(frozen=True)
class ShownRepetition:
    """A repetition as one person sees it. For a patient there are no probabilities, and where the model
    abstained no finding; `label` is what counts: a clinician's verdict where there is one.
    """

    uuid: UUID
    index: int
    exercise: str
    start_frame: int
    end_frame: int
    frame_rate: float
    finding: str | None
    probability: float | None
    probabilities: dict[str, float] | None
    abstained: bool
    abstained_reason: str
    verdict_decision: str | None
    label: str | None
    second_label: str
    is_baseline: bool
    correction: Correction | None


def shown_correction(repetition: Repetition, access: Access) -> Correction | None:
    """Return the correction that this person is shown.

    Clinicians see every one, marked where it is not verified. Patients see a verified one only, and none
    where the model abstained or a clinician said that there is nothing to correct. Expects `label` and
    `verdict_decision` as `feedback.selectors.judged_repetitions` gives them.
    """
    correction: Correction | None = getattr(repetition, "correction", None)
    if correction is None or not access.is_own:
        return correction
    withheld = (
        not correction.verified
        or repetition.abstained
        or repetition.verdict_decision == Verdict.Decision.NOT_A_REPETITION
        or is_correct(repetition.label)
    )
    return None if withheld else correction


def shown_repetition(repetition: Repetition, access: Access) -> ShownRepetition:
    """Return what this person is shown of a repetition of `feedback.selectors.judged_repetitions`."""
    own = access.is_own
    decision = repetition.verdict_decision
    undecided = repetition.abstained and decision is None
    return ShownRepetition(
        uuid=repetition.uuid,
        index=repetition.index,
        exercise=repetition.exercise,
        start_frame=repetition.start_frame,
        end_frame=repetition.end_frame,
        frame_rate=repetition.frame_rate,
        finding=None if own and repetition.abstained else repetition.finding,
        probability=None if own else repetition.probability,
        probabilities=None if own else repetition.probabilities,
        abstained=repetition.abstained,
        abstained_reason=repetition.abstained_reason,
        verdict_decision=decision,
        label=None if undecided or decision == Verdict.Decision.NOT_A_REPETITION else repetition.label,
        second_label=repetition.second_label,
        is_baseline=hasattr(repetition, "baseline_mark"),
        correction=shown_correction(repetition, access),
    )
