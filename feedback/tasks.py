"""What a Celery worker runs: claim an analysis, compute it, keep the result. The rules: `feedback.queue`."""

import logging
import os
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast
from uuid import UUID

from celery import Task, shared_task
from celery.exceptions import SoftTimeLimitExceeded

from feedback import pipeline
from feedback.baselines import compared_with, motions
from feedback.exports import queue as exports
from feedback.heartbeat import Heartbeat
from feedback.models import Analysis
from feedback.pipeline import AnalysisFailure
from feedback.queue import TASK_NAME, claim_next, fail, give_back, record_step, store_results
from feedback.recut import new_cuts
from feedback.releases import folder_of
from feedback.reports import queue as reports

if TYPE_CHECKING:
    from ml.results import RecordingResult

logger = logging.getLogger(__name__)


@shared_task(name=TASK_NAME, bind=True)
def analyse(self: Task, analysis_id: str) -> None:
    """Analyse the first recording of the queue. Safe to run any number of times.

    `analysis_id` is what the message was sent for; it wakes a worker, and the rows say what comes first.
    """
    worker = f"{self.request.hostname or 'local'}:{os.getpid()}"
    analysis = claim_next(worker=worker)
    if analysis is None:
        return
    attempt = analysis.attempts
    try:
        with Heartbeat(analysis):
            result, baseline = _compute(analysis)
        record_step(analysis=analysis, attempt=attempt, step=Analysis.Step.SAVING)
        store_results(analysis=analysis, attempt=attempt, result=result, baseline=baseline)
    except AnalysisFailure as failure:
        fail(analysis=analysis, attempt=attempt, code=failure.code)
    except SoftTimeLimitExceeded:
        fail(analysis=analysis, attempt=attempt, code="took_too_long")
    except Exception as error:
        # The outermost boundary: whatever a recording does, the worker lives on and the row says so. The
        # message of the error is left out of the log, since it may hold a person's data.
        places = "".join(traceback.format_tb(error.__traceback__))
        logger.error("analysis %s failed with %s\n%s", analysis.uuid, type(error).__name__, places)
        give_back(analysis=analysis, attempt=attempt, code="internal_error", noted=_where(error))


def _where(error: Exception) -> str:
    """Return the kind of an error and where in the program it arose; never its message."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} in {last.name}, {Path(last.filename).name}:{last.lineno}"


@shared_task(name=reports.TASK_NAME)
def make_report(report_id: str) -> None:
    """Make a report, unless another worker has taken it. The rules: `feedback.reports.queue`."""
    report = reports.claim(UUID(report_id))
    if report is None:
        return
    try:
        # Not before it is needed: what draws pages is not loaded for analyses.
        from feedback.reports import making

        making.make_report(report)
    except Exception as error:
        # As for analyses: the worker lives on, and no message that may hold a person's data is logged.
        places = "".join(traceback.format_tb(error.__traceback__))
        logger.error("report %s failed with %s\n%s", report.uuid, type(error).__name__, places)
        reports.give_back(report)


@shared_task(name=exports.TASK_NAME)
def make_export(export_id: str) -> None:
    """Make an export, unless another worker has taken it. The rules: `feedback.exports.queue`."""
    export = exports.claim(UUID(export_id))
    if export is None:
        return
    try:
        from feedback.exports import making

        making.make(export)
    except Exception as error:
        # As for analyses: the worker lives on, and no message that may hold a person's data is logged.
        places = "".join(traceback.format_tb(error.__traceback__))
        logger.error("export %s failed with %s\n%s", export.uuid, type(error).__name__, places)
        exports.give_back(export)


def _compute(analysis: Analysis) -> "tuple[RecordingResult, list[str] | None]":
    """Return the result, and the ids of the repetitions that the recording was compared with."""
    recording, folder = analysis.recording, folder_of(analysis.release)
    compares = pipeline.compares_with_baseline(folder)
    own = compared_with(analysis) if compares else {}

    def note(step: str) -> None:
        record_step(analysis=analysis, attempt=analysis.attempts, step=step)

    try:
        file = recording.file.open("rb")
    except FileNotFoundError as error:
        raise AnalysisFailure("file_missing", "The stored file is gone.") from error
    with file:
        result = pipeline.analyse_file(
            cast(BinaryIO, file),
            recording.exercise or None,
            folder,
            note,
            new_cuts(analysis),
            baselines=motions(own),
            corrections=recording.said,
        )
    return result, [str(one.uuid) for one in own.get(result.exercise, [])] if compares else None
