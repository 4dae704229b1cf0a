"""Says every few seconds, from a thread of its own, that something is alive."""

import logging
import os
import signal
import threading
from collections.abc import Callable, Sequence
from types import TracebackType

from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection

from feedback.models import Analysis
from feedback.queue import record_beat, stop

logger = logging.getLogger(__name__)

SECONDS = 1.5
_GRACE_SECONDS = 30


class Beat(threading.Thread):
    """Calls `beat` every `SECONDS`, at once too if wanted, until stopped, or for `at_most` seconds."""

    def __init__(
        self,
        beat: Callable[[], object],
        *,
        at_once: bool = True,
        at_most: float | None = None,
        when_over: Callable[[], object] = lambda: None,
    ) -> None:
        super().__init__(name="heartbeat", daemon=True)
        self._beat = beat
        self._at_once = at_once
        self._left = at_most
        self._when_over = when_over
        self._stopped = threading.Event()

    def run(self) -> None:
        if self._at_once:
            self._say()
        while not self._stopped.wait(SECONDS):
            if self._left is not None:
                self._left -= SECONDS
                if self._left <= 0:
                    self._when_over()
                    break
            self._say()
        connection.close()

    def _say(self) -> None:
        try:
            self._beat()
        except (DatabaseError, InterfaceError) as error:
            # A database that is away for a moment must not end the beat.
            logger.warning("heartbeat was not written: %s", type(error).__name__)
            connection.close()

    def stop(self) -> None:
        self._stopped.set()
        self.join()


class Heartbeat:
    """Keeps a claimed batch from being given to another worker while it is computed.

    Celery's time limits stop a computation that never ends in a pool of processes only. In a worker of one
    process (`--pool=solo`) this does: it ends the batch (`feedback.queue.stop`) and the process, which
    whoever started it starts again.
    """

    def __init__(self, batch: Sequence[Analysis]) -> None:
        def give_up() -> None:
            ids = ", ".join(str(analysis.uuid) for analysis in batch)
            logger.error("analysis of %s never ends: this worker is killed", ids)
            try:
                stop(batch=batch)
            finally:
                os.kill(os.getpid(), signal.SIGKILL)

        self._thread = Beat(
            lambda: record_beat(batch=batch),
            at_once=False,  # the claim has just said so; most analyses end before the first beat
            at_most=settings.CELERY_TASK_TIME_LIMIT,
            when_over=give_up,
        )

    def __enter__(self) -> None:
        self._thread.start()
        # For what lets no other thread run: the system ends the process, and the sweep finds what it held.
        _alarm(settings.CELERY_TASK_TIME_LIMIT + _GRACE_SECONDS)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _alarm(0)
        self._thread.stop()


def _alarm(seconds: int) -> None:
    """Have the system end this process in so many seconds; 0: not any more."""
    if threading.current_thread() is threading.main_thread():
        signal.alarm(seconds)
