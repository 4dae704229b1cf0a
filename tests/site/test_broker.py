"""The embedded broker goes on where a process was killed, or the disk was full, while a file was written."""

import errno
import json
import os
from collections.abc import Iterator
from pathlib import Path
from queue import Empty
from typing import Any

import pytest
from kombu import Connection, Exchange, Queue
from kombu.exceptions import OperationalError

from exfb_site.broker import Transport
from exfb_site.celery import app

QUEUE = Queue("waking", Exchange("waking"), routing_key="waking")


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[Connection]:
    folders = {
        "data_folder_in": tmp_path,
        "data_folder_out": tmp_path,
        "control_folder": tmp_path / "control",
    }
    options: dict[str, Any] = {name: str(folder) for name, folder in folders.items()}
    with Connection("filesystem://", transport_options=options) as made:
        forget(made)
        yield made


def forget(connection: Connection) -> None:
    """Be as another process, which has not told anything to the broker yet."""
    connection.transport.state.clear()


def sent_and_received(connection: Connection, message: str) -> object:
    with connection.SimpleQueue(QUEUE) as queue:
        queue.put(message)
        received = queue.get(timeout=2)
        received.ack()
        return received.payload


def test_it_is_the_one_that_celery_uses() -> None:
    assert isinstance(app.connection("filesystem://").transport, Transport)


@pytest.mark.parametrize("left", [b"", b'[["waki'], ids=["empty", "half"])
def test_a_list_of_who_listens_that_was_cut_off_is_made_anew(
    connection: Connection, tmp_path: Path, left: bytes
) -> None:
    assert sent_and_received(connection, "first") == "first"
    tables = list((tmp_path / "control").iterdir())
    assert tables
    for table in tables:
        table.write_bytes(left)
    forget(connection)
    assert sent_and_received(connection, "second") == "second"


def test_a_message_that_was_cut_off_is_passed_over(connection: Connection, tmp_path: Path) -> None:
    with connection.SimpleQueue(QUEUE) as queue:
        queue.put("whole")
        (tmp_path / f"0_0.{QUEUE.name}.msg").write_bytes(b'{"body"')
        with pytest.raises(Empty):
            connection.default_channel._get(QUEUE.name)
        assert queue.get(timeout=2).payload == "whole"


def test_a_message_is_there_whole_or_not_at_all(
    connection: Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []

    def replace(part: Path, file: Path) -> None:
        seen.append((part.read_bytes(), file.exists()))
        os.replace(part, file)  # noqa: PTH105  the method is the one that is looked at

    monkeypatch.setattr(Path, "replace", replace)
    assert sent_and_received(connection, "whole") == "whole"
    assert seen
    assert all(json.loads(content) and not there for content, there in seen)
    assert list(tmp_path.glob("*.msg*")) == []


def test_a_full_disk_is_told_to_whoever_wakes_a_worker(
    connection: Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OperationalError):
        app.send_task("none", connection=connection, ignore_result=True)
    assert list(tmp_path.glob("*.msg*")) == []
