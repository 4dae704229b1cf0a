"""A whole site for a real browser: web server, worker and people of its own."""

import contextlib
import socket
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from tests.processes import ROOT, RunningSite

CLINICIAN, PASSWORD = "clinician@example.org", "correct horse battery"
RELEASES = ROOT / "ml" / "releases"

_CLINICIAN = f"""
import django; django.setup()
from patients.models import CareAssignment, Membership, Patient, User
patient = Patient.objects.get()
user = User.objects.create_user("{CLINICIAN}", "{PASSWORD}", first_name="Robin", last_name="Reviewer")
membership = Membership.objects.create(user=user, clinic=patient.clinic, role="clinician")
CareAssignment.objects.create(patient=patient, membership=membership, level="lead")
"""


@contextlib.contextmanager
def site_with_web(folder: Path) -> Iterator[tuple[RunningSite, str]]:
    """Start the shipped release with worker and web server; yield the site and its address."""
    (release,) = (one for one in RELEASES.iterdir() if one.is_dir())
    with RunningSite(folder, release) as site:
        site.python(_CLINICIAN)
        site.environment["DEBUG"] = "true"
        site.start_worker("--pool", "solo")
        yield site, f"http://127.0.0.1:{start_web(site)}"


def start_web(site: RunningSite, *options: str) -> int:
    """Start the web server of a site and wait until it answers; return its port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    site.environment["HTTPS"] = "false"
    site.start("-m", "gunicorn", "exfb_site.wsgi", "--bind", f"127.0.0.1:{port}", *options)
    _wait_until_up(f"http://127.0.0.1:{port}")
    return port


def _wait_until_up(address: str) -> None:
    end = time.monotonic() + 240
    while True:
        try:
            with urllib.request.urlopen(f"{address}/health/live/", timeout=20):
                return
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.3)
