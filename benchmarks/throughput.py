"""Analyses 200 waiting recordings with real workers; prints throughput and latency against the ideal.

The ideal is the pure compute of the same repetitions: as many processes as there are workers, already started
and with their networks loaded, read and prepare their share of the files, find the repetitions, and run
network, judge and correction on all of them in one batch. No database, no broker, no job. It is taken before
and after the workers run. Where something else uses the machine, only processor time can be compared.

SQLite and the embedded broker in a temporary folder; with DATABASE_URL a new database on that PostgreSQL
server, dropped at the end, and with CELERY_BROKER_URL that (unused) Redis database.
"""

import argparse
import io
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager, nullcontext
from copy import deepcopy
from functools import lru_cache
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.running import processor_seconds
from ml.manifest import DEFAULT_RELEASE, release_folder
from tests.processes import RunningSite, temporary_database

if TYPE_CHECKING:
    from feedback.models import Analysis
    from ml.inference import Predictor

BODIES = 20
RECORDINGS_A_PATIENT = 5
#: One in two repetitions of a recording shows this mistake, for which a correction is made.
CODES = ("squat.correct", "squat.knees_inward", "squat.correct", "squat.not_low_enough")
ALONE = 20
TARGET = 0.7


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--recordings", type=int, default=200)
    parser.add_argument("--repetitions", type=int, default=10, help="of each recording")
    parser.add_argument("--workers", type=int, default=2, help="processes, of one thread each")
    parser.add_argument("--pool", choices=("prefork", "solo"), default="prefork")
    options = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"
    files = recordings(options.recordings, options.repetitions)
    with tempfile.TemporaryDirectory(prefix="exfb-throughput-") as folder, services() as (database, broker):
        site = RunningSite(Path(folder), release_folder(DEFAULT_RELEASE), database=database, broker=broker)
        with site, Ideal(options.workers) as ideal:
            before = ideal.measure(files)
            real = measure(site, files, options)
            after = ideal.measure(files)
    return 0 if report(options, before, real, after) >= TARGET else 1


def recordings(number: int, repetitions: int) -> list[bytes]:
    """Return so many different files of simulated people who do squats, some rightly and some not."""
    import numpy as np

    from ml.simulate import Person, simulate_recording
    from tests.motions import pose_bytes

    codes = [CODES[i % len(CODES)] for i in range(repetitions)]
    drawn = [
        simulate_recording(Person.sample(body), codes, np.random.default_rng(body))[0]
        for body in range(min(BODIES, number))
    ]
    # A hundredth of a millimetre makes another file of the same motion.
    return [
        pose_bytes(one.with_positions(one.positions + 1e-5 * (i // BODIES)))
        for i in range(number)
        for one in [drawn[i % len(drawn)]]
    ]


@contextmanager
def services() -> Iterator[tuple[str, str]]:
    url = os.environ.get("DATABASE_URL", "")
    with temporary_database(url) if url else nullcontext("") as database:
        yield database, os.environ.get("CELERY_BROKER_URL", "")


class Ideal:
    """As many processes as there are workers, with the networks loaded, that only compute."""

    def __init__(self, processes: int) -> None:
        self._processes = processes
        self._pool = ProcessPoolExecutor(processes, mp_context=get_context("spawn"))

    def __enter__(self) -> "Ideal":
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown()

    def measure(self, files: Sequence[bytes]) -> "Computed":
        """Return what each part of the files takes, all processes at the same time."""
        shares = [files[i :: self._processes] for i in range(self._processes)]
        # The first round only starts the processes and loads the networks.
        list(self._pool.map(compute, [share[:1] for share in shares]))
        found = list(self._pool.map(compute, shares))
        alone = statistics.median(
            self._pool.submit(compute, [file]).result().seconds for file in files[:ALONE]
        )
        return Computed(
            max(one.seconds for one in found),
            sum(one.processor for one in found),
            sum(one.repetitions for one in found),
            max(one.networks for one in found),
            alone,
        )


class Computed(NamedTuple):
    """Seconds of all that is computed, and of the network's part of it; what one file takes alone."""

    seconds: float
    processor: float
    repetitions: int
    networks: float
    alone: float = 0.0


@lru_cache
def predictor() -> "Predictor":
    import torch

    from ml.inference import Predictor
    from ml.release import load_release

    torch.set_num_threads(1)
    return Predictor(load_release(release_folder(DEFAULT_RELEASE)))


def compute(files: Sequence[bytes]) -> Computed:
    """Compute all that an analysis computes, of all files in one batch."""
    import torch

    from ml.encoding import encode
    from ml.poses.formats import read
    from ml.preprocess import prepare
    from ml.repetitions import find_repetitions

    model = predictor()
    began, computed = time.perf_counter(), time.process_time()
    repetitions, exercises = [], []
    for file in files:
        sequence = prepare(read(io.BytesIO(file))).sequence
        spans = find_repetitions(sequence)
        repetitions += [sequence.cut(span.start_frame, span.end_frame) for span in spans]
        exercises += [span.exercise for span in spans]
    model.predict(repetitions, exercises)
    seconds, processor = time.perf_counter() - began, time.process_time() - computed
    network = deepcopy(model.release.network).to(torch.float64).eval()
    x = torch.as_tensor(encode(repetitions), dtype=torch.float64)
    began = time.perf_counter()
    with torch.inference_mode():
        network(x)
        network(x)  # each motion is also looked at in a mirror
    return Computed(seconds, processor, len(repetitions), time.perf_counter() - began)


class Ran(NamedTuple):
    """What the workers took: seconds from the first message to each result; one file alone; a start."""

    seconds: list[float]
    processor: float
    alone: list[float]
    starting: float
    repetitions: int


def measure(site: RunningSite, files: Sequence[bytes], options: argparse.Namespace) -> Ran:
    """Let workers analyse the files: some one at a time, then all of them, which wait before any is begun."""
    os.environ.update(site.environment)
    import django

    django.setup()
    from django.db.models import Count
    from django.utils import timezone

    from feedback import queue
    from feedback.models import Analysis

    upload = Uploader()
    began = time.perf_counter()
    if options.pool == "prefork":
        site.start_worker("--pool", "prefork", "--concurrency", str(options.workers))
    else:
        for _ in range(options.workers):
            site.start_worker("--pool", "solo")
    wait_for(upload(files[:1]))
    starting = time.perf_counter() - began
    # Until each process has loaded the networks.
    while Analysis.objects.order_by().values("worker").distinct().count() < options.workers:
        wait_for(upload(files[: 2 * options.workers]))
    alone = [wait_for(upload([file]))[0] for file in files[:ALONE]]
    announce, queue.announce = queue.announce, lambda analysis_id: True
    waiting = upload(files)
    began_at, computed = timezone.now(), processor_seconds(site)
    for analysis in waiting:
        announce(analysis.uuid)
    wait_for(waiting)
    processor = processor_seconds(site) - computed
    done = Analysis.objects.filter(pk__in=[analysis.pk for analysis in waiting])
    seconds = sorted((at - began_at).total_seconds() for at in done.values_list("finished_at", flat=True))
    return Ran(seconds, processor, alone, starting, done.aggregate(n=Count("repetitions"))["n"])


class Uploader:
    """Receives files as recordings of new patients, some of each."""

    def __init__(self) -> None:
        from patients.models import Clinic, Membership, User

        self._user, self._clinic = User.objects.get(), Clinic.objects.get()
        Membership.objects.create(user=self._user, clinic=self._clinic, role="clinician")

    def __call__(self, files: Sequence[bytes]) -> list["Analysis"]:
        from feedback.models import Analysis
        from patients.services import add_patient, receive_recording

        received = []
        for i, file in enumerate(files):
            if i % RECORDINGS_A_PATIENT == 0:
                patient = add_patient(user=self._user, clinic=self._clinic, name="Patient")
            recording, _ = receive_recording(
                patient=patient, user=self._user, file=io.BytesIO(file), name="squats.json"
            )
            received.append(recording.pk)
        return list(Analysis.objects.filter(recording__in=received))


def wait_for(analyses: Sequence["Analysis"]) -> list[float]:
    """Wait until all are done; return the seconds from the request to the result of each."""
    from feedback.models import Analysis

    rows = Analysis.objects.filter(pk__in=[analysis.pk for analysis in analyses])
    while rows.filter(status__in=("queued", "running")).exists():
        time.sleep(0.1)
    assert not rows.exclude(status="done").exists(), list(rows.values_list("status", "error_code"))
    return [(row.finished_at - row.queued_at).total_seconds() for row in rows if row.finished_at]


def report(options: argparse.Namespace, before: Computed, real: Ran, after: Computed) -> float:
    """Print what was measured; return the share of the ideal throughput that was reached."""
    assert real.repetitions == before.repetitions, (real.repetitions, before.repetitions)
    ideal = (before.seconds + after.seconds) / 2
    last, share = real.seconds[-1], ideal / real.seconds[-1]
    n = options.recordings
    print(f"{n} recordings, {real.repetitions} repetitions, {options.workers} workers ({options.pool})")
    print(f"  ideal        {ideal:7.1f} s  {n / ideal:6.2f} recordings a second")
    print(
        f"               {before.seconds:7.1f} s before and {after.seconds:.1f} s after; networks alone ",
        end="",
    )
    print(f"{before.networks:.1f} s")
    print(f"  workers      {last:7.1f} s  {n / last:6.2f} recordings a second: {share:.0%} of the ideal")
    half, late = real.seconds[n // 2], real.seconds[int(0.95 * n)]
    computed = (before.processor + after.processor) / 2
    print(f"  processor    {real.processor:7.1f} s, ideal {computed:.1f} s: {computed / real.processor:.0%}")
    print(f"  results      half of them after {half:.1f} s, 95 % after {late:.1f} s")
    alone = statistics.median(real.alone)
    ideal_alone = (before.alone + after.alone) / 2
    print(f"  one alone    {1000 * alone:.0f} ms from request to result; ideal {1000 * ideal_alone:.0f} ms")
    print(f"  a start      {real.starting:.1f} s from the start of a worker to its first result")
    print(f"target {TARGET:.0%} of the ideal throughput")
    return share


if __name__ == "__main__":
    sys.exit(main())
