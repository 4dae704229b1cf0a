"""The processes of a running demo: a web server, a worker and the sweep, started and stopped together."""

import contextlib
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
MANAGE = [sys.executable, "manage.py"]
#: A process that ends sooner than this after its start would only end again.
_SOON_SECONDS = 5
_STOP_SECONDS = 10


class DemoError(Exception):
    """The demo cannot go on; the message says why, for people."""


def environment(data_dir: Path) -> dict[str, str]:
    """Return the environment of all processes: the embedded database and broker, data in one folder."""
    data_dir.mkdir(parents=True, exist_ok=True)
    key_file = data_dir / "secret_key"
    if not key_file.exists():
        key_file.touch(mode=0o600)
        key_file.write_text(secrets.token_urlsafe(50))
    # An empty variable counts as not set: the demo never touches the database of a real clinic.
    return os.environ | {
        "DATA_DIR": str(data_dir),
        "SECRET_KEY": key_file.read_text(),
        "ALLOWED_HOSTS": "localhost,127.0.0.1,[::1]",
        "DEBUG": "false",
        "HTTPS": "false",
        "BEHIND_PROXY": "false",
        "DATABASE_URL": "",
        "CELERY_BROKER_URL": "",
        "S3_BUCKET": "",
        "STATIC_ROOT": "",
        "LOG_LEVEL": "INFO",
        "PYTHONUNBUFFERED": "1",
    }


def free_port() -> int:
    """Return a port of this machine that nothing listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def is_taken(port: int) -> bool:
    """Tell whether something listens on a port of this machine."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


class Site:
    """The three processes that serve the demo, each with its log file in `data_dir/logs`."""

    def __init__(self, data_dir: Path, port: int) -> None:
        self.env = environment(data_dir)
        self.address = f"http://localhost:{port}"
        self.logs = data_dir / "logs"
        self.logs.mkdir(exist_ok=True)
        python = sys.executable
        self._commands = {
            "web": [python, "-m", "gunicorn", "exfb_site.wsgi", "--bind", f"127.0.0.1:{port}"],
            "worker": [
                *(python, "-m", "celery", "--app", "exfb_site", "worker"),
                *("--pool", "solo", "--hostname", f"demo-{port}@%h", "--loglevel", "INFO"),
            ],
            "sweep": [*MANAGE, "sweep", "--every", "5"],
        }
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._started: dict[str, float] = {}

    def manage(self, *arguments: str, quiet: bool = False) -> None:
        """Run a management command to its end, and keep what was started running meanwhile."""
        process = subprocess.Popen(
            [*MANAGE, *arguments], cwd=ROOT, env=self.env, stdout=subprocess.DEVNULL if quiet else None
        )
        try:
            while process.poll() is None:
                self.tend()
                time.sleep(0.1)
            if process.returncode != 0:
                raise DemoError(f"manage.py {' '.join(arguments)} failed")
        finally:
            process.terminate()
            process.wait()

    def start(self) -> None:
        for name in self._commands:
            self._start(name)

    def _start(self, name: str) -> None:
        # A session of its own: Ctrl-C reaches only this script, which then stops each with its children.
        with (self.logs / f"{name}.log").open("ab") as log:
            self._running[name] = subprocess.Popen(
                self._commands[name],
                cwd=ROOT,
                env=self.env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._started[name] = time.monotonic()

    def wait_until_ready(self, timeout: float = 240) -> None:
        """Wait until pages are served and a recording could be received."""
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            self.tend()
            try:
                with urllib.request.urlopen(f"{self.address}/health/ready/", timeout=5):
                    return
            except (urllib.error.URLError, OSError):
                time.sleep(0.1)
        raise DemoError(f"The site was not ready after {timeout:.0f} s. Its logs are in {self.logs}")

    def tend(self) -> None:
        """Start again what has ended; give up on what ends at once."""
        for name, process in self._running.items():
            if process.poll() is None:
                continue
            if time.monotonic() - self._started[name] < _SOON_SECONDS:
                raise DemoError(f"The {name} process ended at once. The end of its log:\n{self.tail(name)}")
            print(
                f"The {name} process ended (exit status {process.returncode}); starting it again.", flush=True
            )
            self._start(name)

    def tail(self, name: str) -> str:
        """Return the last lines of a process's log."""
        return "\n".join((self.logs / f"{name}.log").read_text(errors="replace").splitlines()[-15:])

    def stop(self) -> None:
        """End every process and its children; whoever does not go within ten seconds is killed."""
        for process in self._running.values():
            _signal_group(process, signal.SIGTERM)
        end = time.monotonic() + _STOP_SECONDS
        for process in self._running.values():
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(max(0.1, end - time.monotonic()))
            _signal_group(process, signal.SIGKILL)
            process.wait()
        self._running.clear()


def _signal_group(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, number)
