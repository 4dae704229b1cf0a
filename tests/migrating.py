"""Fills a database and takes it back through every migration and forward again: a program of its own.

It prints as JSON which migrations were undone, and how many rows each table had, at each turn. `fill` serves
other tests that need a row of every kind.
"""

import json
import sys
from uuid import uuid4

import django

OURS = ("patients", "feedback")


def fill() -> None:
    """Make a row of everything, and files."""
    from feedback.models import BaselineRepetition, RecordingMove, ReleaseActivation, Repetition
    from patients.access_log import seal_log
    from patients.erasure import erase_patient
    from patients.holds import place_hold
    from patients.models import Attempts, IdempotentRequest, RecoveryCode, SignInCode
    from patients.permissions import log_access, note_refused
    from tests import factories as make
    from tests.access import make_world

    people = make.make_people()
    world = make_world(people)
    repetition = Repetition.objects.get(uuid=world.repetition)
    make.VerdictFactory(repetition=repetition, clinician=people.lead, note="Knie\u2028nach außen")
    make.WorkerFactory()
    RecordingMove.objects.create(
        recording=people.patient.recordings.first(),
        from_patient=people.patient,
        to_patient=people.patient,
        moved_by=people.lead,
        reason="x",
    )
    IdempotentRequest.objects.create(user=people.lead, key="k", fingerprint="f", status=204)
    RecoveryCode.objects.create(user=people.lead, code_hash="h")
    SignInCode.objects.create(user=people.patient_user, code_hash="h")
    Attempts.objects.create(subject_hash="h")
    BaselineRepetition.objects.create(repetition=repetition, marked_by=people.lead)
    ReleaseActivation.objects.create(release=repetition.analysis.release, chosen_by=people.lead)
    make.PlanItemFactory(plan=people.clinic.plans.get())
    place_hold(user=people.clinic_admin, patient=people.patient, reason="x")
    log_access(people.lead, people.patient, "read", "session", world.session)
    note_refused(people.stranger, world.session)
    erase_patient(
        patient=make.PatientFactory(clinic=people.clinic), reason="mistake", user=people.clinic_admin
    )
    seal_log()
    note_refused(people.stranger, uuid4())


def main() -> None:
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    def counts() -> dict[str, int]:
        tables = [name for name in connection.introspection.table_names() if name.startswith(OURS)]
        with connection.cursor() as cursor:
            return {
                name: cursor.execute(f'SELECT COUNT(*) FROM "{name}"').fetchone()[0]
                for name in sorted(tables)
            }

    def forward() -> None:
        executor = MigrationExecutor(connection)
        executor.migrate(executor.loader.graph.leaf_nodes())

    def undo(app: str, name: str) -> None:
        executor = MigrationExecutor(connection)
        if (app, name) in executor.loader.applied_migrations:
            earlier = [key for key in order if key[0] == app]
            before = earlier[earlier.index((app, name)) - 1] if (app, name) != earlier[0] else (app, None)
            executor.migrate([before])

    forward()
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes(), clean_start=True)
    order = [(one.app_label, one.name) for one, _ in plan if one.app_label in OURS]
    initial = [key for key in order if key[1].endswith("initial")]
    fill()
    told = {"order": order, "before": counts()}
    for key in reversed(order):
        if key not in initial:
            undo(*key)
    told["bottom"] = counts()
    forward()
    told["after"] = counts()
    for key in reversed(initial):
        undo(*key)
    told["zero"] = counts()
    forward()
    told["again"] = counts()
    json.dump(told, sys.stdout)


if __name__ == "__main__":
    django.setup()
    main()
