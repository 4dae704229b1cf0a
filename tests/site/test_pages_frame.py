"""The frame of the pages: sign-in, where each person starts, navigation, the content policy, error pages."""

import re
from typing import Any

import pytest
from django.template.loader import render_to_string
from django.test import Client
from django.urls import reverse
from pytest_django.asserts import assertNumQueries

from feedback.context import Navigation
from tests.factories import (
    PASSWORD,
    AnalysisFactory,
    ModelReleaseFactory,
    People,
    RecordingFactory,
    UserFactory,
)
from tests.site.pages import analysed, inline_code, text_of


def test_signs_in_with_an_address_in_any_case(client: Client, people: People) -> None:
    answer = client.post(reverse("sign_in"), {"username": "Lead@Example.org", "password": PASSWORD})
    assert answer.status_code == 302
    assert client.get(reverse("home")).headers["Location"] == reverse("worklist")


def test_a_wrong_password_is_worded(client: Client, people: People) -> None:
    page = client.post(reverse("sign_in"), {"username": "lead@example.org", "password": "wrong"})
    assert page.status_code == 200
    assert 'role="alert"' in page.content.decode()


def test_signs_out_by_post_only(client: Client, people: People) -> None:
    client.force_login(people.lead)
    assert client.get(reverse("sign_out")).status_code == 405
    assert client.post(reverse("sign_out")).headers["Location"] == reverse("sign_in")
    assert client.get(reverse("patient_list")).status_code == 302


@pytest.mark.parametrize(
    ("who", "place"), [("lead", "worklist"), ("clinic_admin", "worklist"), ("patient_user", "my_home")]
)
def test_each_person_starts_where_their_work_is(client: Client, people: People, who: str, place: str) -> None:
    client.force_login(getattr(people, who))
    assert client.get(reverse("home")).headers["Location"] == reverse(place)


def test_who_belongs_nowhere_is_told_so(client: Client, db: None) -> None:
    client.force_login(UserFactory())
    assert b"no clinic and to no patient" in client.get(reverse("home")).content


def test_navigation_asks_little(rf: Any, people: People) -> None:
    analysed(people.patient, ["squat.knees_inward"])
    request = rf.get("/")
    request.user = people.lead
    navigation = Navigation(request)
    with assertNumQueries(3):
        assert navigation.is_clinician
        assert not navigation.is_patient
        assert navigation.unreviewed == 1
        assert not navigation.is_admin


@pytest.fixture
def addresses(people: People) -> dict[str, list[str]]:
    """The pages of this frame, by who opens them."""
    session = analysed(people.patient, ["squat.knees_inward", "squat.correct"], corrected=True)
    waiting = AnalysisFactory(recording=RecordingFactory(patient=people.patient)).recording
    patient = people.patient.uuid
    return {
        "lead": [
            reverse("worklist"),
            reverse("patient_list"),
            reverse("patient_add"),
            reverse("patient", args=[patient]),
            reverse("upload", args=[patient]),
            reverse("prescribe", args=[patient]),
            reverse("recording", args=[waiting.uuid]),
            reverse("session", args=[session.uuid]),
            reverse("releases"),
            reverse("release", args=[ModelReleaseFactory().name]),
            reverse("api_keys"),
        ],
        "patient_user": [
            reverse("my_home"),
            reverse("my_upload"),
            reverse("my_session", args=[session.uuid]),
            reverse("recording", args=[waiting.uuid]),
        ],
    }


@pytest.mark.parametrize("who", ["lead", "patient_user"])
def test_every_page_keeps_to_the_content_policy_and_has_one_heading(
    client: Client, people: People, addresses: dict[str, list[str]], who: str
) -> None:
    client.force_login(getattr(people, who))
    for address in addresses[who]:
        page = client.get(address)
        assert page.status_code == 200, address
        html = page.content.decode()
        assert inline_code(page) == [], address
        assert html.count("<h1") == 1, address
        assert "<title> " not in html, address
        assert not re.search(r"(?:src|href)=\"https?://", html), f"{address} asks another host"
        ids = re.findall(r'\sid="([^"]+)"', html)
        assert len(ids) == len(set(ids)), address
        assert "script-src 'self'" in page.headers["Content-Security-Policy"]
        assert page.headers["Cache-Control"] == "no-store, private"


def test_the_sign_in_page_keeps_to_the_content_policy(client: Client, db: None) -> None:
    assert inline_code(client.get(reverse("sign_in"))) == []


def test_simulated_people_are_marked(client: Client, people: People) -> None:
    client.force_login(people.lead)
    address = reverse("patient", args=[people.patient.uuid])
    assert b"Simulated." not in client.get(address).content
    people.patient.is_simulated = True
    people.patient.save()
    assert b"Simulated." in client.get(address).content


def test_error_pages_say_what_to_do(client: Client, people: People) -> None:
    missing = client.get("/nowhere/")
    client.force_login(people.reader)
    refused = client.get(reverse("prescribe", args=[people.patient.uuid]))
    assert (missing.status_code, refused.status_code) == (404, 403)
    assert b"This page does not exist" in missing.content
    assert b"You may not do this" in refused.content


def test_an_expired_form_is_worded(people: People) -> None:
    client = Client(enforce_csrf_checks=True)
    page = client.post(reverse("sign_in"), {"username": "lead@example.org", "password": PASSWORD})
    assert page.status_code == 403
    assert b"This form has expired" in page.content


def test_a_request_for_an_unknown_host_is_refused_and_no_fault(client: Client) -> None:
    client.raise_request_exception = False
    answer = client.get("/", headers={"host": "elsewhere.example"})
    assert answer.status_code == 400
    assert "This request could not be read" in text_of(answer)


@pytest.mark.parametrize("name", ["400.html", "500.html", "sign_in_locked.html"])
def test_pages_that_have_no_request_can_be_rendered(name: str) -> None:
    html = render_to_string(name)
    assert "<h1>" in html
    assert "<form" not in html
