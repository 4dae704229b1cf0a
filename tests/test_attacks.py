"""What an attacker tries at every address: other methods, no token, script as a name, caches, redirects."""

import pytest
from django.test import Client
from django.urls import reverse

from patients.models import AccessLogEntry
from tests import factories as make
from tests.access import ask, client_of, make_world
from tests.environment import exfb_settings
from tests.pages import PAGES
from tests.test_access_matrix import ROWS

SCRIPT = '<img src=x onerror="alert(1)">\'"`</script><script>alert(2)</script>{{7*7}}'


@pytest.fixture
def world(people):
    people.patient.name = "Xylia Quorn"
    people.patient.save()
    return make_world(people)


def addresses(world):
    """Each address once, with the methods that it answers."""
    found: dict[str, set[str]] = {}
    for row in ROWS:
        url = reverse(row.name, args=[getattr(world, row.thing)] if row.thing else [])
        found.setdefault(url, set()).add(row.method)
    return found


@pytest.mark.parametrize("kind", ["anonymous", "stranger", "lead"])
def test_no_other_method_opens_or_breaks_anything(world, kind):
    """Of pages that take every method, a PUT, PATCH or DELETE only shows what a GET would."""
    client = client_of(kind, world)
    client.raise_request_exception = False
    for url, methods in addresses(world).items():
        for method in {"PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"} - methods:
            answer = client.generic(method, url)
            assert answer.status_code < 500, (method, url)
            if kind != "lead" and not answer.streaming:
                assert b"Quorn" not in answer.content, (method, url)
    assert not AccessLogEntry.objects.filter(action__in=["create", "change"]).exists()


@pytest.mark.parametrize("kind", ["anonymous", "stranger", "reader"])
def test_a_head_says_what_a_get_says_without_its_content(world, kind):
    client = client_of(kind, world)
    for url, methods in addresses(world).items():
        if "GET" in methods:
            got, head = client.get(url), client.head(url)
            assert head.status_code == got.status_code, url
            assert b"".join(head.streaming_content) == b"" if head.streaming else head.content == b""


def test_nothing_is_changed_for_a_page_of_another_site(world):
    """Without its token no form and no session request of the API is taken, whatever else is right."""
    client = Client(enforce_csrf_checks=True)
    client.force_login(world.people.lead)
    tried = 0
    for row in ROWS:
        if row.method != "GET" and row.expected["lead"] in (200, 201, 202, 204, 302):
            assert ask(client, row, world).status_code == 403, row
            tried += 1
    assert tried > 25


def test_no_answer_about_a_patient_may_be_kept_by_a_cache(world):
    for kind in ("lead", "key_read", "patient_user", "stranger"):
        for row in ROWS:
            if row.method == "GET" and row.expected["anonymous"] != 200:
                answer = ask(client_of(kind, world), row, world)
                if answer.status_code == 401:
                    continue
                said = answer["Cache-Control"]
                assert "no-store" in said or ("private" in said and "ETag" in answer), (kind, row.name)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_no_text_of_a_person_is_markup(people, page):
    """Names, complaints, cues, notes and reasons that are script are shown as they were typed."""
    world = make_world(people)
    for user in (people.lead, people.patient_user, people.clinic_admin):
        user.first_name = SCRIPT[:150]
        user.save()
    patient = people.patient
    patient.name, patient.complaint = SCRIPT, SCRIPT
    patient.save()
    patient.clinic.name = SCRIPT
    patient.clinic.save()
    patient.prescriptions.update(cue=SCRIPT)
    patient.sessions.get(uuid=world.session).notes.update(text=SCRIPT)
    people.lead.api_keys.update(name=SCRIPT[:80])
    people.lead.second_factors.update(name=SCRIPT[:80])
    patient.clinic.plans.update(name=SCRIPT[:80])
    patient.legal_holds.create(reason=SCRIPT, placed_by=people.clinic_admin)
    answer = client_of(page.person, world).get(page.address(world))
    assert answer.status_code == 200
    for bad in (b"<img src=x", b"<script>alert", b'onerror="alert'):
        assert bad not in answer.content


@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example",
        "javascript:alert(1)",
        "https:evil.example",
    ],
)
def test_nobody_is_sent_to_another_site_after_signing_in(people, elsewhere):
    sent = {"username": people.lead.email, "password": make.PASSWORD, "next": elsewhere}
    for address in (reverse("sign_in"), f"{reverse('sign_in')}?next={elsewhere}"):
        answer = Client().post(address, sent)
        assert answer.status_code == 302
        assert answer["Location"].startswith("/")
        assert "evil" not in answer["Location"]
    people.lead.second_factors.create(kind="app", name="phone", data=b"")
    client = Client()
    assert client.post(reverse("sign_in"), sent)["Location"] == reverse("second_factor")
    assert "evil" not in client.session["half"]["next"]
    assert client.get(f"{reverse('admin_sign_in')}?next={elsewhere}")["Location"].startswith("/")


def test_a_session_from_before_signing_in_is_of_no_use(people):
    """Whoever puts a session's id into another's browser does not get into their account with it."""
    client = Client()
    client.get(reverse("sign_in"))
    session = client.session
    session["planted"] = True
    session.save()
    planted = session.session_key
    client.cookies["sessionid"] = planted
    client.post(reverse("sign_in"), {"username": people.lead.email, "password": make.PASSWORD})
    assert client.session.session_key != planted
    thief = Client()
    thief.cookies["sessionid"] = planted
    assert thief.get(reverse("worklist")).status_code == 302


@pytest.mark.parametrize("host", ["evil.example", "localhost:80@evil.example", "evil.example:80", ""])
def test_no_address_is_made_of_a_foreign_host_name(people, host):
    client = Client(headers={"Host": host}, raise_request_exception=False)
    client.force_login(people.lead)
    for address in (reverse("sign_in"), reverse("worklist"), reverse("api:patients")):
        answer = client.get(address, HTTP_HOST=host)
        assert answer.status_code == 400
        assert b"evil" not in answer.content


def test_the_session_cookie_is_for_https_and_no_script():
    settings = exfb_settings(DEBUG="false", SECRET_KEY="x", HTTPS="true")
    assert settings["SESSION_COOKIE_SECURE"]
    assert settings["CSRF_COOKIE_SECURE"]
    assert settings["SESSION_COOKIE_HTTPONLY"]
    assert settings["SECURE_HSTS_SECONDS"] >= 31536000
    # Django's own, which nothing here weakens.
    assert not {"SESSION_COOKIE_SAMESITE", "CSRF_COOKIE_SAMESITE"} & set(settings)


def test_no_file_is_named_by_what_somebody_typed(world):
    """Neither a patient's name nor the name of an uploaded file is in a header."""
    named = 0
    for row in ROWS:
        if row.method == "GET" and row.expected["lead"] == 200:
            said = ask(client_of("lead", world), row, world).get("Content-Disposition", "")
            assert "Quorn" not in said
            assert "\n" not in said
            named += "filename" in said
    assert named >= 5
