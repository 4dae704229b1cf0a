"""Analyses recordings while workers are killed with -9 and messages deleted, and counts what became of them.

The processes are real, with a database and a broker of their own. `storm.py` does the harm and the counting;
it needs the settings of this site, which exist only once the site does.
"""

import argparse
import contextlib
import os
import random
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "script")]

from ml.manifest import DEFAULT_RELEASE, release_folder  # noqa: E402
from tests.processes import RunningSite, temporary_database  # noqa: E402

if TYPE_CHECKING:
    import redis

#: How often all data of Redis goes, where one message would have been lost.
_WIPES = 0.1


def main() -> int:
    arguments = parse(sys.argv[1:])
    # However it is told to end, no process and no database is left behind.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(143))
    with services(arguments.quick) as (database, broker):
        folder = Path(tempfile.mkdtemp(prefix="exfb-chaos-"))
        passed = run(arguments, folder, database, broker)
    if passed:
        shutil.rmtree(folder)
    else:
        print(f"Seed {arguments.seed}. Data and the log of all processes: {folder}", file=sys.stderr)
    return 0 if passed else 1


def run(arguments: argparse.Namespace, folder: Path, database: str, broker: str) -> bool:
    """Set up a site, let the storm rage, print its table; return whether all went well."""
    release = release_folder(DEFAULT_RELEASE)
    with RunningSite(folder, release, database=database, broker=broker) as site:
        os.environ.update(site.environment)
        import django

        django.setup()
        from storm import Storm

        chance = random.Random(arguments.seed)
        storm = Storm(site, arguments.analyses, arguments.workers, chance, dropper(folder, broker, chance))
        storm.rage(60 * arguments.minutes)
        passed = storm.report()
        django.db.connections.close_all()
    return passed


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


@contextlib.contextmanager
def services(quick: bool) -> Iterator[tuple[str, str]]:
    """Give the addresses of a new PostgreSQL database and of an unused Redis database; empty for none."""
    if quick:
        yield "", ""
        return
    try:
        server, broker = os.environ["DATABASE_URL"], os.environ["CELERY_BROKER_URL"]
    except KeyError as error:
        sys.exit(f"{error.args[0]} is not set: name PostgreSQL and an unused Redis database, or use --quick.")
    import redis

    if redis.Redis.from_url(broker).dbsize():
        sys.exit(f"The Redis database {broker} is in use; name another one, such as .../15.")
    with temporary_database(server) as database:
        try:
            yield database, broker
        finally:
            redis.Redis.from_url(broker).flushdb()


def dropper(folder: Path, broker: str, chance: random.Random) -> Callable[[], int]:
    """Return what loses one waiting message, of Redis now and then everything, and tells how many it lost."""
    if broker:
        import redis

        client = redis.Redis.from_url(broker)
        return lambda: _wipe(client) if chance.random() < _WIPES else int(client.rpop("celery") is not None)

    def drop() -> int:
        waiting = list((folder / "data" / "broker" / "messages").glob("*.celery.msg"))
        if waiting:
            with contextlib.suppress(FileNotFoundError):  # a worker was quicker
                chance.choice(waiting).unlink()
                return 1
        return 0

    return drop


def _wipe(client: "redis.Redis") -> int:
    waiting = client.llen("celery")
    client.flushdb()
    return int(waiting)


if __name__ == "__main__":
    sys.exit(main())
