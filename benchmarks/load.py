"""Lets 50 clinicians work and 500 patients wait for a result at the same time; prints the times of each page.

A site of its own: gunicorn as in a clinic, SQLite, or with DATABASE_URL a new database on that PostgreSQL
server, dropped at the end. A clinician opens a page every few seconds, as one who reads it does; a patient's
phone asks how far the analysis is as the page does, with the ETag that it has and less often while nothing
changes, and opens the home page now and then. Like a browser, both ask once more where the server had closed
a connection that was kept. The first seconds, in which everybody comes at once, are not counted, but their
errors are. Ends with 1 if an answer was an error or the slowest page's p95 is over the target.
"""

import argparse
import os
import random
import statistics
import sys
import tempfile
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from ml.manifest import DEFAULT_RELEASE, release_folder
from tests.browser.running import start_web
from tests.processes import RunningSite, temporary_database

SESSIONS_A_PATIENT = 3
#: Seconds between two pages of a clinician.
READING = (4.0, 12.0)
#: A phone asks after so many seconds at least and at most, and waits longer by this factor each time that
#: nothing has changed (exfb/js/recording.js).
QUICK, MOST, LONGER = 1.5, 5.0, 1.3
ASKING = "how far an analysis is"
OPENING_HOME = 0.05  # of what a phone asks
TARGET_SECONDS = 1.0
RUN_IN_SECONDS = 20.0
#: A connection that is idle for longer is closed, before the server does (gunicorn.conf.py).
_KEPT_SECONDS = 4.0


class Visitor(NamedTuple):
    """Somebody who is signed in: cookie, and the addresses of the pages by name."""

    cookie: str
    pages: dict[str, list[str]]
    is_patient: bool


class Answer(NamedTuple):
    name: str
    seconds: float
    status: int
    counts: bool


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--clinicians", type=int, default=50)
    parser.add_argument("--patients", type=int, default=500)
    parser.add_argument("--seconds", type=float, default=60)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="exfb-load-") as folder, database() as url:
        site = RunningSite(Path(folder), release_folder(DEFAULT_RELEASE), database=url)
        with site:
            visitors = fill(site, options.clinicians, options.patients)
            answers = visit(visitors, start_web(site), options.seconds)
    return report(answers, options)


@contextmanager
def database() -> Iterator[str]:
    url = os.environ.get("DATABASE_URL", "")
    with temporary_database(url) if url else nullcontext("") as made:
        yield made


def fill(site: RunningSite, clinicians: int, patients: int) -> list[Visitor]:
    """Make the people, their sessions and one analysis of each patient that waits; sign everybody in."""
    os.environ.update(site.environment)
    import django

    django.setup()
    from django.conf import settings
    from django.db import transaction
    from django.test import Client

    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # nobody types one here
    from tests.factories import ClinicFactory, MembershipFactory

    with transaction.atomic():
        clinic = ClinicFactory()
        staff = [MembershipFactory(clinic=clinic) for _ in range(clinicians)]
        waiting = [make_patient(staff[i % clinicians]) for i in range(patients)]
    visitors = []
    for person, pages, is_patient in [*pages_of_staff(staff), *waiting]:
        client = Client()
        client.force_login(person)
        visitors.append(Visitor(client.cookies[settings.SESSION_COOKIE_NAME].value, pages, is_patient))
    return visitors


def make_patient(lead: Any) -> tuple[Any, dict[str, list[str]], bool]:
    """A patient with some analysed sessions and a recording that waits; the account, what it looks at."""
    from django.urls import reverse

    from feedback.models import ModelRelease
    from feedback.sessions import refresh_session
    from tests import factories

    release = ModelRelease.objects.get()
    patient = factories.PatientFactory(clinic=lead.clinic, user=factories.UserFactory())
    factories.CareAssignmentFactory(patient=patient, membership=lead, level="lead")
    for days in range(SESSIONS_A_PATIENT):
        recording = factories.RecordingFactory(patient=patient, recorded_at=factories.days_ago(2 * days + 1))
        analysis = factories.AnalysisFactory(
            recording=recording, release=release, status="done", step="finished"
        )
        factories.RepetitionFactory(analysis=analysis)
        factories.CorrectionFactory(repetition__analysis=analysis)
        refresh_session(session=analysis.session)
    waiting = factories.AnalysisFactory(recording__patient=patient, release=release)
    pages = {
        ASKING: [reverse("api:analysis", args=[waiting.uuid])],
        "my_home": [reverse("my_home")],
    }
    return patient.user, pages, True


def pages_of_staff(staff: list[Any]) -> Iterator[tuple[Any, dict[str, list[str]], bool]]:
    """Each clinician with what they look at: the lists, and what their own patients have."""
    from django.urls import reverse

    from feedback.models import Repetition

    for one in staff:
        of_theirs = Repetition.objects.filter(
            analysis__recording__patient__care_assignments__membership=one
        ).select_related("analysis__session", "analysis__recording__patient")
        pages: dict[str, set[str]] = defaultdict(set)
        for repetition in of_theirs:
            analysis = repetition.analysis
            pages["session"].add(reverse("session", args=[analysis.session.uuid]))
            pages["patient"].add(reverse("patient", args=[analysis.recording.patient.uuid]))
            pages["recording"].add(reverse("recording", args=[analysis.recording.uuid]))
            pages["motion of a repetition"].add(reverse("api:motion", args=[repetition.uuid]))
        pages["worklist"].add(reverse("worklist"))
        pages["patient_list"].add(reverse("patient_list"))
        yield one.user, {name: sorted(addresses) for name, addresses in pages.items()}, False


def visit(visitors: list[Visitor], port: int, seconds: float) -> list[Answer]:
    """Let all of them visit the site at the same time, for so many seconds."""
    answers: list[Answer] = []
    counted = time.monotonic() + RUN_IN_SECONDS
    threads = [
        threading.Thread(
            target=_visit, args=(visitor, port, counted, counted + seconds, random.Random(i), answers)
        )
        for i, visitor in enumerate(visitors)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def _visit(
    visitor: Visitor, port: int, counted: float, end: float, chance: random.Random, answers: list[Answer]
) -> None:
    connection = HTTPConnection("127.0.0.1", port, timeout=60)
    etags: dict[str, str] = {}
    names = list(visitor.pages)
    # A patient mostly asks; a clinician opens whatever there is.
    weights = [1 - OPENING_HOME, OPENING_HOME] if visitor.is_patient else [1] * len(names)
    pause = chance.uniform(0, MOST if visitor.is_patient else READING[1])
    while time.monotonic() + pause < end:
        if pause > _KEPT_SECONDS:
            connection.close()
        time.sleep(pause)
        [name] = chance.choices(names, weights)
        address = chance.choice(visitor.pages[name])
        headers = {"Cookie": f"sessionid={visitor.cookie}", "If-None-Match": etags.get(address, "")}
        began = time.monotonic()
        status, etags[address] = _get(connection, address, headers)
        answers.append(Answer(name, time.monotonic() - began, status, began >= counted))
        if not visitor.is_patient:
            pause = chance.uniform(*READING)
        elif name == ASKING:
            pause = min(MOST, max(QUICK, LONGER * pause)) if status == 304 else QUICK


def _get(connection: HTTPConnection, address: str, headers: dict[str, str]) -> tuple[int, str]:
    """Return the status and the ETag of an answer; 0 for the status where there is none."""
    was_kept = connection.sock is not None
    try:
        connection.request("GET", address, headers=headers)
        answer = connection.getresponse()
        answer.read()
        return answer.status, answer.headers.get("ETag", "")
    except (BrokenPipeError, ConnectionResetError):
        connection.close()
        return _get(connection, address, headers) if was_kept else (0, "")
    except OSError:
        connection.close()
        return 0, ""


def report(answers: list[Answer], options: argparse.Namespace) -> int:
    """Print a line for each page; return 1 if one is too slow or answered with an error."""
    everything, answers = answers, [answer for answer in answers if answer.counts]
    print(
        f"{options.clinicians} clinicians and {options.patients} patients for {options.seconds:.0f} s: ",
        end="",
    )
    print(f"{len(answers)} requests, {len(answers) / options.seconds:.0f} a second")
    print(f"{'':<26}{'requests':>9}{'p50':>9}{'p95':>9}{'p99':>9}{'errors':>8}")
    slowest, errors = 0.0, 0
    for name in sorted({answer.name for answer in answers}):
        of_page = [answer for answer in answers if answer.name == name]
        wrong = sum(answer.status not in (200, 304) for answer in everything if answer.name == name)
        times = [answer.seconds for answer in of_page]
        cuts = statistics.quantiles(times * 2, n=100, method="inclusive")  # twice, since one is no sample
        told = "".join(f"{1000 * cuts[q - 1]:>6.0f} ms" for q in (50, 95, 99))
        print(f"{name:<26}{len(of_page):>9}{told}{wrong:>8}")
        slowest, errors = max(slowest, cuts[94]), errors + wrong
    statuses = Counter(answer.status for answer in everything)
    print("statuses:", ", ".join(f"{status} {count}" for status, count in sorted(statuses.items())))
    print(f"slowest p95 {1000 * slowest:.0f} ms; target {1000 * TARGET_SECONDS:.0f} ms; {errors} errors")
    return 0 if slowest < TARGET_SECONDS and not errors else 1


if __name__ == "__main__":
    sys.exit(main())
