"""Servers and a disk of their own for script/chaos, so that it may stop, wipe and fill them."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path
from typing import Any

#: Who runs PostgreSQL where this is run by root, as whom it refuses to run.
_LESSER_USERS = ("postgres", "nobody")
_START_SECONDS = 60


class MissingProgram(Exception):
    """A server is not installed; the message names it."""


def find_program(name: str) -> str:
    """Return the path of a program, also of PostgreSQL's, which Debian keeps off the PATH."""
    debian = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    found = shutil.which(name) or (str(debian[-1]) if debian else "")
    if not found:
        raise MissingProgram(f"{name} is not installed: install it, or use --quick.")
    return found


class Server:
    """A server process on a free port of this machine, whose data lies in a folder of its own."""

    #: What makes it end in an orderly way.
    _end = signal.SIGTERM
    _as_user: dict[str, Any] = {}

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.folder = folder
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self._process: subprocess.Popen[bytes] | None = None

    def command(self) -> list[str]:
        raise NotImplementedError

    def start(self) -> None:
        """Start it and wait until it listens; nothing if it runs."""
        end = time.monotonic() + _START_SECONDS
        while not self._listens():
            if time.monotonic() > end:
                raise TimeoutError(f"{self.command()[0]} does not start: {self.folder}.log")
            if self._process is None or self._process.poll() is not None:
                with self.folder.with_suffix(".log").open("ab") as log:
                    self._process = subprocess.Popen(
                        self.command(), stdout=log, stderr=log, start_new_session=True, **self._as_user
                    )
            time.sleep(0.2)

    def stop(self) -> None:
        if self._process is not None:
            self._process.send_signal(self._end)
            self._process.wait(timeout=60)
            self._process = None

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


class Redis(Server):
    """Keeps nothing on disk: whoever stops it wipes its data."""

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def command(self) -> list[str]:
        keep_nothing = ("--save", "", "--appendonly", "no", "--dir", str(self.folder))
        return [find_program("redis-server"), "--port", str(self.port), "--bind", "127.0.0.1", *keep_nothing]


class Postgres(Server):
    """With a database `exfb` of the user of the same name."""

    _end = signal.SIGINT  # "fast": open connections are ended

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        if os.geteuid() == 0:
            lesser = next(one for one in pwd.getpwall() if one.pw_name in _LESSER_USERS)
            self._as_user = {"user": lesser.pw_uid, "group": lesser.pw_gid, "extra_groups": []}
            os.chown(folder, lesser.pw_uid, lesser.pw_gid)
        made = [find_program("initdb"), "-D", str(folder), "-U", "exfb", "-A", "trust", "-E", "UTF8"]
        subprocess.run(made, check=True, stdout=subprocess.DEVNULL, cwd="/", **self._as_user)

    @property
    def url(self) -> str:
        return f"postgresql://exfb@127.0.0.1:{self.port}/postgres"

    def command(self) -> list[str]:
        here = ("-p", str(self.port), "-c", "listen_addresses=127.0.0.1", "-k", str(self.folder))
        return [find_program("postgres"), "-D", str(self.folder), *here]


class Disk:
    """A disk of a limited size, in memory, that can be filled. Only root may mount one."""

    def __init__(self, folder: Path, megabytes: int) -> None:
        self.folder = folder
        self.can_be_filled = os.geteuid() == 0
        folder.mkdir()
        if self.can_be_filled:
            size = f"size={megabytes}m,mode=711"
            subprocess.run(["mount", "-t", "tmpfs", "-o", size, "tmpfs", str(folder)], check=True)
        folder.chmod(0o711)

    def fill(self) -> None:
        """Take what is left of it."""
        with (self.folder / "ballast").open("wb") as file:
            try:
                while True:
                    os.write(file.fileno(), b"\0" * 65536)
            except OSError:
                return

    def free(self) -> None:
        (self.folder / "ballast").unlink(missing_ok=True)

    def unmount(self) -> None:
        if self.can_be_filled:
            subprocess.run(["umount", "--lazy", str(self.folder)], check=True)
