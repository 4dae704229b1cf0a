"""What a Celery worker runs: analyses, reports, exports. The rules are those of their queues."""

import logging
import os
import traceback
from uuid import UUID

from celery import Task, shared_task

from feedback.analysing import analyse_next
from feedback.exports import queue as exports
from feedback.queue import TASK_NAME
from feedback.reports import queue as reports

logger = logging.getLogger(__name__)


@shared_task(name=TASK_NAME, bind=True)
def analyse(self: Task, analysis_id: str) -> None:
    """Analyse the first recordings of the queue. Safe to run any number of times.

    `analysis_id` is what the message was sent for; it wakes a worker, and the rows say what comes first.
    """
    analyse_next(worker=f"{self.request.hostname or 'local'}:{os.getpid()}")


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
