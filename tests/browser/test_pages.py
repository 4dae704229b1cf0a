"""Uploads and histories in a real browser: what scripts add to the pages, within the content policy."""

from pathlib import Path

import pytest
from django.urls import reverse

from feedback.models import Analysis
from feedback.sessions import refresh_session
from tests.browser.conftest import Open
from tests.factories import AnalysisFactory, ModelReleaseFactory, People, RepetitionFactory, WorkerFactory
from tests.motions import pose_bytes
from tests.site.pages import analysed

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
WIDER_THAN_SCREEN = "document.documentElement.scrollWidth > document.documentElement.clientWidth"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "squats.json"
    path.write_bytes(pose_bytes())
    return path


def test_an_upload_is_followed_to_its_result(open_as: Open, people: People, file: Path) -> None:
    ModelReleaseFactory()
    page = open_as(people.patient_user, reverse("my_upload"), width=375, height=812)
    assert not page.evaluate(WIDER_THAN_SCREEN)
    page.set_input_files("input[type=file]", file)
    assert "squats.json" in page.inner_text("[data-name]")
    page.click("main button.primary")
    page.wait_for_url("**/recordings/**")
    assert "No worker is connected; your recording is safe." in page.inner_text("main")

    WorkerFactory()
    page.wait_for_selector("text=It is next.")
    analysis = Analysis.objects.get()
    RepetitionFactory(analysis=analysis, finding="squat.knees_inward")
    Analysis.objects.update(status=Analysis.Status.DONE, step=Analysis.Step.FINISHED)
    refresh_session(session=analysis.session)
    page.wait_for_url("**/me/sessions/**")
    assert "Push your knees out" in page.inner_text("main")


def test_an_open_analysis_is_cancelled_and_one_that_ends_is_not_offered_to_be(
    open_as: Open, people: People
) -> None:
    analysis = AnalysisFactory(recording__patient=people.patient)
    page = open_as(people.lead, reverse("recording", args=[analysis.recording.uuid]), width=375, height=812)
    assert not page.evaluate(WIDER_THAN_SCREEN)
    Analysis.objects.update(status=Analysis.Status.FAILED, error_code="worker_lost")
    page.wait_for_selector("text=Try again")
    assert not page.is_visible("text=Cancel the analysis")
    page.click("text=Try again")
    page.click("text=Cancel the analysis")
    page.wait_for_selector("text=The analysis was cancelled.")
    assert Analysis.objects.get().status == Analysis.Status.CANCELLED


@pytest.mark.parametrize("width", [1440, 375])
def test_the_history_is_drawn_from_the_servers_figure(open_as: Open, people: People, width: int) -> None:
    for day in (9, 5, 1):
        analysed(people.patient, ["squat.knees_inward", "squat.correct"], day=day)
    page = open_as(people.lead, reverse("patient", args=[people.patient.uuid]), width=width)
    page.wait_for_selector("[data-plot] .barlayer .point")
    assert page.locator("[data-plot] .barlayer .point path").count() == 6
    assert not page.evaluate(WIDER_THAN_SCREEN)
