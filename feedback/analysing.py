"""How a worker analyses what waits: claims some recordings, computes them in one batch, keeps each result.

Each has its own row, results and end: one that cannot be read, or that breaks the batch, harms no other.
"""

import logging
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

from celery.exceptions import SoftTimeLimitExceeded
from django.conf import settings

from feedback import pipeline
from feedback.baselines import compared_with, motions
from feedback.heartbeat import Heartbeat
from feedback.models import Analysis, Repetition
from feedback.pipeline import AnalysisFailure
from feedback.queue import claim_batch, fail, give_back, record_step, stop
from feedback.recut import new_cuts
from feedback.releases import folder_of
from feedback.results import store_results
from ml.results import Searched

if TYPE_CHECKING:
    from ml.results import RecordingResult

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Claimed:
    """A claimed analysis whose repetitions have been found.

    `own` are the repetitions that it is compared with by exercise, None where the release compares with none.
    """

    analysis: Analysis
    searched: Searched
    own: dict[str, list[Repetition]] | None


def analyse_next(*, worker: str) -> None:
    """Analyse the first of the queue, and with it as many more as may share its batch."""
    batch = claim_batch(worker=worker, at_most=settings.BATCH_RECORDINGS)
    if not batch:
        return
    try:
        with Heartbeat(batch):
            _analyse(batch)
    except SoftTimeLimitExceeded:
        stop(batch=batch)


def _analyse(batch: Sequence[Analysis]) -> None:
    found = []
    for analysis in batch:
        with _ends_alone(analysis):
            found.append(_search(analysis))
    for one in found:
        _note(one.analysis, Analysis.Step.FINDINGS)
    for one, result in zip(found, _judge(found), strict=True):
        if result is not None:
            with _ends_alone(one.analysis):
                _keep(one, result)


def _search(analysis: Analysis) -> Claimed:
    recording, folder = analysis.recording, folder_of(analysis.release)
    own = compared_with(analysis) if pipeline.compares_with_baseline(folder) else None
    try:
        with recording.file.open("rb") as file:
            sequence = pipeline.read_file(cast(BinaryIO, file), recording.said)
    except FileNotFoundError as error:
        raise AnalysisFailure("file_missing", "The stored file is gone.") from error
    _note(analysis, Analysis.Step.REPETITIONS)
    exercise, cuts = recording.exercise or None, new_cuts(analysis)
    return Claimed(analysis, pipeline.search(sequence, exercise, folder, cuts, motions(own or {})), own)


def _judge(found: Sequence[Claimed]) -> "list[RecordingResult | None]":
    """Return a result for each; None for one that failed, whose row then says so."""
    if len(found) > 1:
        try:
            return [*_judged(found)]
        except SoftTimeLimitExceeded:
            raise
        except Exception as error:
            # Such as a batch too large for the memory of a GPU.
            logger.warning("a batch of %d failed with %s: one by one", len(found), type(error).__name__)
    results: list[RecordingResult | None] = []
    for one in found:
        results.append(None)
        with _ends_alone(one.analysis):
            [results[-1]] = _judged([one])
    return results


def _judged(found: Sequence[Claimed]) -> "list[RecordingResult]":
    return pipeline.judge([one.searched for one in found], folder_of(found[0].analysis.release))


def _keep(one: Claimed, result: "RecordingResult") -> None:
    analysis, own = one.analysis, one.own
    _note(analysis, Analysis.Step.SAVING)
    baseline = None if own is None else [str(kept.uuid) for kept in own.get(result.exercise, [])]
    store_results(analysis=analysis, attempt=analysis.attempts, result=result, baseline=baseline)


def _note(analysis: Analysis, step: str) -> None:
    record_step(analysis=analysis, attempt=analysis.attempts, step=step)


@contextmanager
def _ends_alone(analysis: Analysis) -> Iterator[None]:
    """Let whatever goes wrong end this analysis alone: the worker lives on, and the row says what it was."""
    try:
        yield
    except AnalysisFailure as failure:
        fail(analysis=analysis, attempt=analysis.attempts, code=failure.code)
    except SoftTimeLimitExceeded:
        raise
    except Exception as error:
        # The message of the error is left out of the log, since it may hold a person's data.
        places = "".join(traceback.format_tb(error.__traceback__))
        logger.error("analysis %s failed with %s\n%s", analysis.uuid, type(error).__name__, places)
        give_back(analysis=analysis, attempt=analysis.attempts, code="internal_error", noted=_where(error))


def _where(error: Exception) -> str:
    """Return the kind of an error and where in the program it arose; never its message."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} in {last.name}, {Path(last.filename).name}:{last.lineno}"
