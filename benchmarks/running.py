"""What the processes of a running site take of the machine, as Linux tells it."""

import os
from collections.abc import Iterator
from pathlib import Path

from tests.processes import RunningSite

_TICKS = os.sysconf("SC_CLK_TCK")
_SESSION, _USER_TICKS, _SYSTEM_TICKS, _PAGES = (
    3,
    11,
    12,
    21,
)  # of what follows the command's name in /proc/.../stat


def processor_seconds(site: RunningSite) -> float:
    """Return the seconds of processor time that all living processes of a site have taken."""
    ticks = (int(n) for fields in _stats(site).values() for n in fields[_USER_TICKS : _SYSTEM_TICKS + 1])
    return sum(ticks) / _TICKS


def megabytes(site: RunningSite) -> dict[str, float]:
    """Return the memory that each living process of a site holds (RSS), by what it is and its number."""
    page = os.sysconf("SC_PAGE_SIZE")
    held = {}
    for pid, fields in sorted(_stats(site).items()):
        arguments = Path(f"/proc/{pid}/cmdline").read_text().split("\0")
        kind = next(name for name in ("gunicorn", "celery", "sweep") if name in arguments)
        held[f"{kind} {pid}"] = int(fields[_PAGES]) * page / 1e6
    return held


def _stats(site: RunningSite) -> dict[int, list[str]]:
    """The fields of /proc/PID/stat of each process that was started, and of its children."""
    return {pid: fields for pid, fields in _all_stats() if int(fields[_SESSION]) in site.pids}


def _all_stats() -> Iterator[tuple[int, list[str]]]:
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            text = (folder / "stat").read_text()
        except OSError:  # it has ended
            continue
        yield int(folder.name), text.rpartition(")")[2].split()
