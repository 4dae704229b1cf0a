"""The pages of exports: the menu of a session, and a patient's page that follows what a worker makes."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from feedback.models import Export
from tests import factories as make
from tests.feedback.exports.zips import made, opened
from tests.site.pages import analysed, inline_code


@pytest.fixture
def session(people):
    return analysed(people.patient, ["squat.knees_inward", "squat.correct"], corrected=True)


def client_of(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_the_menu_of_a_session_leads_to_its_export_and_that_of_each_repetition(people, session):
    client = client_of(people.lead)
    page = client.get(f"/sessions/{session.uuid}/").content.decode()
    assert f'action="/sessions/{session.uuid}/export/"' in page
    for repetition in session.analyses.get().repetitions.all():
        assert f'formaction="/repetitions/{repetition.uuid}/export/"' in page
    archive = opened(client.get(f"/sessions/{session.uuid}/export/?formats=trc&convention=opensim"))
    assert any(name.endswith(".trc") for name in archive.namelist())


def test_a_patient_is_asked_for_and_followed(people, session):
    client, url = client_of(people.lead), f"/patients/{people.patient.uuid}/export/"
    page = client.get(url)
    assert "None yet." in page.content.decode()
    assert inline_code(page) == []
    assert (
        client.post(url, {"content": "motions", "formats": ["bvh"], "convention": "blender"}).status_code
        == 302
    )
    waiting = client.get(url).content.decode()
    export = Export.objects.get()
    assert (export.formats, export.convention) == (["bvh"], "blender")
    assert f'data-api="/api/v1/exports/{export.uuid}/"' in waiting
    assert "data-open" in client.get(f"{url}?part=status").content.decode()
    made(export)
    ready = client.get(f"{url}?part=status").content.decode()
    assert "data-open" not in ready
    assert f'href="/exports/{export.uuid}/file/"' in ready


def test_a_choice_that_is_not_on_the_list_is_said_so(people, session):
    response = client_of(people.lead).post(f"/patients/{people.patient.uuid}/export/", {"formats": ["fbx"]})
    assert "Select a valid choice" in response.content.decode()
    assert not Export.objects.exists()


@pytest.mark.parametrize(("who", "offered"), [("lead", True), ("clinic_admin", True), ("colleague", False)])
def test_everything_is_offered_to_who_may_take_it(people, session, who, offered):
    page = client_of(getattr(people, who)).get(f"/patients/{people.patient.uuid}/export/").content.decode()
    assert ("Everything about this patient" in page) == offered


def test_patients_are_led_from_their_home_and_spoken_to(people, session):
    client = client_of(people.patient_user)
    assert f"/patients/{people.patient.uuid}/export/" in client.get("/me/").content.decode()
    page = client.get(f"/patients/{people.patient.uuid}/export/").content.decode()
    assert "Everything about you" in page
    assert "crumb" not in page


def test_the_page_asks_the_same_number_of_questions_however_many_exports(
    people, session, django_assert_num_queries
):
    client, url = client_of(people.lead), f"/patients/{people.patient.uuid}/export/"
    make.ExportFactory(patient=people.patient, requested_by=people.lead)

    with CaptureQueriesContext(connection) as one:
        client.get(url)
    make.ExportFactory.create_batch(5, patient=people.patient, requested_by=people.lead)
    with django_assert_num_queries(len(one)):
        client.get(url)
