"""A whole site of real processes, for tests and script/chaos: data, database, broker, workers, sweep."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

ROOT = Path(__file__).resolve().parents[1]

#: Makes the database and what a recording needs around it.
_PEOPLE = """
import django; django.setup()
import pathlib
from django.core.management import call_command
call_command("migrate", verbosity=0)
from feedback.releases import activate_release, install_release
from patients.models import Clinic, Patient, User
activate_release(release=install_release(folder=pathlib.Path({release!r})))
user = User.objects.create_user("patient@example.org", "x")
Patient.objects.create(clinic=Clinic.objects.create(name="Clinic"), name="Patient", user=user)
"""
_UPLOAD = """
import django; django.setup()
import io, json, pathlib
from patients.models import Patient
from patients.services import receive_recording
patient = Patient.objects.get()
uuids = []
for path in {paths!r}:
    file = io.BytesIO(pathlib.Path(path).read_bytes())
    recording, _ = receive_recording(patient=patient, user=patient.user, file=file, name="x")
    uuids.append(str(recording.analyses.get().uuid))
print(json.dumps(uuids))
"""
_STATE = """
import django; django.setup()
import json, os, signal, time
from feedback.models import Analysis
wanted, kill, deadline = set({wanted!r}), {kill!r}, time.monotonic() + {seconds!r}
while time.monotonic() < deadline:
    rows = list(Analysis.objects.filter(uuid__in={ids!r}).order_by("queued_at", "pk"))
    if all(row.status in wanted for row in rows):
        break
    time.sleep(0.02)
if kill:
    os.killpg(kill, signal.SIGKILL)
print(json.dumps([
    dict(uuid=str(row.uuid), status=row.status, attempts=row.attempts, worker=row.worker,
         error_code=row.error_code, repetitions=row.repetitions.count())
    for row in rows
]))
"""


def run_python(environment: dict[str, str], *arguments: str) -> str:
    """Run Python with this environment alone, until it ends well; return what it printed."""
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


@contextlib.contextmanager
def temporary_database(url: str) -> Iterator[str]:
    """A new PostgreSQL database beside the one that is named, dropped at the end; its address."""
    import psycopg

    name = f"exfb_{uuid.uuid4().hex[:10]}"
    server, _, _database = url.rpartition("/")
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        try:
            yield f"{server}/{name}"
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


class RunningSite:
    """Everything runs in processes of its own; all of them end with the `with` block."""

    def __init__(
        self,
        folder: Path,
        release: Path,
        *,
        data: Path | None = None,
        database: str = "",
        broker: str = "",
        app: str = "exfb_site",
    ) -> None:
        self._app = app
        self._processes: list[subprocess.Popen[bytes]] = []
        self._log = (folder / "processes.log").open("ab")
        self.log_path = folder / "processes.log"
        self.environment = {
            "PATH": os.environ["PATH"],
            "DJANGO_SETTINGS_MODULE": "exfb_site.settings",
            "PYTHONPATH": str(ROOT),
            "DATA_DIR": str(data or folder / "data"),
            "DATABASE_URL": database,
            "CELERY_BROKER_URL": broker,
            "SECRET_KEY": "for-tests-only",
            "ANALYSIS_SILENT_SECONDS": "8",
            "ANALYSIS_RESEND_SECONDS": "2",
            "OMP_NUM_THREADS": "1",
        }
        self.python(_PEOPLE.format(release=str(release)))

    def __enter__(self) -> "RunningSite":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        self._log.close()

    @property
    def pids(self) -> set[int]:
        """Those of the processes that were started; each leads a session, in which its children are."""
        return {process.pid for process in self._processes}

    def stop(self) -> None:
        """End every process that was started, at once."""
        for process in self._processes:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.wait(timeout=60)
        self._processes.clear()

    def python(self, script: str) -> str:
        """Run a script in a process that sees this site; return what it printed."""
        return run_python(self.environment, "-c", script)

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        """Start a process in a group of its own, so that killing it leaves no child behind."""
        process = subprocess.Popen(
            [sys.executable, *arguments],
            cwd=ROOT,
            env=self.environment,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self._processes.append(process)
        return process

    def start_worker(self, *options: str) -> subprocess.Popen[bytes]:
        """Start a worker, without the talk among workers that the queue does not need."""
        name = f"test-{uuid.uuid4().hex[:6]}@%h"
        quiet = ("--without-gossip", "--without-mingle", "--without-heartbeat")
        return self.start(
            "-m", "celery", "-A", self._app, "worker", "-l", "INFO", "-n", name, *quiet, *options
        )

    def start_sweep(self) -> subprocess.Popen[bytes]:
        return self.start("manage.py", "sweep", "--every", "0.5")

    def upload(self, paths: list[Path]) -> list[str]:
        """Upload files as the patient through the service; return the ids of their analyses."""
        return json.loads(self.python(_UPLOAD.format(paths=[str(path) for path in paths])))

    def wait_for(
        self,
        ids: list[str],
        *statuses: str,
        seconds: float = 90,
        kill: subprocess.Popen[bytes] | None = None,
    ) -> list[dict]:
        """Return these analyses once each is in one of the states; kill a worker at that very moment."""
        script = _STATE.format(ids=ids, wanted=statuses, seconds=seconds, kill=kill.pid if kill else 0)
        rows = json.loads(self.python(script))
        if kill:
            kill.wait(timeout=60)
        return rows

    def log(self) -> str:
        return self.log_path.read_text(errors="replace")
