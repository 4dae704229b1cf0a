"""The harm that script/chaos does to a running site, and the count of what became of the recordings."""

import io
import os
import random
import signal
import statistics
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from django.db import DatabaseError, InterfaceError, close_old_connections
from django.db.models import Count
from harmful import FRAME_RATES

from feedback.models import Analysis
from feedback.queue import request_analysis, retry
from ml.poses.sequence import PoseSequence
from patients.models import Patient, User
from patients.services import receive_recording
from tests.motions import pose_bytes, squats
from tests.processes import RunningSite

#: Each recording shows so many squats: a result with more was kept twice, one with fewer is not whole.
REPETITIONS = 10
_TICK_SECONDS = 0.1
_SECONDS_BETWEEN_UPLOADS = 0.5
_SECONDS_BETWEEN_KILLS = 3.0

Status = Analysis.Status


@dataclass(frozen=True)
class Tally:
    """What became of the recordings."""

    submitted: int
    done: int
    doubled: int

    @property
    def lost(self) -> int:
        return self.submitted - self.done - self.doubled

    @property
    def passed(self) -> bool:
        return self.done == self.submitted > 0


def tally(submitted: int) -> Tally:
    """Count the analyses of the database: whole results, and those of which there is more than one."""
    counted = Analysis.objects.annotate(found=Count("repetitions"))
    done = counted.filter(status=Status.DONE, found=REPETITIONS).count()
    return Tally(submitted, done, counted.filter(found__gt=REPETITIONS).count())


class Harm(NamedTuple):
    """Something that is done at random moments: how many seconds apart on average, and how often at most."""

    name: str
    mean_seconds: float
    at_most: float
    do: Callable[[], int]
    undo: Callable[[], object] = lambda: None
    lasts_seconds: float = 0.0


class Storm:
    """Uploads recordings and does harm, until each recording has an end.

    Each of `harms` returns how much it did. Whatever is harmed is also what this uses itself: what fails is
    done again.
    """

    def __init__(
        self, site: RunningSite, n_analyses: int, n_workers: int, chance: random.Random, harms: Sequence[Harm]
    ) -> None:
        self._site = site
        self._n_analyses = n_analyses
        self._chance = chance
        self._patient, self._user = Patient.objects.get(), User.objects.get()
        # Not for ever: who is killed more often than an analysis takes will never be done.
        kill = Harm("workers killed", _SECONDS_BETWEEN_KILLS, n_analyses / 5, self._kill)
        self._harms = [kill, *harms]
        self._done_of = dict.fromkeys((harm.name for harm in self._harms), 0)
        self._to_undo: list[tuple[float, Harm]] = []
        self._harmful: dict[str, Analysis] = {}
        self._submitted = self._ended = self._retried = self._killed_computing = 0
        self._hit: dict[UUID, float] = {}
        self._recoveries: list[float] = []
        self._seconds = 0.0
        site.start("script/harmful.py", "sweep", "--every", "0.5")
        self._workers = [self._start() for _ in range(n_workers)]

    def _start(self) -> subprocess.Popen[bytes]:
        return self._site.start_worker("--pool=solo")

    def rage(self, at_most_seconds: float) -> None:
        """Go on until every recording has an end, or the time is over."""
        started = time.monotonic()
        while time.monotonic() - started < at_most_seconds:
            try:
                if not self._to_undo and not self._is_unfinished():
                    break
                self._tick()
            except (DatabaseError, InterfaceError, OSError):
                close_old_connections()
            time.sleep(_TICK_SECONDS)
        for _, harm in self._to_undo:
            harm.undo()
        self._seconds = time.monotonic() - started

    def _tick(self) -> None:
        for due, harm in self._to_undo[:]:
            if time.monotonic() >= due:
                self._to_undo.remove((due, harm))
                harm.undo()
        if self._submitted < self._n_analyses and self._is_time(_SECONDS_BETWEEN_UPLOADS):
            self._submit()
        for harm in self._harms:
            is_on = any(harm is other for _, other in self._to_undo)
            if not is_on and self._done_of[harm.name] < harm.at_most and self._is_time(harm.mean_seconds):
                if harm.lasts_seconds:
                    self._to_undo.append((time.monotonic() + harm.lasts_seconds, harm))
                self._done_of[harm.name] += harm.do()
        self._look_after()
        self._note_recoveries()

    def _is_time(self, mean_seconds: float) -> bool:
        return self._chance.random() < _TICK_SECONDS / mean_seconds

    def _is_unfinished(self) -> bool:
        if self._submitted < self._n_analyses or len(self._harmful) < len(FRAME_RATES):
            return True
        well = Analysis.objects.exclude(status=Status.DONE).exclude(pk__in=self._harmful_ids())
        return well.exists() or self._set_aside() < len(FRAME_RATES)

    def _harmful_ids(self) -> list[int]:
        return [analysis.pk for analysis in self._harmful.values()]

    def _set_aside(self) -> int:
        """How many of the harmful recordings have an end that says so."""
        ends = (Status.FAILED, Status.NEEDS_ATTENTION)
        return Analysis.objects.filter(pk__in=self._harmful_ids(), status__in=ends).count()

    def _submit(self) -> None:
        """Upload the next recording; between the first ones those that harm their worker."""
        name = next((name for name in FRAME_RATES if name not in self._harmful), None)
        if name and self._submitted > len(self._harmful) * self._n_analyses / 8:
            self._harmful[name] = self._upload(squats(2, frame_rate=FRAME_RATES[name]))
        else:
            self._upload(squats(REPETITIONS, depth=0.3 + 1e-4 * self._submitted))
            self._submitted += 1

    def _upload(self, sequence: PoseSequence) -> Analysis:
        file = io.BytesIO(pose_bytes(sequence))
        recording, _ = receive_recording(
            patient=self._patient, user=self._user, file=file, name="squats.json"
        )
        # Of one that was received and then not queued, the sweep has not heard yet.
        return recording.analyses.first() or request_analysis(recording=recording)

    def _computing(self) -> list[int]:
        """Which workers hold an analysis: killing those does the most harm."""
        held = Analysis.objects.filter(status=Status.RUNNING).values_list("worker", flat=True)
        pids = {int(name.rpartition(":")[2]) for name in held}
        return [index for index, worker in enumerate(self._workers) if worker.pid in pids]

    def _kill(self) -> int:
        index = self._chance.choice(self._computing() or range(len(self._workers)))
        worker = self._workers[index]
        os.killpg(worker.pid, signal.SIGKILL)
        worker.wait()
        self._workers[index] = self._start()
        held = Analysis.objects.filter(status=Status.RUNNING, worker__endswith=f":{worker.pid}")
        for analysis in held.exclude(pk__in=self._harmful_ids()):
            self._hit.setdefault(analysis.uuid, time.monotonic())
        self._killed_computing += held.exists()
        return 1

    def _note_recoveries(self) -> None:
        """Note the time from a kill to the results of what the killed worker was computing."""
        done = Analysis.objects.filter(uuid__in=list(self._hit), status=Status.DONE)
        for analysis_id in done.values_list("uuid", flat=True):
            self._recoveries.append(time.monotonic() - self._hit.pop(analysis_id))

    def _look_after(self) -> None:
        """Do what a service manager and a clinician would: start again what ended or was set aside."""
        for index, worker in enumerate(self._workers):
            if worker.poll() is not None:
                self._ended += 1
                self._workers[index] = self._start()
        ended = Analysis.objects.filter(status__in=(Status.NEEDS_ATTENTION, Status.FAILED))
        for analysis in ended.exclude(pk__in=self._harmful_ids()):
            self._retried += retry(user=self._user, analysis=analysis)

    def report(self) -> bool:
        """Print the table; return whether every analysis was done exactly once, and the harmful set aside."""
        counted, times = tally(self._submitted), self._recoveries
        longest = f"{statistics.median(times):.1f} / {max(times):.1f} s" if times else "none"
        set_aside = self._set_aside()
        rows = {
            "submitted": counted.submitted,
            "done": counted.done,
            "doubled": counted.doubled,
            "lost": counted.lost,
            "recovery time, median / longest": longest,
            **self._done_of,
            "workers killed while analysing": self._killed_computing,
            "workers that ended by themselves": self._ended,
            "harmful recordings set aside": f"{set_aside} of {len(FRAME_RATES)}",
            "taken up more than once": Analysis.objects.filter(attempts__gt=1).count(),
            "set aside or failed, tried again": self._retried,
            "all of it": f"{self._seconds:.0f} s",
        }
        for name, value in rows.items():
            print(f"{name:<34}{value:>16}")
        for name, analysis in self._harmful.items():
            analysis.refresh_from_db()
            print(f"  a recording that {name}: {analysis.get_status_display()} ({analysis.error_code})")
        return counted.passed and set_aside == len(FRAME_RATES)
