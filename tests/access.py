"""The people of the access tests, one patient with all that an address can name, and how each person asks."""

import uuid
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, NamedTuple

from django.core.cache import cache
from django.core.files.base import ContentFile
from django.db import transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import URLPattern, reverse
from django.utils import timezone

from feedback.models import Analysis
from patients.keys import create_api_key, revoke_api_key
from patients.models import ApiKey, User
from tests import factories as make
from tests.factories import People
from tests.motions import pose_upload

#: People who sign in, in the order of the columns of the table.
PERSONS = (
    "anonymous",
    "patient_user",
    "clinic_mate",  # another patient of the same clinic
    "other_patient_user",
    "lead",
    "colleague",
    "reader",
    "clinic_admin",
    "unassigned",  # clinician of the same clinic without a care assignment
    "stranger",  # lead clinician in another clinic
    "superuser",
)
#: Programs that send a key of the lead's. What they get follows from the lead's column.
KEYS = ("key_read", "key_upload", "key_review", "key_revoked", "key_expired")
KINDS = PERSONS + KEYS


class Row(NamedTuple):
    """One request: the thing that the address names, and the body, are attributes of `world`."""

    method: str
    name: str
    thing: str
    body: str
    statuses: tuple[int, ...]
    #: What a key must be allowed, where an address of the API changes something; none: no key will do.
    scope: str = ""

    @property
    def expected(self) -> dict[str, int]:
        """The status for each kind. A key opens its part of the API and no page; an ended one opens none."""
        found = dict(zip(PERSONS, self.statuses, strict=True))
        opens = self.name.startswith("api:") and found["anonymous"] == 401
        found |= dict.fromkeys(KEYS, found["anonymous"])
        if opens:
            needed = "read" if self.method == "GET" else self.scope
            for scope in ApiKey.Scope.values:
                found[f"key_{scope}"] = found["lead"] if scope == needed else 403
        return found


def make_world(people: People) -> SimpleNamespace:
    """A patient with everything that an address can name, and forms that would be accepted."""
    cache.clear()
    patient = people.patient
    prescription = make.PrescriptionFactory(patient=patient, prescribed_by=people.lead)
    plan = make.PlanFactory(clinic=people.clinic)
    analysis = make.AnalysisFactory(recording__patient=patient, status=Analysis.Status.DONE)
    failed = make.AnalysisFactory(
        recording__patient=patient, status=Analysis.Status.FAILED, error_code="no_repetition_found"
    )
    repetition = make.RepetitionFactory(analysis=analysis)
    make.CorrectionFactory(repetition=repetition)
    clinic_mate = make.UserFactory(email="mate@example.org")
    make.PatientFactory(clinic=people.clinic, user=clinic_mate, name="Mate Example")
    right = make.PatientFactory(clinic=people.clinic, name="Right Example")
    for user in (people.lead, people.colleague):
        make.CareAssignmentFactory(patient=right, membership=user.memberships.get())
    report = make.ReportFactory(
        patient=patient, requested_by=people.lead, status="done", file=ContentFile(b"%PDF-", name="report")
    )
    export = make.ExportFactory(patient=patient, requested_by=people.lead)
    made = {scope: create_api_key(user=people.lead, name=scope, scopes=[scope]) for scope in ApiKey.Scope}
    made |= {
        end: create_api_key(user=people.lead, name=end, scopes=ApiKey.Scope) for end in ("revoked", "expired")
    }
    revoke_api_key(user=people.lead, key=made["revoked"][0])
    ApiKey.objects.filter(name="expired").update(expires_at=timezone.now())
    correct = make.RepetitionFactory(analysis=analysis, finding="squat.correct")
    return SimpleNamespace(
        people=people,
        users={
            "clinic_mate": clinic_mate,
            "superuser": User.objects.create_superuser("root@example.org", make.PASSWORD),
        },
        tokens={f"key_{name}": token for name, (_key, token) in made.items()},
        patient=patient.uuid,
        recording=analysis.recording.uuid,
        failed_recording=failed.recording.uuid,
        session=analysis.session.uuid,
        analysis=analysis.uuid,
        failed=failed.uuid,
        repetition=repetition.uuid,
        report=report.uuid,
        report_form=lambda: {"start": "2026-01-01", "end": "2026-02-01"},
        correct_repetition=correct.uuid,
        factor=people.lead.second_factors.create(kind="app", name="phone", data=b"").uuid,
        export=export.uuid,
        export_form=lambda: {"formats": ["trc"], "convention": "opensim"},
        everything_form=lambda: {"content": "everything"},
        erase_form=lambda: {"reason": "request", "name": patient.name},
        hold_form=lambda: {"reason": "Court order."},
        release_name=analysis.release.name,
        trial_name=make.ModelReleaseFactory(name="on-trial", is_active=False).name,
        upload_form=lambda: {"patient": patient.uuid, "file": pose_upload()},
        note=make.NoteFactory(session=analysis.session, author=people.lead).uuid,
        swapped=lambda: {"swap_sides": True},
        reading_form=lambda: {"unit": "m", "up": "z", "frame_rate": 30, "swap_sides": "on", "correct": "1"},
        cuts_form=lambda: {
            "seen": [str(repetition.uuid), str(correct.uuid)],
            "cuts": [{"start_frame": 10, "end_frame": 50, "exercise": "squat"}],
        },
        verdict_form=lambda: {"decision": "confirmed"},
        move_form=lambda: {"patient": right.uuid, "reason": "chosen by mistake"},
        note_form=lambda: {"text": "Hips hinge first."},
        patient_form=lambda: {"name": "New Person", "clinic": people.clinic.pk},
        prescription=prescription.uuid,
        prescription_form=lambda: {
            "rx-TOTAL_FORMS": 1,
            "rx-INITIAL_FORMS": 0,
            "rx-0-exercise": "squat",
            "rx-0-sets": 3,
            "rx-0-repetitions": 10,
            "rx-0-days_a_week": 3,
            "rx-0-starts_on": "2026-01-01",
        },
        plan_form=lambda: {"delete": plan.uuid},
        key_form=lambda: {"name": "tablet", "scopes": ["read", "upload"], "days": 30},
        mail_form=lambda: {"email": "patient@example.org"},
        revoke_form=lambda: {"revoke": made["read"][0].prefix},
    )


def client_of(kind: str, world: SimpleNamespace) -> Client:
    """A browser, or a program with a key, of one kind of person."""
    if kind in KEYS:
        return Client(headers={"Authorization": f"Bearer {world.tokens[kind]}"})
    client = Client()
    if kind != "anonymous":
        client.force_login(world.users.get(kind) or getattr(world.people, kind))
    return client


def ask(client: Client, row: Row, world: SimpleNamespace, *, absent: bool = False) -> HttpResponse:
    """Send the request of a row, and undo whatever it changed.

    With `absent`, every id in the address and the body is replaced by one that nothing has.
    """
    known = {value for value in vars(world).values() if isinstance(value, uuid.UUID)}

    def chosen(value: Any) -> Any:
        return uuid.uuid4() if absent and value in known else value

    url = reverse(row.name, args=[chosen(getattr(world, row.thing))] if row.thing else [])
    form = getattr(world, row.body)() if row.body else {}
    body = {name: chosen(value) if isinstance(value, uuid.UUID) else value for name, value in form.items()}
    with transaction.atomic():
        # Of the methods, only PUT does not send a form by itself.
        as_json = {"content_type": "application/json"} if row.method == "PUT" else {}
        response = getattr(client, row.method.lower())(url, body, **as_json)
        transaction.set_rollback(True)
    return response


def patterns(resolver: Any, namespace: str = "") -> Iterator[tuple[str, URLPattern]]:
    """Every address below a resolver with its full name."""
    for one in resolver.url_patterns:
        if isinstance(one, URLPattern):
            yield f"{namespace}{one.name}", one
        else:
            yield from patterns(one, f"{namespace}{one.namespace}:" if one.namespace else namespace)
