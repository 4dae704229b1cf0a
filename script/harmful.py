"""exfb with recordings that harm their worker, and with a clock that somebody sets; for script/chaos alone.

No reader lets such a recording through: what it does is told by its frame rate. Celery takes the application
from here (`--app harmful`), and what `manage.py` does is done by `python script/harmful.py`.
"""

import os
import signal
import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.core.management import execute_from_command_line
from django.utils import timezone

from exfb_site.celery import app
from feedback import pipeline

__all__ = ["FRAME_RATES", "app", "set_clock", "shift_clock"]

#: By what a recording does to its worker, its frame rate in Hz.
FRAME_RATES = {"never ends": 41.0, "takes all memory": 42.0, "kills": 43.0}
#: Names the file that says by how many seconds the clock is wrong.
CLOCK = "CHAOS_CLOCK"


def shift_clock() -> None:
    """Let this process see the time that `set_clock` says."""
    real, file = timezone.now, Path(os.environ[CLOCK])

    def now() -> datetime:
        return real() + timedelta(seconds=float(file.read_text()))

    timezone.now = now


def set_clock(seconds: float) -> None:
    """Set the clock of all processes of the site so many seconds ahead of this machine's."""
    file = Path(os.environ[CLOCK])
    new = file.with_suffix(".new")
    new.write_text(str(seconds))
    new.rename(file)


def harm(frame_rate: float) -> None:
    """Do what a recording of this frame rate does."""
    if frame_rate == FRAME_RATES["kills"]:
        os.kill(os.getpid(), signal.SIGKILL)
    taken = []
    while frame_rate in FRAME_RATES.values():
        if frame_rate == FRAME_RATES["takes all memory"]:
            taken.append(bytearray(1 << 26))


_search = pipeline.search


def search(sequence: Any, *arguments: Any) -> Any:
    harm(round(sequence.frame_rate, 1))
    return _search(sequence, *arguments)


pipeline.search = search
if CLOCK in os.environ:
    shift_clock()

if __name__ == "__main__":
    execute_from_command_line(sys.argv)
