"""The page "Who has looked at my data": in words, newest first, and nameless who is from elsewhere."""

import ast
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client

from feedback.access_words import SUBJECTS
from patients.models import AccessLogEntry
from tests import factories as make
from tests.site.pages import inline_code, text_of


@pytest.fixture
def mate(people):
    """Another patient of the clinic, who tried to open this one's page."""
    mate = make.UserFactory(first_name="Nosy", last_name="Neighbour")
    make.PatientFactory(clinic=people.clinic, user=mate)
    client = Client()
    client.force_login(mate)
    assert client.get(f"/patients/{people.patient.uuid}/").status_code == 404
    return mate


def read_as(user, address: str):
    client = Client()
    client.force_login(user)
    return client.get(address)


def test_patients_read_who_what_and_why(people, mate):
    recording = make.RecordingFactory(patient=people.patient)
    read_as(people.reader, f"/recordings/{recording.uuid}/file/")
    assert f"/patients/{people.patient.uuid}/access/" in read_as(people.patient_user, "/me/").content.decode()
    page = read_as(people.patient_user, f"/patients/{people.patient.uuid}/access/")
    words = text_of(page)
    assert f"{people.reader} May read only Downloaded: a recording" in words
    assert f"{people.patient_user} The patient themself Read: your record" in words
    assert "Somebody from elsewhere No access Refused : something of yours" in words
    assert words.index("Read: your record") < words.index("Downloaded: a recording")
    assert "Nosy" not in words
    assert mate.email not in words
    assert inline_code(page) == []
    assert AccessLogEntry.objects.filter(subject="access log", ground="own").count() == 1


def test_it_is_in_pages_and_over_the_api(people):
    for _ in range(60):
        AccessLogEntry.objects.create(
            user=people.lead, patient=people.patient, action="read", subject="motion"
        )
    address = f"/patients/{people.patient.uuid}/access/"
    assert read_as(people.patient_user, f"{address}?page=2").content.count(b"<tr>") == 1 + 10
    body = read_as(people.lead, f"/api/v1{address}?page=2").json()
    assert (body["count"], len(body["results"])) == (61, 11)
    assert body["results"][-1]["who"] == str(people.lead)
    assert body["results"][-1]["subject"] == "motion"


def test_over_the_api_too_nobody_from_elsewhere_is_named(people, mate):
    (line,) = read_as(people.patient_user, f"/api/v1/patients/{people.patient.uuid}/access/").json()[
        "results"
    ]
    assert (line["who"], line["ground"], line["action"]) == (None, "none", "refused")


def test_every_subject_that_is_logged_has_words():
    logged = {"nothing", "something"}
    for path in [
        *Path(settings.BASE_DIR, "patients").rglob("*.py"),
        *Path(settings.BASE_DIR, "feedback").rglob("*.py"),
    ]:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("log_access", "log_listing"):
                listing = node.func.id == "log_listing"
                said = node.args[2 if listing else 3]
                if isinstance(said, ast.Constant):
                    logged.add(said.value + " list" * listing)
            if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "log_subject":
                logged.add(f"{node.value.value} list")
    logged -= {" list"}
    assert len(logged) > 20
    assert logged == set(SUBJECTS)
