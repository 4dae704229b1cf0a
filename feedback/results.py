"""What an analysis has found, kept in the database: all of it at once, for one attempt, or nothing."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from feedback.models import Analysis, Correction, Repetition
from feedback.motions import pack_motion
from feedback.queue import held
from feedback.recut import Cut, cuts_of, make_way
from feedback.sessions import refresh_session
from ml.catalogue import is_correct
from ml.measures import measure
from ml.repetitions import exercise_of_most

if TYPE_CHECKING:
    from ml.results import RecordingResult, RepetitionResult


def store_results(
    *, analysis: Analysis, attempt: int, result: "RecordingResult", baseline: list[str] | None = None
) -> bool:
    """Keep what was found, in one transaction; False, and nothing kept, if another attempt has taken over.

    `baseline` are the ids of the repetitions that it was compared with, None if the release does not compare.
    """
    # Packed and measured before the transaction, so that the database's write lock is not held meanwhile.
    rows = [_repetition(analysis, found, result) for found in result.repetitions]
    corrections = [
        _correction(row, found)
        for row, found in zip(rows, result.repetitions, strict=True)
        if found.correction is not None
    ]
    now = timezone.now()
    with transaction.atomic():
        won = held(analysis, attempt).update(
            status=Analysis.Status.DONE,
            step=Analysis.Step.FINISHED,
            exercise=_exercise(analysis, result),
            filled=result.filled,
            baseline=baseline,
            cuts=None,
            cut_by=None,
            heartbeat_at=now,
            finished_at=now,
        )
        if not won:
            return False
        _number(analysis, rows)
        Repetition.objects.bulk_create(rows)
        Correction.objects.bulk_create(corrections)
        refresh_session(session=analysis.session)
    return True


def _number(analysis: Analysis, rows: Sequence[Repetition]) -> None:
    """Give new repetitions their place in time, also among those that stay where some were cut anew."""
    places = None if analysis.cuts is None else make_way(analysis)
    for number, row in enumerate(rows, start=1):
        row.index = number if places is None else places[Cut(row.start_frame, row.end_frame, row.exercise)]


def _exercise(analysis: Analysis, result: "RecordingResult") -> str:
    """That of most repetitions, of which a worker has seen only those that were cut anew."""
    if analysis.cuts is None:
        return result.exercise
    return exercise_of_most(cuts_of(analysis)) or analysis.exercise


def _repetition(analysis: Analysis, found: "RepetitionResult", result: "RecordingResult") -> Repetition:
    performed = result.performed.positions[found.start_frame : found.end_frame]
    return Repetition(
        analysis=analysis,
        exercise=found.exercise,
        start_frame=found.start_frame,
        end_frame=found.end_frame,
        cut_by_id=analysis.cut_by_id,
        frame_rate=result.performed.frame_rate,
        motion=pack_motion(performed),
        finding=found.finding.code,
        probability=found.finding.probability,
        probabilities=found.finding.probabilities,
        abstained=found.finding.abstained,
        abstained_reason=found.finding.abstained_reason,
        measures=measure(performed.astype(float), result.performed.frame_rate, found.exercise),
    )


def _correction(repetition: Repetition, found: "RepetitionResult") -> Correction:
    correction = found.correction
    assert correction is not None  # noqa: S101  the caller asks only for those that have one
    # What the judge says counts as one check more.
    judged = [] if is_correct(correction.judged) else ["judge"]
    return Correction(
        repetition=repetition,
        motion=pack_motion(correction.positions),
        verified=correction.verified,
        failed_checks=[*correction.failed_checks, *judged],
        largest_shift_m=correction.largest_shift_m,
        joints=list(correction.joints),
    )
