"""What a Celery worker runs. The rules: `feedback.queue` of analyses, `feedback.made_queue` of files."""

import logging
import os
import traceback
from importlib import import_module
from uuid import UUID

from celery import Task, shared_task

from feedback.analysing import analyse_next
from feedback.made_models import Export, MadeByWorker, Report
from feedback.made_queue import claim, give_back
from feedback.queue import TASK_NAME

logger = logging.getLogger(__name__)


@shared_task(name=TASK_NAME, bind=True)
def analyse(self: Task, analysis_id: str) -> None:
    """Analyse the first recordings of the queue. Safe to run any number of times.

    `analysis_id` is what the message was sent for; it wakes a worker, and the rows say what comes first.
    """
    analyse_next(worker=f"{self.request.hostname or 'local'}:{os.getpid()}")


@shared_task(name=Report.task)
def make_report(report_id: str) -> None:
    """Make a report, unless another worker has taken it."""
    _make(Report, report_id, "feedback.reports.making")


@shared_task(name=Export.task)
def make_export(export_id: str) -> None:
    """Make an export, unless another worker has taken it."""
    _make(Export, export_id, "feedback.exports.making")


def _make(model: type[MadeByWorker], row_id: str, maker: str) -> None:
    row = claim(model, UUID(row_id))
    if row is None:
        return
    try:
        # Not before it is needed: what draws pages is not loaded for analyses.
        import_module(maker).make(row)
    except Exception as error:
        # As for analyses: the worker lives on, and no message that may hold a person's data is logged.
        places = "".join(traceback.format_tb(error.__traceback__))
        logger.error(
            "%s %s failed with %s\n%s", model._meta.model_name, row.uuid, type(error).__name__, places
        )
        give_back(row)
