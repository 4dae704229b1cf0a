"""Who may do what at every address: one table of address and kind of person. An address not listed fails.

Strangers are told 404, as for what is not there; who may read but not change is told 403; no refusal
holds the patient's name.
"""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import NamedTuple

import pytest
from django.core.cache import cache
from django.db import transaction
from django.test import Client
from django.urls import NoReverseMatch, URLPattern, get_resolver, reverse

from feedback.models import Analysis
from patients.models import User
from patients.services import create_api_key
from tests import factories as make
from tests.motions import pose_upload

KINDS = (
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

# fmt: off
#                 anon own  mate other lead coll. reader admin unass. stranger super
API_READ       = (401, 200, 404, 404, 200, 200, 200, 200, 404, 404, 404)
API_LIST       = (401, 200, 200, 200, 200, 200, 200, 200, 200, 200, 200)
API_CLINICIANS = (401, 403, 403, 403, 200, 200, 200, 200, 200, 200, 403)
API_UPLOAD     = (401, 202, 404, 404, 202, 202, 403, 403, 404, 404, 404)
API_CANCEL     = (401, 200, 404, 404, 200, 200, 403, 403, 404, 404, 404)
API_NOTES      = (401, 403, 404, 404, 200, 200, 200, 200, 404, 404, 404)
API_REVIEW     = (401, 403, 404, 404, 201, 201, 403, 403, 404, 404, 404)
OPEN           = (200,) * 11
NOWHERE        = (404,) * 11
SIGN_IN        = (200, 302, 302, 302, 302, 302, 302, 302, 302, 302, 302)
TO_OWN_PLACE   = (302, 302, 302, 302, 302, 302, 302, 302, 302, 302, 200)
SIGN_OUT       = (302,) * 11
READ           = (302, 200, 404, 404, 200, 200, 200, 200, 404, 404, 404)
CARE_READ      = (302, 302, 404, 404, 200, 200, 200, 200, 404, 404, 404)  # patients: to their own page
CLINICIANS     = (302, 403, 403, 403, 200, 200, 200, 200, 200, 200, 403)
UPLOAD_FORM    = (302, 200, 404, 404, 200, 200, 403, 403, 404, 404, 404)
UPLOADED       = (302, 302, 404, 404, 302, 302, 403, 403, 404, 404, 404)
PRESCRIBE_FORM = (302, 403, 404, 404, 200, 403, 403, 403, 404, 404, 404)
PRESCRIBED     = (302, 403, 404, 404, 302, 403, 403, 403, 404, 404, 404)
ADDED          = (302, 403, 403, 403, 302, 302, 302, 302, 302, 422, 403)  # 422: not a clinic of theirs
REVOKED        = (302, 403, 403, 403, 302, 404, 404, 404, 404, 404, 403)
OWN_PLACE      = (302, 200, 200, 200, 404, 404, 404, 404, 404, 404, 404)
OWN_UPLOADED   = (302, 302, 302, 302, 404, 404, 404, 404, 404, 404, 404)
OWN_READ       = (302, 200, 404, 404, 404, 404, 404, 404, 404, 404, 404)
# fmt: on


class Row(NamedTuple):
    """One request: the thing that the address names, and the body, are attributes of `world`."""

    method: str
    name: str
    thing: str
    body: str
    statuses: tuple[int, ...]


ROWS = [
    Row("GET", "api:patients", "", "", API_LIST),
    Row("GET", "api:patient", "patient", "", API_READ),
    Row("GET", "api:history", "patient", "", API_READ),
    Row("GET", "api:recordings", "", "", API_LIST),
    Row("POST", "api:recordings", "", "upload_form", API_UPLOAD),
    Row("GET", "api:recording", "recording", "", API_READ),
    Row("GET", "api:recording_file", "recording", "", API_READ),
    Row("GET", "api:sessions", "", "", API_LIST),
    Row("GET", "api:session", "session", "", API_READ),
    Row("GET", "api:analysis", "analysis", "", API_READ),
    Row("POST", "api:retry", "failed", "", API_UPLOAD),
    Row("POST", "api:cancel", "analysis", "", API_CANCEL),
    Row("GET", "api:repetition", "repetition", "", API_READ),
    Row("GET", "api:motion", "repetition", "", API_READ),
    Row("GET", "api:band", "repetition", "", API_READ),
    Row("GET", "api:verdicts", "repetition", "", API_NOTES),
    Row("POST", "api:verdicts", "repetition", "verdict_form", API_REVIEW),
    Row("GET", "api:releases", "", "", API_CLINICIANS),
    Row("GET", "api:schema", "", "", OPEN),
    Row("GET", "api:docs", "", "", OPEN),
    Row("GET", "api:no_such_address", "", "", NOWHERE),
    Row("GET", "health_live", "", "", OPEN),
    Row("GET", "health_ready", "", "", OPEN),
    Row("GET", "sign_in", "", "", SIGN_IN),
    Row("POST", "sign_out", "", "", SIGN_OUT),
    Row("GET", "home", "", "", TO_OWN_PLACE),
    Row("GET", "worklist", "", "", CLINICIANS),
    Row("GET", "session", "session", "", CARE_READ),
    Row("GET", "patient_list", "", "", CLINICIANS),
    Row("GET", "patient", "patient", "", CARE_READ),
    Row("GET", "history_csv", "patient", "", READ),
    Row("GET", "patient_add", "", "", CLINICIANS),
    Row("POST", "patient_add", "", "patient_form", ADDED),
    Row("GET", "prescribe", "patient", "", PRESCRIBE_FORM),
    Row("POST", "prescribe", "patient", "prescription_form", PRESCRIBED),
    Row("GET", "upload", "patient", "", UPLOAD_FORM),
    Row("POST", "upload", "patient", "upload_form", UPLOADED),
    Row("GET", "recording", "recording", "", READ),
    Row("POST", "recording", "failed_recording", "", UPLOADED),
    Row("POST", "cancel", "analysis", "", UPLOADED),
    Row("GET", "recording_file", "recording", "", READ),
    Row("GET", "agreement", "", "", CLINICIANS),
    Row("GET", "releases", "", "", CLINICIANS),
    Row("GET", "release", "release_name", "", CLINICIANS),
    Row("GET", "api_keys", "", "", CLINICIANS),
    Row("POST", "api_keys", "", "key_form", CLINICIANS),
    Row("POST", "api_keys", "", "revoke_form", REVOKED),
    Row("GET", "my_home", "", "", OWN_PLACE),
    Row("GET", "my_upload", "", "", OWN_PLACE),
    Row("POST", "my_upload", "", "upload_form", OWN_UPLOADED),
    Row("GET", "my_session", "session", "", OWN_READ),
]


@pytest.fixture
def world(people):
    """A patient with everything that an address can name, and forms that would be accepted."""
    cache.clear()
    patient = people.patient
    make.PrescriptionFactory(patient=patient, prescribed_by=people.lead)
    analysis = make.AnalysisFactory(recording__patient=patient, status=Analysis.Status.DONE)
    failed = make.AnalysisFactory(
        recording__patient=patient, status=Analysis.Status.FAILED, error_code="no_repetition_found"
    )
    repetition = make.RepetitionFactory(analysis=analysis)
    make.CorrectionFactory(repetition=repetition)
    clinic_mate = make.UserFactory(email="mate@example.org")
    make.PatientFactory(clinic=people.clinic, user=clinic_mate, name="Mate Example")
    key, _ = create_api_key(user=people.lead, name="integration")
    return SimpleNamespace(
        people=people,
        users={
            "clinic_mate": clinic_mate,
            "superuser": User.objects.create_superuser("root@example.org", make.PASSWORD),
        },
        patient=patient.uuid,
        recording=analysis.recording.uuid,
        failed_recording=failed.recording.uuid,
        session=analysis.session.uuid,
        analysis=analysis.uuid,
        failed=failed.uuid,
        repetition=repetition.uuid,
        release_name=analysis.release.name,
        upload_form=lambda: {"patient": patient.uuid, "file": pose_upload()},
        verdict_form=lambda: {"decision": "confirmed"},
        patient_form=lambda: {"name": "New Person", "clinic": people.clinic.pk},
        prescription_form=lambda: {
            "exercise": "squat",
            "sets": 3,
            "repetitions": 10,
            "days_a_week": 3,
            "starts_on": "2026-01-01",
        },
        key_form=lambda: {"name": "tablet"},
        revoke_form=lambda: {"revoke": key.prefix},
    )


def client_of(kind: str, world: SimpleNamespace) -> Client:
    client = Client()
    if kind != "anonymous":
        client.force_login(world.users.get(kind) or getattr(world.people, kind))
    return client


def ask(client: Client, row: Row, world: SimpleNamespace):
    """Send the request of a row, and undo whatever it changed."""
    url = reverse(row.name, args=[getattr(world, row.thing)] if row.thing else [])
    body = getattr(world, row.body)() if row.body else None
    with transaction.atomic():
        response = client.generic("GET", url) if row.method == "GET" else client.post(url, body)
        transaction.set_rollback(True)
    return response


@pytest.mark.parametrize("row", ROWS, ids=[f"{r.method} {r.name} {r.body}".strip() for r in ROWS])
def test_access(world, row):
    answers = {kind: ask(client_of(kind, world), row, world) for kind in KINDS}
    found = {kind: answer.status_code for kind, answer in answers.items()}
    assert found == dict(zip(KINDS, row.statuses, strict=True))
    for kind, answer in answers.items():
        if answer.status_code != 200 and not answer.streaming:
            assert world.people.patient.name.encode() not in answer.content, kind


def patterns(resolver, namespace: str = "") -> Iterator[tuple[str, URLPattern]]:
    """Every address below a resolver with its full name."""
    for one in resolver.url_patterns:
        if isinstance(one, URLPattern):
            yield f"{namespace}{one.name}", one
        else:
            yield from patterns(one, f"{namespace}{one.namespace}:" if one.namespace else namespace)


def test_every_address_is_listed():
    names = {name for name, _ in patterns(get_resolver()) if not name.startswith("admin:")}
    assert names == {row.name for row in ROWS}


def test_every_method_of_the_api_is_listed():
    methods = {
        (method.upper(), name)
        for name, pattern in patterns(get_resolver())
        if name.startswith("api:")
        for method in ("get", "post", "put", "patch", "delete")
        if hasattr(pattern.callback.view_class, method)
    }
    listed = {(row.method, row.name) for row in ROWS if row.name.startswith("api:")}
    assert methods | {("GET", "api:no_such_address")} == listed


def test_the_admin_site_is_for_staff_only(world):
    """Its many addresses are walked instead of listed: all of them lead others to its sign-in."""
    clients = [client_of(kind, world) for kind in KINDS if kind != "superuser"]
    walked = 0
    for name, pattern in patterns(get_resolver()):
        if not name.startswith("admin:") or name in ("admin:login", "admin:logout", "admin:None"):
            continue
        try:
            url = reverse(name, kwargs=dict.fromkeys(pattern.pattern.converters, "1"))
        except NoReverseMatch:  # the page of an app, named by a pattern
            url = reverse(name, kwargs={"app_label": "patients"})
        for client in clients:
            response = client.get(url)
            assert response.status_code in (302, 404), url
            signs_in = response.get("Location", "").startswith(("/admin/login/", "/sign-in/"))
            assert response.status_code == 404 or signs_in, url
        walked += 1
    assert walked > 20


def test_who_left_the_clinic_or_is_inactive_gets_nothing(world):
    row = Row("GET", "api:session", "session", "", ())
    people = world.people
    people.colleague.memberships.update(is_active=False)
    assert ask(client_of("colleague", world), row, world).status_code == 404
    client = client_of("lead", world)
    User.objects.filter(pk=people.lead.pk).update(is_active=False)
    assert ask(client, row, world).status_code == 401
