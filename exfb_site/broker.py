"""The embedded broker: kombu's transport through a folder, made to survive files that were cut off.

A process that is killed, or a disk that is full, in the midst of writing leaves an empty file or half of one.
Kombu takes that for an error, and every process that reads the file from then on ends by it.
"""

import time
from queue import Empty
from typing import Any

from kombu.transport import filesystem

#: Who has just opened a file to write it is given so many seconds, so often, before it is made anew.
_PAUSE_SECONDS, _PAUSES = 0.05, 4


class Channel(filesystem.Channel):
    def get_table(self, exchange: str) -> list[Any]:
        """Return who listens; nobody, where that cannot be read."""
        try:
            return super().get_table(exchange)
        except ValueError:
            return []

    def _queue_bind(self, exchange: str, *binding: Any) -> None:
        for _ in range(_PAUSES):
            try:
                return super()._queue_bind(exchange, *binding)
            except ValueError:
                time.sleep(_PAUSE_SECONDS)
        self._exchange_file(exchange).unlink(missing_ok=True)
        return super()._queue_bind(exchange, *binding)

    def _get(self, queue: str, timeout: float | None = None) -> Any:
        try:
            return super()._get(queue)
        except ValueError as error:
            raise Empty from error  # as a message that is lost: the sweep sends another


class Transport(filesystem.Transport):
    Channel = Channel
