"""Analyses 2,000 recordings and opens pages meanwhile; prints the memory that each process holds.

A site of its own, on SQLite and the embedded broker: a worker, the sweep, and gunicorn as in a clinic, but
without its replacing a process now and then, which would hide what grows. The end is compared with what each
holds after the first tenth, when all that is loaded once has been. Linux only. Ends with 1 if one grew by
more than 5 %.
"""

import argparse
import io
import itertools
import os
import sys
import tempfile
import time
from collections.abc import Callable
from http.client import HTTPConnection
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.running import megabytes
from ml.manifest import DEFAULT_RELEASE, release_folder
from tests.browser.running import start_web
from tests.processes import RunningSite

REPETITIONS = 2
RECORDINGS_A_PATIENT = 20
MOST_GROWTH = 1.05


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--analyses", type=int, default=2000)
    portion = max(1, parser.parse_args().analyses // 10)
    with tempfile.TemporaryDirectory(prefix="exfb-memory-") as folder:
        site = RunningSite(Path(folder), release_folder(DEFAULT_RELEASE))
        with site:
            port = start_web(site, "--max-requests", "0", "--keep-alive", "600")
            site.start_worker("--pool", "solo")
            site.start_sweep()
            use = user_of(site, port)
            held = []
            for number in range(1, 11):
                use(portion)
                held.append(megabytes(site))
                print(f"after {number * portion} analyses: ", end="")
                print(", ".join(f"{name} {size:.0f} MB" for name, size in held[-1].items()), flush=True)
    growth = {name: size / held[0].get(name, size) for name, size in held[-1].items()}
    print(", ".join(f"{name} {100 * (share - 1):+.1f} %" for name, share in growth.items()))
    print(f"since the first tenth; target {100 * (MOST_GROWTH - 1):+.0f} % at most")
    return 0 if held[0].keys() == held[-1].keys() and max(growth.values()) <= MOST_GROWTH else 1


def user_of(site: RunningSite, port: int) -> Callable[[int], None]:
    """Return what uploads so many recordings, opens pages meanwhile, and waits until all are analysed."""
    os.environ.update(site.environment)
    import django

    django.setup()
    from django.conf import settings
    from django.test import Client

    from feedback.models import Analysis
    from patients.models import Clinic, Membership, User
    from patients.services import add_patient, receive_recording
    from tests.motions import pose_bytes, squats

    user, clinic = User.objects.get(), Clinic.objects.get()
    Membership.objects.create(user=user, clinic=clinic, role="clinician")
    client = Client()
    client.force_login(user)
    cookie = client.cookies[settings.SESSION_COOKIE_NAME].value
    web = HTTPConnection("127.0.0.1", port, timeout=300)
    numbers = itertools.count()

    def use(recordings: int) -> None:
        patient = None
        for i in range(recordings):
            if patient is None or i % RECORDINGS_A_PATIENT == 0:
                patient = add_patient(user=user, clinic=clinic, name="Patient")
            file = io.BytesIO(pose_bytes(squats(REPETITIONS, depth=0.3 + 1e-5 * next(numbers))))
            recording, _ = receive_recording(patient=patient, user=user, file=file, name="squats.json")
            pages = (
                f"/recordings/{recording.uuid}/",
                f"/patients/{patient.uuid}/",
                "/worklist/",
                "/patients/",
            )
            for address in pages:
                web.request("GET", address, headers={"Cookie": f"{settings.SESSION_COOKIE_NAME}={cookie}"})
                answer = web.getresponse()
                answer.read()
                assert answer.status == 200, (address, answer.status)
            while Analysis.objects.filter(status__in=("queued", "running")).count() > RECORDINGS_A_PATIENT:
                time.sleep(0.1)
        while Analysis.objects.filter(status__in=("queued", "running")).exists():
            time.sleep(0.1)
        assert not Analysis.objects.exclude(status="done").exists()

    return use


if __name__ == "__main__":
    sys.exit(main())
