"""Analyses recordings while all that can go wrong does, and counts what became of them.

The processes are real, with a disk, a database and a broker of their own (`servers.py`). `storm.py` does the
harm and the counting; it needs the settings of this site, which exist only once the site does.
"""

import argparse
import contextlib
import os
import random
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "script")]

from servers import Disk, MissingProgram, Postgres, Redis  # noqa: E402

from ml.manifest import DEFAULT_RELEASE, release_folder  # noqa: E402
from tests.processes import RunningSite  # noqa: E402

if TYPE_CHECKING:
    from storm import Harm


#: The disk holds this much and each recording with its rows.
_DISK_MB, _RECORDING_MB = 96, 1.5


def main() -> int:
    arguments = parse(sys.argv[1:])
    # However it is told to end, no process, no server and no disk is left behind.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(143))
    folder = Path(tempfile.mkdtemp(prefix="exfb-chaos-"))
    folder.chmod(0o711)
    passed = False
    try:
        with contextlib.ExitStack() as ending:
            passed = run(arguments, folder, ending)
    except MissingProgram as missing:
        shutil.rmtree(folder)
        sys.exit(str(missing))
    finally:
        if passed:
            shutil.rmtree(folder)
    if not passed:
        print(f"Seed {arguments.seed}. The log of all processes: {folder}", file=sys.stderr)
    return 0 if passed else 1


def run(arguments: argparse.Namespace, folder: Path, ending: contextlib.ExitStack) -> bool:
    """Set up a site, let the storm rage, print its table; return whether all went well."""
    disk = Disk(folder / "disk", _DISK_MB + round(_RECORDING_MB * arguments.analyses))
    ending.callback(disk.unmount)
    redis, postgres = None, None
    if not arguments.quick:
        redis, postgres = Redis(folder / "redis"), Postgres(disk.folder / "postgres")
        for server in (redis, postgres):
            ending.callback(server.stop)
            server.start()
    clock = folder / "clock"
    clock.write_text("0")
    site = RunningSite(
        folder,
        release_folder(DEFAULT_RELEASE),
        data=disk.folder / "data",
        database=postgres.url if postgres else "",
        broker=redis.url if redis else "",
        app="harmful",
    )
    with site:
        site.environment |= {
            "CHAOS_CLOCK": str(clock),
            "PYTHONPATH": f"{ROOT}:{ROOT / 'script'}",
            "BATCH_RECORDINGS": "3",
            "ANALYSIS_LIMIT_SECONDS": "60",
            "WORKER_MEMORY_MB": "2048",
        }
        os.environ.update(site.environment)
        import django

        django.setup()
        from storm import Storm

        chance = random.Random(arguments.seed)
        times = max(1, arguments.analyses // 50)
        harms = harms_to(disk, postgres, redis, chance, times)
        storm = Storm(site, arguments.analyses, arguments.workers, chance, harms)
        storm.rage(60 * arguments.minutes)
        passed = storm.report()
        django.db.connections.close_all()
    return passed


def harms_to(
    disk: Disk, postgres: Postgres | None, redis: Redis | None, chance: random.Random, times: int
) -> "list[Harm]":
    """Return all that is done besides killing workers, as far as it can be done here, and how often."""
    from harmful import set_clock
    from storm import Harm

    drop = dropper(disk.folder / "data" / "broker" / "messages", redis, chance)
    harms = [
        Harm("messages deleted", 1.5, inf, drop),
        Harm(
            "clock set 10 min ahead and back",
            45,
            times,
            once(lambda: set_clock(600)),
            lambda: set_clock(0),
            4,
        ),
    ]
    if disk.can_be_filled:
        revive = postgres.start if postgres else lambda: None
        harms.append(Harm("disk filled", 45, times, once(disk.fill), lambda: (disk.free(), revive()), 4))
    else:
        print("The disk is not filled: only root may mount one that can be.", file=sys.stderr)
    if redis:
        harms.append(Harm("Redis stopped and wiped", 40, times, once(redis.stop), redis.start, 4))
    if postgres:
        harms.append(Harm("PostgreSQL restarted", 45, times, once(postgres.stop), postgres.start, 1))
    return harms


def once(harm: Callable[[], object]) -> Callable[[], int]:
    def do() -> int:
        harm()
        return 1

    return do


def parse(given: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="script/chaos", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="100 analyses on the embedded broker and SQLite")
    parser.add_argument("--analyses", type=int, metavar="N", help="1,000; 100 with --quick")
    parser.add_argument("--workers", type=int, metavar="N", help="8; 2 with --quick")
    parser.add_argument(
        "--minutes", type=float, metavar="N", help="give up after so long: 60; 9 with --quick"
    )
    parser.add_argument("--seed", type=int, default=random.randrange(10**6), help="of when and whom it hits")
    arguments = parser.parse_args(given)
    arguments.analyses = arguments.analyses or (100 if arguments.quick else 1000)
    arguments.workers = arguments.workers or (2 if arguments.quick else 8)
    arguments.minutes = arguments.minutes or (9 if arguments.quick else 60)
    return arguments


def dropper(messages: Path, server: Redis | None, chance: random.Random) -> Callable[[], int]:
    """Return what loses one waiting message, of the embedded broker or of Redis, and tells how many."""
    if server:
        import redis

        client = redis.Redis.from_url(server.url)

        def take() -> int:
            with contextlib.suppress(redis.RedisError):  # it is stopped
                return int(client.rpop("celery") is not None)
            return 0

        return take

    def drop() -> int:
        waiting = list(messages.glob("*.celery.msg"))
        if waiting:
            with contextlib.suppress(FileNotFoundError):  # a worker was quicker
                chance.choice(waiting).unlink()
                return 1
        return 0

    return drop


if __name__ == "__main__":
    sys.exit(main())
