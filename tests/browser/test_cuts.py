"""A clinician changes where repetitions are, by buttons, keys and dragging, in a real browser."""

import os
from typing import TYPE_CHECKING

import pytest

from feedback.models import Analysis, Repetition
from tests.browser.conftest import Open
from tests.browser.test_session_page import address, repetitions  # noqa: F401  a fixture
from tests.factories import People

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def opened(page: "Page") -> None:
    page.click("#cuts summary")
    page.wait_for_selector(".cut >> nth=0")


@pytest.mark.parametrize("width", [1440, 375])
def test_repetitions_are_moved_split_and_sent(
    open_as: Open,
    people: People,
    repetitions: list[Repetition],  # noqa: F811
    width: int,
) -> None:
    analysis = repetitions[0].analysis
    type(analysis.recording).objects.filter(pk=analysis.recording.pk).update(frames=300)
    page = open_as(people.lead, address(repetitions), width=width)
    opened(page)
    assert page.locator(".stage").bounding_box()["height"] >= 300  # the motion keeps its room
    assert page.locator(".cut").count() == 3
    page.click("[data-do='start+']")
    page.focus("[data-i='2'][data-edge='end']")
    page.keyboard.press("ArrowRight")
    page.locator(".cut").nth(1).click()
    page.click("[data-do='split']")
    assert page.locator(".cut").count() == 4
    if folder := os.environ.get("EXFB_PICTURES"):
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            page.locator("#cuts").screenshot(path=f"{folder}/cuts-{width}-{scheme}.png")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.click("[data-do='save']")
    page.wait_for_selector("[data-said]:not(:empty)")
    analysis.refresh_from_db()
    assert analysis.status == Analysis.Status.QUEUED
    assert analysis.cuts == [[3, 90, "squat"], [90, 135, "squat"], [135, 180, "squat"], [180, 273, "squat"]]
