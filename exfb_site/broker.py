"""The embedded broker: kombu's transport through a folder, whose files are there whole or not at all.

Kombu writes a file in place. Who reads it meanwhile finds an empty file or half of one, and ends by it; and
so does everybody afterwards, where a process was killed or the disk was full as it was written.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Empty
from time import monotonic
from typing import Any
from uuid import uuid4

from kombu.exceptions import ChannelError
from kombu.transport import filesystem
from kombu.utils.encoding import str_to_bytes
from kombu.utils.json import dumps


class Channel(filesystem.Channel):
    def get_table(self, exchange: str) -> list[Any]:
        """Return who listens; nobody, where that cannot be read."""
        try:
            return super().get_table(exchange)
        except ValueError:
            return []

    def _queue_bind(self, exchange: str, routing_key: str, pattern: str, queue: str) -> None:
        with self._alone():
            known = self.get_table(exchange)
            listener = filesystem.exchange_queue_t(routing_key or "", pattern or "", queue or "")
            if listener not in known:
                _write_whole(self._exchange_file(exchange), [listener, *known])

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Let no other process change who listens."""
        self.control_folder.mkdir(exist_ok=True)
        try:
            file = (self.control_folder / "lock").open("wb")
        except OSError as error:
            raise ChannelError("The broker's folder cannot be written.") from error
        with file:
            filesystem.lock(file, filesystem.LOCK_EX)
            yield

    def _put(self, queue: str, payload: Any, **kwargs: Any) -> None:  # type: ignore[override]
        # The time comes first: messages are taken in the order of their names.
        name = f"{round(monotonic() * 1000)}_{uuid4()}.{queue}.msg"
        _write_whole(Path(self.data_folder_out) / name, payload)

    def _get(self, queue: str, timeout: float | None = None) -> Any:
        try:
            return super()._get(queue)
        except ValueError as error:
            raise Empty from error  # left by an earlier version; the sweep sends another


class Transport(filesystem.Transport):
    Channel = Channel


def _write_whole(file: Path, content: Any) -> None:
    part = file.with_name(f"{file.name}.{uuid4()}")
    try:
        part.write_bytes(str_to_bytes(dumps(content)))
        part.replace(file)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise ChannelError(f"{file.name} cannot be written.") from error
