"""The warning before a session ends: it can be extended, and what was typed outlives signing in again."""

import re

import pytest
from django.contrib.sessions.models import Session
from django.urls import reverse

from patients.models import Patient
from tests.factories import PASSWORD, make_people

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def form(open_as, settings):
    """A half-filled form for a new patient, in a session that is near its end."""
    settings.SESSION_IDLE_SECONDS = 125
    people = make_people()
    page = open_as(people.lead, reverse("worklist"))
    page.goto(page.url.replace(reverse("worklist"), reverse("patient_add")))
    page.fill("[name=name]", "Half Typed")
    return page


def test_the_warning_comes_and_can_be_answered(form, settings):
    form.wait_for_selector("#idle[open] [data-count]:not(:empty)")
    assert re.fullmatch(r"[012]:\d\d", form.inner_text("#idle [data-count]"))
    form.keyboard.press("Escape")
    assert form.is_visible("#idle")
    settings.SESSION_IDLE_SECONDS = 1800
    form.click("[data-stay]")
    form.wait_for_selector("#idle", state="hidden")
    assert form.input_value("[name=name]") == "Half Typed"


def test_what_was_typed_outlives_signing_in_again(form):
    form.complaints.clear()
    Session.objects.all().delete()
    form.wait_for_selector("#idle [data-state=over]")
    assert not form.is_visible("main")
    again = form.context.new_page()
    again.goto(form.url)
    again.fill("[name=username]", "lead@example.org")
    again.fill("[name=password]", PASSWORD)
    again.click("main form button")
    again.wait_for_url("**" + reverse("patient_add"))
    form.bring_to_front()
    form.click("[data-state=over] [data-back]")
    form.wait_for_selector("main", state="visible")
    assert form.input_value("[name=name]") == "Half Typed"
    form.click("main form button.primary")
    form.wait_for_url("**/patients/*-*/")
    assert Patient.objects.filter(name="Half Typed").exists()
    # The browser tells of the 401 that the page expected, and of nothing else.
    assert all("401" in complaint for complaint in form.complaints)
    form.complaints.clear()
