"""The message that wakes a worker. Rows are the truth: one that is lost or doubled changes nothing."""

import logging
from uuid import UUID

from celery import current_app
from kombu.exceptions import OperationalError

logger = logging.getLogger(__name__)


def wake(task: str, row_id: UUID, what: str) -> bool:
    """Send the message for a queued row; False without a broker: the row waits, and the sweep sends it."""
    try:
        current_app.send_task(task, args=[str(row_id)], ignore_result=True)
    except (OperationalError, OSError) as error:
        logger.warning("%s %s is queued but not announced: %s", what, row_id, type(error).__name__)
        return False
    return True
