"""How long the page of a patient takes for 5 and for 500 sessions: seconds, queries and bytes of each.

    python benchmarks/history.py

In a throw-away SQLite database, through Django's test client, best of five.
"""

import datetime
import os
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import django  # noqa: E402


def fill(patient, sessions: int) -> None:
    """Give a patient so many sessions of ten squats, nine tenths of them reviewed."""
    from django.utils import timezone

    from feedback.models import Analysis, ExerciseSession, Repetition, Verdict
    from feedback.motions import pack_motion
    from ml.measures import measure
    from tests.factories import ModelReleaseFactory, RecordingFactory, UserFactory
    from tests.motions import squats

    release, clinician = ModelReleaseFactory(), UserFactory()
    template = RecordingFactory(patient=patient)
    file = template.file.name
    template.delete()
    motion = squats(1).positions
    packed, measures = pack_motion(motion), measure(motion, 30.0, "squat")
    codes = ("squat.correct", "squat.knees_inward", "squat.not_low_enough")
    for n in range(sessions):
        at = timezone.now() - datetime.timedelta(days=2 * n + 1)
        recording = RecordingFactory(patient=patient, recorded_at=at, pain=n % 7, file=file)
        session = ExerciseSession.objects.create(patient=patient, day=at.date(), repetition_count=10)
        analysis = Analysis.objects.create(
            recording=recording, session=session, release=release, status="done", exercise="squat"
        )
        rows = Repetition.objects.bulk_create(
            Repetition(
                analysis=analysis, index=i, exercise="squat", start_frame=90 * i, end_frame=90 * i + 90,
                frame_rate=30.0, motion=packed, finding=codes[(n + i) % 3], probability=0.9,
                probabilities={}, measures=measures,
            )
            for i in range(10)
        )  # fmt: skip
        Verdict.objects.bulk_create(
            Verdict(repetition=row, clinician=clinician, decision="confirmed", label=row.finding)
            for row in rows[:9]
        )


def main() -> None:
    from django.core.management import call_command
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    from tests.factories import PatientFactory, PrescriptionFactory, make_people

    call_command("migrate", verbosity=0)
    people = make_people()
    client = Client(HTTP_HOST="localhost")
    client.force_login(people.clinic_admin)
    for sessions in (5, 500):
        patient = PatientFactory(clinic=people.clinic)
        PrescriptionFactory(patient=patient, starts_on=datetime.date(2024, 1, 1))
        fill(patient, sessions)
        seconds = []
        for _ in range(5):
            began = time.perf_counter()
            with CaptureQueriesContext(
                connection,
            ) as queries:
                page = client.get(f"/patients/{patient.uuid}/")
            seconds.append(time.perf_counter() - began)
            assert page.status_code == 200
        print(
            f"{sessions:4d} sessions: {min(seconds):.2f} s, {len(queries)} queries, {len(page.content)} bytes"
        )


if __name__ == "__main__":
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    django.setup()
    main()
