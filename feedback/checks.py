"""What must be in order for recordings to be received and analysed: one list, for monitors and for people.

`/health/ready/` tells which checks pass; `manage.py doctor` says in words what each found, and what to do.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from celery import current_app
from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.db.models import Max, Min
from django.utils import timezone
from kombu.exceptions import OperationalError

from feedback.models import Analysis, Worker
from feedback.releases import check_files, folder_of, release_in_use
from feedback.status import WORKER_SILENT, workers_connected
from ml.manifest import ReleaseError

#: A recording has up to 50 MB, and a database that cannot grow stops the whole site.
LEAST_DISK_BYTES = 1 << 30
#: Heartbeats are compared with the clock of whoever looks at them.
LARGEST_CLOCK_ERROR = timedelta(seconds=3)
LONGEST_WAIT = timedelta(minutes=15)


@dataclass(frozen=True)
class Outcome:
    """What a check found; `remedy` is what to do, and empty where all is well."""

    says: str
    remedy: str = ""

    @property
    def ok(self) -> bool:
        return not self.remedy


@dataclass(frozen=True)
class Check:
    """`decides`: without it nothing can be received. `slow`: a monitor, which asks often, is spared it."""

    name: str
    run: Callable[[], Outcome]
    decides: bool = False
    slow: bool = False


def run_checks(*, slow: bool) -> Iterator[tuple[Check, Outcome]]:
    """Run the checks in order; what would follow a database that does not answer is left out."""
    for check in CHECKS:
        if check.slow and not slow:
            continue
        try:
            yield check, check.run()
        except DatabaseError as error:
            says = f"The database does not answer as it should ({type(error).__name__})."
            yield _DATABASE, Outcome(says, "Start it, check DATABASE_URL, and run `manage.py migrate`.")
            return


def disk() -> Outcome:
    folder = settings.DATA_DIR
    if not os.access(folder, os.W_OK):
        return Outcome(
            f"{folder} cannot be written.", "Let the user that exfb runs as write it, or set DATA_DIR."
        )
    free = shutil.disk_usage(folder).free
    says = f"{free / 1e9:.1f} GB are free in {folder}."
    return Outcome(says, "" if free >= LEAST_DISK_BYTES else "Make room, or move DATA_DIR to a larger disk.")


def broker() -> Outcome:
    """Whether a message could be sent: the broker's folder can be written, or its server answers."""
    if settings.CELERY_BROKER_URL.startswith("filesystem://"):
        folder = str(settings.CELERY_BROKER_TRANSPORT_OPTIONS["data_folder_out"])
        if os.access(folder, os.W_OK):
            return Outcome("The embedded broker's folder can be written.")
        return Outcome(f"{folder} cannot be written.", "Let the user that exfb runs as write it.")
    try:
        with current_app.connection_for_write() as broker:
            broker.ensure_connection(max_retries=1, interval_start=0, timeout=2)
            return Outcome(f"{broker.as_uri()} answers.")
    except OperationalError:
        return Outcome("The broker does not answer.", "Start Redis, or correct CELERY_BROKER_URL.")


def device() -> Outcome:
    """Ask torch for what `DEVICE` names. The web process never loads torch, so that this check is slow."""
    if settings.DEVICE == "cpu":
        return Outcome("Workers compute on the CPU.")
    import torch

    try:
        torch.zeros(1, device=settings.DEVICE)
    except (RuntimeError, AssertionError):
        return Outcome(
            f"DEVICE={settings.DEVICE} cannot be used on this machine.",
            "Install the GPU's driver and the CUDA build of torch, or set DEVICE=cpu.",
        )
    return Outcome(f"{settings.DEVICE} can be used.")


def database() -> Outcome:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return Outcome(f"{connection.display_name} answers.")


def migrations() -> Outcome:
    executor = MigrationExecutor(connection)
    missing = len(executor.migration_plan(executor.loader.graph.leaf_nodes()))
    if missing:
        return Outcome(f"{missing} migrations are not applied.", "Run `manage.py migrate`.")
    return Outcome("All migrations are applied.")


def clock() -> Outcome:
    with connection.cursor() as cursor:
        cursor.execute("SELECT CURRENT_TIMESTAMP")
        told = datetime.fromisoformat(str(cursor.fetchone()[0]))
    theirs = told if told.tzinfo else told.replace(tzinfo=UTC)
    now = timezone.now()
    newest = Worker.objects.aggregate(newest=Max("seen_at"))["newest"] or now
    error = max(abs(now - theirs), newest - now).total_seconds()
    if error <= LARGEST_CLOCK_ERROR.total_seconds():
        return Outcome("The clocks of this machine, the database and the workers agree.")
    return Outcome(
        f"Clocks differ by {error:.0f} s between this machine and the database or a worker.",
        "Let every machine set its clock by NTP.",
    )


def release() -> Outcome:
    active = release_in_use()
    if active is None:
        return Outcome("No model release is installed.", "Run `manage.py install_release FOLDER --activate`.")
    return Outcome(f"{active.name} is active.")


def release_files() -> Outcome:
    """A worker refuses changed files too; then every analysis fails as `release_unusable`."""
    active = release_in_use()
    if active is None:
        return Outcome("There is no release to check.", "See above.")
    try:
        if check_files(folder_of(active))[1] != active.sha256:
            raise ReleaseError("corrupt", f"The release {active.name!r} is not the one that was installed.")
    except ReleaseError as error:
        return Outcome(
            error.message, "Copy the release again, then `manage.py install_release FOLDER --activate`."
        )
    return Outcome(f"Its files are those that were installed ({active.sha256[:12]}).")


def workers() -> Outcome:
    number = workers_connected()
    if number:
        return Outcome(f"{number} connected.")
    return Outcome(
        f"No worker was heard of in the last {WORKER_SILENT.total_seconds()} s.",
        "Start one: `celery --app exfb_site worker --pool solo`; read its log.",
    )


def queue() -> Outcome:
    waiting = Analysis.objects.filter(status=Analysis.Status.QUEUED)
    now = timezone.now()
    oldest = waiting.aggregate(oldest=Min("queued_at"))["oldest"]
    if oldest is None:
        return Outcome("Nothing waits.")
    says = f"{waiting.count()} waiting, the oldest for {(now - oldest).total_seconds():.0f} s."
    return Outcome(says, "" if now - oldest < LONGEST_WAIT else "Start another worker; read the logs of all.")


def sweep() -> Outcome:
    """Whether analyses lie about that a sweep would have dealt with some time ago."""
    late = timezone.now() - timedelta(seconds=60)
    overdue = [
        Analysis.objects.filter(
            status=Analysis.Status.RUNNING,
            heartbeat_at__lt=late - timedelta(seconds=settings.ANALYSIS_SILENT_SECONDS),
        ),
        Analysis.objects.filter(
            status=Analysis.Status.QUEUED,
            announced_at__lt=late - timedelta(seconds=settings.ANALYSIS_RESEND_SECONDS),
        ),
    ]
    number = sum(rows.count() for rows in overdue)
    if number:
        return Outcome(f"{number} analyses wait for the sweep.", "Start it: `manage.py sweep`; read its log.")
    return Outcome("It has nothing overdue.")


_DATABASE = Check("database", database, decides=True)
CHECKS = (
    Check("disk", disk, decides=True),
    Check("broker", broker, decides=True),
    Check("device", device, slow=True),
    _DATABASE,
    Check("migrations", migrations, slow=True),
    Check("clock", clock),
    Check("release", release, decides=True),
    Check("release_files", release_files),
    Check("workers", workers),
    Check("queue", queue),
    Check("sweep", sweep),
)
