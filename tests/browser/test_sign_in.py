"""Signing in with a real browser: a passkey of a virtual authenticator, and a link from a message."""

import re

import pytest
from django.core import mail
from django.urls import reverse

from tests.factories import PASSWORD, make_people

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def site(live_server) -> str:
    """Passkeys belong to a host name, not to an address."""
    return live_server.url.replace("127.0.0.1", "localhost")


def test_a_passkey_is_made_and_asked_for(open_as, site):
    people = make_people()
    page = open_as(people.lead, reverse("worklist"))
    page.context.clear_cookies()
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasUserVerification": True,
        "isUserVerified": True,
    }
    devtools.send("WebAuthn.addVirtualAuthenticator", {"options": options})

    def give_password() -> None:
        page.goto(site + reverse("sign_in"))
        page.fill("[name=username]", "lead@example.org")
        page.fill("[name=password]", PASSWORD)
        page.click("main form button")

    give_password()
    page.goto(site + reverse("second_factor_add"))
    page.fill("[name=passkey-password]", PASSWORD)
    page.click("[data-passkey=create] [data-passkey-button]")
    page.wait_for_selector(".codes")
    assert people.lead.second_factors.get().kind == "passkey"

    page.context.clear_cookies()
    give_password()
    page.wait_for_url("**/sign-in/second/")
    page.click("[data-passkey=get] [data-passkey-button]")
    page.wait_for_url("**/worklist/")
    assert people.lead.second_factors.get().last_used_at is not None


def test_a_link_brings_its_code_along_and_shows_it_to_no_server(open_as, site):
    people = make_people()
    page = open_as(people.patient_user, reverse("my_upload"))
    page.context.clear_cookies()
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(site + reverse("sign_in_by_mail"))
    page.fill("[name=email]", "patient@example.org")
    page.click("main form button")
    page.wait_for_url("**/sign-in/code/")
    link = re.search(r"http\S+#(\S+)", mail.outbox[-1].body)
    page.goto("about:blank")
    page.goto(link[0])
    page.wait_for_selector("body[data-ready]")
    assert page.input_value("[name=code]") == link[1]
    assert "#" not in page.url
    page.keyboard.press("Enter")
    page.wait_for_url("**/me/")
    assert not [url for url in asked if link[1] in url.split("#")[0]]
