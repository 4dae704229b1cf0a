"""Notes, links to a view, and the session before beside this one, in a real browser."""

from typing import TYPE_CHECKING

import pytest
from django.contrib.sessions.models import Session
from django.urls import reverse

from feedback.models import Note, Repetition
from feedback.motions import pack_motion
from tests.browser.conftest import Open
from tests.browser.reviewing import NOTE, shown_frame
from tests.factories import (
    PASSWORD,
    AnalysisFactory,
    CorrectionFactory,
    People,
    RecordingFactory,
    RepetitionFactory,
    days_ago,
)
from tests.motions import squats

if TYPE_CHECKING:
    pass

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def two(people: People) -> list[Repetition]:
    analysis = AnalysisFactory(
        recording=RecordingFactory(patient=people.patient), status="done", exercise="squat"
    )
    made = [RepetitionFactory(analysis=analysis, finding="squat.knees_inward") for _ in range(2)]
    for repetition in made:
        CorrectionFactory(repetition=repetition)
    return made


def address(repetitions: list[Repetition]) -> str:
    return reverse("session", args=[repetitions[0].analysis.session.uuid])


def test_a_note_on_a_moment_leads_back_to_it(people: People, two: list[Repetition], open_as: Open) -> None:
    page = open_as(people.lead, f"{address(two)}?rep=2&frame=20")
    page.wait_for_selector(".view.has-correction")
    page.keyboard.press("n")
    page.keyboard.type("heel lifts")
    page.select_option("[data-note-about]:visible", "frame")
    page.focus(NOTE)
    page.keyboard.press("Control+Enter")
    page.wait_for_selector("text=heel lifts")
    note = Note.objects.get()
    assert (note.repetition, note.frame, note.author) == (two[1], 19, people.lead)
    assert page.input_value(NOTE) == ""
    page.keyboard.press("w")
    assert shown_frame(page) != 20
    page.click("article:not([hidden]) [data-frame]")
    assert shown_frame(page) == 20
    page.click("article:not([hidden]) [data-delete-url]")
    page.wait_for_selector("text=The note is deleted.")
    assert not page.is_visible("text=heel lifts")
    note.refresh_from_db()
    assert note.deleted_at


def test_a_note_on_the_session_stands_beside_every_repetition(
    people: People, two: list[Repetition], open_as: Open
) -> None:
    page = open_as(people.lead, address(two))
    page.fill(NOTE, "room was dark")
    page.select_option("[data-note-about]:visible", "session")
    page.click("[data-do=write-note]:visible")
    page.wait_for_selector("#session-notes >> text=room was dark")
    assert Note.objects.get().repetition is None
    page.keyboard.press("]")
    assert page.is_visible("#session-notes >> text=room was dark")


def test_a_link_leads_to_exactly_that_view_after_the_sign_in(
    people: People, two: list[Repetition], open_as: Open
) -> None:
    page = open_as(people.lead, address(two))
    page.wait_for_selector(".view.has-correction")
    page.keyboard.press("]")
    page.click("[data-mode=overlay]")
    page.click("[data-cam=top]")
    page.click("[data-turn='1']")  # now it is a free one
    page.fill("[data-scrub]", "46")
    page.wait_for_function("() => location.search.includes('frame=47')")
    link = page.url
    seen = page.evaluate("document.querySelector('[data-cam=free]').ariaPressed")
    assert seen == "true"
    Session.objects.all().delete()
    page.goto(link)
    page.fill("[name=username]", people.lead.email)
    page.fill("[name=password]", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_selector(".view.has-correction")
    page.wait_for_function("() => document.querySelector('[data-time]').textContent.includes('frame 47')")
    assert page.url == link
    assert page.evaluate("document.querySelector('[data-mode=overlay]').ariaPressed") == "true"
    assert page.evaluate("document.querySelector('[data-cam=free]').ariaPressed") == "true"


@pytest.mark.parametrize(
    "query", ["?rep=99&frame=x&mode=y&cam=z", "?frame=-3", "?frame=99999&cam=free&view=a,b"]
)
def test_a_link_that_says_nonsense_opens_the_page(
    people: People, two: list[Repetition], open_as: Open, query: str
) -> None:
    page = open_as(people.lead, address(two) + query)
    page.wait_for_selector(".view.has-correction")


def test_the_session_before_is_beside_this_one_by_one_key(
    people: People, two: list[Repetition], open_as: Open
) -> None:
    earlier = AnalysisFactory(
        recording=RecordingFactory(patient=people.patient, recorded_at=days_ago(7)),
        status="done",
        exercise="squat",
    )
    RepetitionFactory(analysis=earlier, motion=pack_motion(squats(1, seconds=2, depth=0.2).positions))
    page = open_as(people.lead, address(two))
    page.wait_for_selector(".view.has-correction")
    with page.expect_response("**/motion/"):
        page.keyboard.press("b")
    page.wait_for_selector(".view.is-before")
    assert page.is_visible(".legend >> text=The session before")
    assert "before:" in page.locator("svg.over").text_content()
    page.keyboard.press("b")
    page.wait_for_selector(".view.is-split:not(.is-before)")
