"""A clinician reviews a session in a real browser, with the keyboard."""

import re
from typing import TYPE_CHECKING

import pytest
from django.urls import reverse

from feedback.models import BaselineRepetition, Repetition, Verdict
from feedback.motions import pack_motion
from feedback.sessions import refresh_session
from tests.browser.conftest import Open
from tests.browser.reviewing import shown_frame
from tests.factories import (
    AnalysisFactory,
    CorrectionFactory,
    People,
    RecordingFactory,
    RepetitionFactory,
    days_ago,
)
from tests.motions import squats

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def repetitions(people: People) -> list[Repetition]:
    """Three squats: knees inward with a correction, not sure, correct."""
    recording = RecordingFactory(patient=people.patient)
    analysis = AnalysisFactory(recording=recording, status="done", exercise="squat")
    inward = RepetitionFactory(analysis=analysis, finding="squat.knees_inward")
    CorrectionFactory(repetition=inward)
    unsure = RepetitionFactory(analysis=analysis, finding="squat.front_bent", probability=0.4, abstained=True)
    correct = RepetitionFactory(analysis=analysis, finding="squat.correct")
    return [inward, unsure, correct]


def address(repetitions: list[Repetition]) -> str:
    return reverse("session", args=[repetitions[0].analysis.session.uuid])


def heading(page: "Page") -> str:
    return page.inner_text("article.finding:not([hidden]) h2").strip()


def decided(page: "Page", repetition: Repetition, state: str) -> None:
    """Wait until the page shows what the server answered."""
    page.wait_for_selector(f'.rep[data-repetition="{repetition.uuid}"] .v-{state}')


def test_a_session_is_reviewed_by_keyboard(
    people: People, repetitions: list[Repetition], open_as: Open
) -> None:
    inward, unsure, correct = repetitions
    page = open_as(people.lead, address(repetitions))
    page.wait_for_selector(".view.has-correction")
    assert heading(page) == "Knees fall inward"

    page.keyboard.press("c")
    decided(page, inward, "confirmed")
    assert heading(page) == "Not sure"
    page.keyboard.press("c")  # nothing to confirm where the model is not sure
    page.keyboard.press("5")
    page.keyboard.press("Enter")
    decided(page, unsure, "overridden")
    assert heading(page) == "Correct"
    page.keyboard.press("n")
    page.keyboard.type("c is a letter here")
    page.keyboard.press("Escape")
    page.keyboard.press("c")
    decided(page, correct, "confirmed")
    page.wait_for_function("() => document.querySelector('#left').textContent.includes('All reviewed')")

    kept = [(v.repetition_id, v.decision, v.label, v.note) for v in Verdict.objects.order_by("pk")]
    assert kept == [
        (inward.pk, "confirmed", "squat.knees_inward", ""),
        (unsure.pk, "overridden", "squat.front_bent", ""),
        (correct.pk, "confirmed", "squat.correct", "c is a letter here"),
    ]


def test_a_motion_is_loaded_once(people: People, repetitions: list[Repetition], open_as: Open) -> None:
    asked: list[str] = []
    page = open_as(people.lead, reverse("worklist"))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(page.url.replace(reverse("worklist"), address(repetitions)))
    page.wait_for_selector(".view.has-correction")
    for key, shown in (("]", 1), ("]", 2), ("[", 1), ("[", 0), ("]", 1)):
        page.keyboard.press(key)
        page.wait_for_url(f"**repetition={repetitions[shown].uuid}*frame=*")
    motions = [url for url in asked if url.endswith("/motion/")]
    assert len(motions) == len(set(motions)) == len(repetitions)


def test_a_finding_is_overridden_by_two_keys(
    people: People, repetitions: list[Repetition], open_as: Open
) -> None:
    page = open_as(people.lead, address(repetitions))
    page.keyboard.press("5")
    page.keyboard.press("s")
    decided(page, repetitions[0], "overridden")
    verdict = Verdict.objects.get()
    assert (verdict.label, verdict.second_label, verdict.reason) == ("squat.front_bent", "", "seen")


def test_two_mistakes_at_once_and_no_repetition(
    people: People, repetitions: list[Repetition], open_as: Open
) -> None:
    page = open_as(people.lead, address(repetitions))
    for key in ("1", "5", "4", "3", "t"):  # correct stands alone; of three mistakes the first is let go
        page.keyboard.press(key)
    decided(page, repetitions[0], "overridden")
    verdict = Verdict.objects.get()
    chosen = (verdict.label, verdict.second_label, verdict.reason)
    assert chosen == ("squat.knees_inward", "squat.not_low_enough", "tracking")
    page.keyboard.press("x")
    decided(page, repetitions[1], "dropped")
    page.keyboard.press("s")  # no mistake is chosen: a reason alone says nothing
    page.keyboard.press("4")
    page.keyboard.press("Escape")
    page.keyboard.press("s")
    assert Verdict.objects.count() == 2


def test_a_verdict_is_taken_back(people: People, repetitions: list[Repetition], open_as: Open) -> None:
    page = open_as(people.lead, address(repetitions))
    page.keyboard.press("c")
    decided(page, repetitions[0], "confirmed")
    page.click(".toast button")
    decided(page, repetitions[0], "open")
    assert list(Verdict.objects.order_by("pk").values_list("decision", flat=True)) == ["confirmed", "undone"]
    assert heading(page) == "Knees fall inward"


def test_nothing_plays_by_itself_and_curve_slider_and_body_are_one_moment(
    people: People, repetitions: list[Repetition], open_as: Open
) -> None:
    page = open_as(people.lead, address(repetitions))
    page.wait_for_selector(".view.has-correction")
    opened_at = shown_frame(page)
    page.wait_for_selector(".plot svg.main-svg")
    page.wait_for_timeout(200)
    assert (shown_frame(page), page.inner_text("[data-do=play] span")) == (opened_at, "Play")
    page.fill("[data-scrub]", "30")
    assert shown_frame(page) == 31
    page.locator("[data-time]").click()
    page.keyboard.press("ArrowRight")
    assert shown_frame(page) == 32
    box = page.locator(".plot").bounding_box()
    page.mouse.click(box["x"] + 44 + (box["width"] - 60) / 2, box["y"] + 30)
    assert shown_frame(page) == pytest.approx(45.5, abs=1)
    assert page.input_value("[data-scrub]") == str(shown_frame(page) - 1)
    page.keyboard.press("w")  # the correction sinks deeper: furthest apart near the bottom
    worst = shown_frame(page)
    assert worst == pytest.approx(46, abs=10)
    told = page.inner_text("article.finding:not([hidden]) [data-worst]")
    assert re.fullmatch(r"(Left|Right) knee \d+° less bent than corrected\.", told)
    assert page.locator("svg.over text.big").text_content() in told
    page.keyboard.press(" ")
    page.wait_for_function(f"() => document.querySelector('[data-scrub]').value != '{worst - 1}'")
    assert shown_frame(page) != worst


def test_the_band_of_correct_repetitions_is_drawn_and_told(
    people: People, repetitions: list[Repetition], open_as: Open
) -> None:
    analysis = repetitions[0].analysis
    for depth in (0.3, 0.32, 0.34):
        RepetitionFactory(
            analysis=analysis, finding="squat.correct", motion=pack_motion(squats(1, depth=depth).positions)
        )
    shallow = RepetitionFactory(analysis=analysis, motion=pack_motion(squats(1, depth=0.1).positions))
    page = open_as(people.lead, f"{address(repetitions)}?repetition={shallow.uuid}")
    page.wait_for_selector("[data-basis]:not([hidden])")
    assert page.inner_text("[data-basis]") == "4 repetitions found correct, not reviewed"
    page.click("[data-angles] button:has-text('Right knee bend')")
    told = page.inner_text("article.finding:not([hidden]) [data-outside]")
    assert told.startswith("Right knee bend: outside the band of 4 correct repetitions for")
    page.wait_for_selector(".plot svg.main-svg")
    page.wait_for_function(
        "() => document.querySelector('.plot').data.some((trace) => trace.fill === 'tonexty')"
    )
    page.wait_for_function(
        "() => document.querySelector('.plot').data.some((trace) => trace.name === 'outside')"
    )


def test_the_key_p_leads_to_the_session_before(
    people: People, repetitions: list[Repetition], open_as: Open
) -> None:
    before = RecordingFactory(patient=people.patient, recorded_at=days_ago(7))
    earlier = RepetitionFactory(
        analysis=AnalysisFactory(recording=before, status="done", exercise="squat"), finding="squat.correct"
    )
    page = open_as(people.lead, address(repetitions))
    page.keyboard.press("p")
    page.wait_for_url(f"**{reverse('session', args=[earlier.analysis.session.uuid])}**")
    assert heading(page) == "Correct"


def test_all_on_one_screen_and_usable_on_a_phone(
    people: People, repetitions: list[Repetition], open_as: Open
) -> None:
    page = open_as(people.lead, address(repetitions))
    size = "[document.documentElement.scrollWidth, document.documentElement.scrollHeight]"
    assert page.evaluate(size) == [1440, 900]
    page.set_viewport_size({"width": 375, "height": 812})
    assert page.evaluate(size)[0] == 375


def test_the_worklist_by_keyboard(people: People, repetitions: list[Repetition], open_as: Open) -> None:
    refresh_session(session=repetitions[0].analysis.session)
    page = open_as(people.lead, reverse("worklist"))
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_selector("article.finding")
    assert page.url.split("?")[0].endswith(address(repetitions))


def test_a_correct_repetition_becomes_the_baseline_by_one_key(
    people: People, repetitions: list[Repetition], open_as: Open
) -> None:
    correct = repetitions[2]
    page = open_as(people.lead, f"{address(repetitions)}?repetition={correct.uuid}")
    button = f"#baseline-{correct.uuid} [data-toggle]"
    page.keyboard.press("r")
    page.wait_for_selector(f'{button}[aria-pressed="true"]')
    assert BaselineRepetition.objects.get().repetition == correct
    assert "Baseline: 1 of 3" in page.inner_text("article.finding:not([hidden])")
    page.keyboard.press("r")
    page.wait_for_selector(f'{button}[aria-pressed="false"]')
    assert not BaselineRepetition.objects.exists()
