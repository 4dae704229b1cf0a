"""The harm that script/chaos does to a running site, and the count of what became of the recordings."""

import io
import os
import random
import signal
import statistics
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Count
from django.utils import timezone

from feedback.models import Analysis
from feedback.queue import retry
from patients.models import Patient, User
from patients.services import receive_recording
from tests.motions import pose_bytes, squats
from tests.processes import RunningSite

#: Each recording shows so many squats: a result with more was kept twice, one with fewer is not whole.
REPETITIONS = 10
_TICK_SECONDS = 0.1
_SECONDS_BETWEEN_UPLOADS = 0.5
_SECONDS_BETWEEN_LOSSES = 1.5
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


@dataclass(frozen=True)
class Kill:
    """When a worker was killed, and what it was computing."""

    at: datetime
    held: list[UUID]


class Storm:
    """Uploads recordings, kills workers with -9, starts others, and deletes messages, until all are done."""

    def __init__(
        self,
        site: RunningSite,
        n_analyses: int,
        n_workers: int,
        chance: random.Random,
        drop_message: Callable[[], int],
    ) -> None:
        self._site = site
        self._n_analyses = n_analyses
        self._chance = chance
        self._drop_message = drop_message
        self._patient, self._user = Patient.objects.get(), User.objects.get()
        self._submitted = self._dropped = self._ended = self._retried = 0
        self._kills: list[Kill] = []
        self._seconds = 0.0
        site.start_sweep()
        self._workers = [self._start() for _ in range(n_workers)]

    def _start(self) -> subprocess.Popen[bytes]:
        return self._site.start_worker("--pool=solo")

    def rage(self, at_most_seconds: float) -> None:
        """Go on until every recording has an end, or the time is over."""
        started = time.monotonic()
        while self._is_unfinished() and time.monotonic() - started < at_most_seconds:
            if self._submitted < self._n_analyses and self._is_time(_SECONDS_BETWEEN_UPLOADS):
                self._submit()
            if self._is_time(_SECONDS_BETWEEN_LOSSES):
                self._dropped += self._drop_message()
            # Not for ever: who is killed more often than an analysis takes will never be done.
            if self._is_time(_SECONDS_BETWEEN_KILLS) and len(self._kills) < self._n_analyses / 5:
                self._kill(self._chance.choice(self._computing() or range(len(self._workers))))
            self._look_after()
            time.sleep(_TICK_SECONDS)
        self._seconds = time.monotonic() - started

    def _is_time(self, mean_seconds: float) -> bool:
        return self._chance.random() < _TICK_SECONDS / mean_seconds

    def _is_unfinished(self) -> bool:
        return self._submitted < self._n_analyses or Analysis.objects.exclude(status=Status.DONE).exists()

    def _submit(self) -> None:
        file = io.BytesIO(pose_bytes(squats(REPETITIONS, depth=0.3 + 1e-4 * self._submitted)))
        receive_recording(patient=self._patient, user=self._user, file=file, name="squats.json")
        self._submitted += 1

    def _computing(self) -> list[int]:
        """Which workers hold an analysis: killing those does the most harm."""
        held = Analysis.objects.filter(status=Status.RUNNING).values_list("worker", flat=True)
        pids = {int(name.rpartition(":")[2]) for name in held}
        return [index for index, worker in enumerate(self._workers) if worker.pid in pids]

    def _kill(self, index: int) -> None:
        worker = self._workers[index]
        os.killpg(worker.pid, signal.SIGKILL)
        worker.wait()
        held = Analysis.objects.filter(status=Status.RUNNING, worker__endswith=f":{worker.pid}")
        self._kills.append(Kill(timezone.now(), list(held.values_list("uuid", flat=True))))
        self._workers[index] = self._start()

    def _look_after(self) -> None:
        """Do what a service manager and a clinician would: start again what ended or was set aside."""
        for index, worker in enumerate(self._workers):
            if worker.poll() is not None:
                self._ended += 1
                self._workers[index] = self._start()
        for analysis in Analysis.objects.filter(status__in=(Status.NEEDS_ATTENTION, Status.FAILED)):
            self._retried += retry(user=self._user, analysis=analysis)

    def _recoveries(self) -> list[float]:
        """Seconds from each kill to the results of what the killed worker was computing."""
        finished = dict(Analysis.objects.filter(status=Status.DONE).values_list("uuid", "finished_at"))
        return [
            (finished[uuid] - kill.at).total_seconds()
            for kill in self._kills
            for uuid in kill.held
            if uuid in finished
        ]

    def report(self) -> bool:
        """Print the table; return whether every analysis was done exactly once."""
        counted, recoveries = tally(self._submitted), self._recoveries()
        longest = f"{statistics.median(recoveries):.1f} / {max(recoveries):.1f} s" if recoveries else "none"
        rows = {
            "submitted": counted.submitted,
            "done": counted.done,
            "doubled": counted.doubled,
            "lost": counted.lost,
            "recovery time, median / longest": longest,
            "workers killed": len(self._kills),
            "workers killed while analysing": sum(bool(kill.held) for kill in self._kills),
            "workers that ended by themselves": self._ended,
            "messages deleted": self._dropped,
            "taken up more than once": Analysis.objects.filter(attempts__gt=1).count(),
            "set aside or failed, tried again": self._retried,
            "all of it": f"{self._seconds:.0f} s",
        }
        for name, value in rows.items():
            print(f"{name:<34}{value:>16}")
        return counted.passed
