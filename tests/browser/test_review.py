"""A real recording, analysed by a real worker, is reviewed by keyboard, worklist to last verdict."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.browser.reviewing import review_first_session
from tests.browser.running import CLINICIAN, PASSWORD, site_with_web

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = [pytest.mark.browser, pytest.mark.worker]
_VERDICTS = """
import django; django.setup()
import json
from feedback.models import ExerciseSession, Repetition, Verdict
print(json.dumps([
    Repetition.objects.count(), Verdict.objects.count(), ExerciseSession.objects.get().unreviewed_count
]))
"""


def test_a_real_session_is_reviewed_by_keyboard(chromium: "Browser", shared: Path, tmp_path: Path) -> None:
    with site_with_web(tmp_path) as (site, address):
        ids = site.upload([shared / "data" / "rmd" / "vid_012_joints.csv"])
        (row,) = site.wait_for(ids, "done", "failed", "needs_attention", seconds=150)
        assert row["status"] == "done", site.log()
        context = chromium.new_context(viewport={"width": 1440, "height": 900}, reduced_motion="reduce")
        context.set_default_timeout(90_000)
        page = context.new_page()
        page.goto(f"{address}/sign-in/?next=/worklist/")
        page.fill("[name=username]", CLINICIAN)
        page.fill("[name=password]", PASSWORD)
        page.keyboard.press("Enter")
        page.wait_for_selector(".row")
        review = review_first_session(page)
        context.close()
        repetitions, verdicts, unreviewed = json.loads(site.python(_VERDICTS))
        assert repetitions == row["repetitions"] > 1
        assert (verdicts, unreviewed) == (repetitions, 0)
        assert (
            len(review.keys) <= 4 + 2 * repetitions
        )  # two keys a repetition at most, and a look at the first
