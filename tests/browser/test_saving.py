"""Nothing decided or written is lost: no connection, a page left, a sign-in that ended, two at once."""

import re
from typing import TYPE_CHECKING

import pytest
from django.contrib.sessions.models import Session
from django.urls import reverse

from feedback.models import Repetition, Verdict
from feedback.verdicts import give_verdict
from tests.browser.conftest import Open
from tests.browser.reviewing import NOTE
from tests.factories import (
    PASSWORD,
    AnalysisFactory,
    People,
    RecordingFactory,
    RepetitionFactory,
)

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def one(people: People) -> Repetition:
    analysis = AnalysisFactory(
        recording=RecordingFactory(patient=people.patient), status="done", exercise="squat"
    )
    return RepetitionFactory(analysis=analysis, finding="squat.knees_inward")


@pytest.fixture
def address(one: Repetition) -> str:
    return reverse("session", args=[one.analysis.session.uuid])


def forgive(page: "Page", *expected: str) -> None:
    """Drop the browser's complaints about what a test does on purpose."""
    page.complaints[:] = [text for text in page.complaints if not any(one in text for one in expected)]


def in_storage(page: "Page") -> str:
    return page.evaluate("JSON.stringify({...localStorage, ...sessionStorage})")


def test_what_cannot_be_sent_is_kept_through_a_reload_and_sent_once(
    people: People, address: str, one: Repetition, open_as: Open
) -> None:
    page = open_as(people.lead, address)
    page.fill(NOTE, "watch the left knee")
    page.keyboard.press("Escape")
    page.route("**/verdicts/", lambda route: route.abort())
    page.keyboard.press("c")
    page.wait_for_selector("text=1 not yet saved: retrying")
    stored = in_storage(page)
    assert "message:" in stored
    assert not re.search(r"watch|knee|confirmed|Pat|Example", stored)  # ids only; the rest is encrypted
    page.unroute("**/verdicts/")
    page.reload()
    page.wait_for_selector(".rep .v-confirmed")
    page.wait_for_selector("text=Saved")
    verdict = Verdict.objects.get()
    assert (verdict.decision, verdict.note) == ("confirmed", "watch the left knee")
    assert "message:" not in in_storage(page)
    forgive(page, "ERR_FAILED")


def test_an_answer_that_is_lost_makes_no_second_verdict(people: People, address: str, open_as: Open) -> None:
    page = open_as(people.lead, address)

    def lose(route):  # type: ignore[no-untyped-def]
        route.fetch()
        route.abort()

    page.route("**/verdicts/", lose, times=1)
    page.keyboard.press("c")
    page.wait_for_selector(".rep .v-confirmed")
    page.wait_for_selector("text=Saved")
    assert Verdict.objects.count() == 1
    forgive(page, "ERR_FAILED")


def test_what_was_just_decided_is_not_gone_back_to(
    people: People, one: Repetition, address: str, open_as: Open
) -> None:
    last = RepetitionFactory(analysis=one.analysis, finding="squat.correct", index=2)
    page = open_as(people.lead, address)
    # What became of the first is slow to come.
    page.evaluate(
        """(first) => {
          const get = window.fetch;
          window.fetch = (url, ...rest) => !String(url).endsWith(`repetition=${first}`) ? get(url, ...rest)
            : new Promise((answer) => { window.answer = () => answer(get(url)); });
        }""",
        str(one.uuid),
    )
    page.keyboard.press("c")
    page.wait_for_function("() => window.answer")
    page.wait_for_url(f"**repetition={last.uuid}*")
    page.keyboard.press("c")
    page.wait_for_selector(f".rep[data-repetition='{last.uuid}'] .v-confirmed")
    assert str(last.uuid) in page.url
    page.evaluate("window.answer()")
    page.wait_for_function("() => document.querySelectorAll('.rep .v-confirmed').length === 2")
    assert str(last.uuid) in page.url


def test_verdict_and_undo_wait_in_order_while_offline(people: People, address: str, open_as: Open) -> None:
    page = open_as(people.lead, address)
    page.context.set_offline(True)
    page.keyboard.press("5")
    page.keyboard.press("s")
    page.wait_for_selector("text=1 not yet saved: retrying")
    page.keyboard.press("c")
    page.wait_for_selector("text=2 not yet saved: retrying")
    page.context.set_offline(False)
    page.wait_for_selector(".rep .v-confirmed")
    page.wait_for_selector("text=Saved")
    kept = Verdict.objects.order_by("pk").values_list("decision", flat=True)
    assert list(kept) == ["overridden", "confirmed"]
    forgive(page, "ERR_INTERNET_DISCONNECTED")


def test_a_sign_in_that_ends_in_the_middle_of_a_note_loses_nothing(
    people: People, address: str, one: Repetition, open_as: Open
) -> None:
    page = open_as(people.lead, address)
    Session.objects.all().delete()
    page.keyboard.press("c")
    page.wait_for_selector("text=1 not yet saved: sign in again")
    page.fill(NOTE, "half a sente")
    page.click("[data-saves] a")
    page.fill("[name=username]", people.lead.email)
    page.fill("[name=password]", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_selector(".rep .v-confirmed")
    assert page.url.split("?")[0].endswith(address)
    assert page.input_value(NOTE) == "half a sente"
    assert Verdict.objects.get().clinician == people.lead
    forgive(page, "401")


def test_who_signs_in_next_sends_and_reads_nothing_of_it(people: People, address: str, open_as: Open) -> None:
    page = open_as(people.lead, address)
    page.route("**/verdicts/", lambda route: route.abort())
    page.fill(NOTE, "mine")
    page.keyboard.press("Escape")
    page.keyboard.press("c")
    page.wait_for_selector("text=1 not yet saved: retrying")
    page.unroute("**/verdicts/")
    page.context.clear_cookies()
    page.goto(page.url.split("/sessions")[0] + f"/sign-in/?next={address}")
    page.fill("[name=username]", people.colleague.email)
    page.fill("[name=password]", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_selector("body[data-ready]")
    assert page.input_value(NOTE) == ""
    assert not page.is_visible("[data-saves]")
    assert not Verdict.objects.exists()
    forgive(page, "ERR_FAILED")


def test_of_two_clinicians_at_once_the_second_sees_the_first_and_chooses(
    people: People, address: str, one: Repetition, open_as: Open
) -> None:
    page = open_as(people.lead, address)
    give_verdict(user=people.colleague, repetition=one, decision="overridden", label="squat.front_bent")
    page.fill(NOTE, "clearly the knees")
    page.keyboard.press("Escape")
    page.keyboard.press("c")
    page.wait_for_selector(".stuck:visible")
    told = page.inner_text("article.finding")
    assert "Somebody decided this repetition meanwhile." in told
    assert "Yours, not saved: Confirmed “clearly the knees”." in told
    assert f"{people.colleague} decided: trunk bent forward." in told
    assert Verdict.objects.count() == 1
    page.reload()  # it is still there
    page.click("text=Save mine all the same")
    page.wait_for_selector(".rep .v-confirmed")
    newest = one.verdicts.first()
    assert newest
    assert (newest.clinician, newest.note) == (people.lead, "clearly the knees")
    forgive(page, "409")


def test_the_second_may_keep_what_stands_and_has_the_note_again(
    people: People, address: str, one: Repetition, open_as: Open
) -> None:
    page = open_as(people.lead, address)
    give_verdict(user=people.colleague, repetition=one, decision="not_a_repetition")
    page.fill(NOTE, "clearly the knees")
    page.keyboard.press("Escape")
    page.keyboard.press("c")
    page.click("text=Keep what stands")
    assert not page.is_visible(".stuck")
    assert page.input_value(NOTE) == "clearly the knees"
    assert Verdict.objects.get().clinician == people.colleague
    page.keyboard.press("c")  # knowing what stands, no question
    page.wait_for_selector(".rep .v-confirmed")
    forgive(page, "409")


def test_a_repetition_that_is_gone_is_told_and_nothing_is_lost(
    people: People, address: str, one: Repetition, open_as: Open
) -> None:
    page = open_as(people.lead, address)
    Repetition.objects.all().delete()
    page.keyboard.press("c")
    page.wait_for_selector(".stuck:visible")
    assert "no longer there" in page.inner_text(".stuck")
    assert page.inner_text("[data-saves]") == "1 not saved: look"
    page.click("text=Discard mine")
    assert "message:" not in in_storage(page)
    forgive(page, "404")
