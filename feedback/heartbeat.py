"""Says every few seconds, from a thread of its own, that something is alive."""

import logging
import threading
from collections.abc import Callable
from types import TracebackType

from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection

from feedback.models import Analysis
from feedback.queue import record_step

logger = logging.getLogger(__name__)

SECONDS = 5.0


class Beat(threading.Thread):
    """Calls `beat` at once and then every `SECONDS`, until stopped, or for `at_most` seconds."""

    def __init__(self, beat: Callable[[], object], *, at_most: float | None = None) -> None:
        super().__init__(name="heartbeat", daemon=True)
        self._beat = beat
        self._left = at_most
        self._stopped = threading.Event()

    def run(self) -> None:
        while self._left is None or self._left > 0:
            try:
                self._beat()
            except (DatabaseError, InterfaceError) as error:
                # A database that is away for a moment must not end the beat.
                logger.warning("heartbeat was not written: %s", type(error).__name__)
                connection.close()
            if self._stopped.wait(SECONDS):
                break
            if self._left is not None:
                self._left -= SECONDS
        connection.close()

    def stop(self) -> None:
        self._stopped.set()
        self.join()


class Heartbeat:
    """Keeps a claimed analysis from being given to another worker while it is computed.

    It ends with the task's time limit, so that a computation that hangs where no limit can stop it
    (`--pool=solo`) is found by the sweep.
    """

    def __init__(self, analysis: Analysis) -> None:
        def beat() -> None:
            record_step(analysis=analysis, attempt=analysis.attempts)

        self._thread = Beat(beat, at_most=settings.CELERY_TASK_TIME_LIMIT)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._thread.stop()
