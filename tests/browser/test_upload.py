"""A file of every format is uploaded in a real browser, and what was inferred is confirmed or corrected."""

import os
from pathlib import Path

import pytest
from django.urls import reverse

from patients.models import Recording
from tests.factories import ModelReleaseFactory
from tests.ml.poses import samples

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def send(page, path: Path) -> None:
    page.set_input_files("input[type=file]", path)
    page.get_by_role("button", name="Upload").click()
    page.wait_for_url("**/recordings/**")


def test_each_format_is_uploaded_and_asked_about(people, open_as, tmp_path):
    ModelReleaseFactory()
    page = open_as(people.patient_user, reverse("my_upload"))
    for format_, write in samples.WRITERS.items():
        path = tmp_path / "recording"
        path.write_bytes(write())
        send(page, path)
        recording = Recording.objects.latest("created_at")
        assert recording.format == format_
        if recording.asks:
            assert page.url.endswith(reverse("reading", args=[recording.uuid]))
            assert page.get_by_role("heading", level=1).inner_text() == "Is that right?"
            pictured(page, f"reading-{format_}-1440")
            page.get_by_role("button", name="Yes, that is right").click()
            page.wait_for_url(f"**{reverse('recording', args=[recording.uuid])}")
            recording.refresh_from_db()
            assert not recording.asks
        page.goto(page.url.split("/recordings/")[0] + reverse("my_upload"))
        page.wait_for_selector("body[data-ready]")
    assert Recording.objects.count() == len(samples.WRITERS)


def pictured(page, name: str) -> None:
    """Keep pictures where `EXFB_PICTURES` names a folder, to be looked at."""
    if folder := os.environ.get("EXFB_PICTURES"):
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            page.screenshot(path=f"{folder}/{name}-{scheme}.png", full_page=True)


@pytest.mark.parametrize("width", [1440, 375])
def test_another_person_is_chosen(people, open_as, tmp_path, width):
    ModelReleaseFactory()
    page = open_as(people.lead, reverse("upload", args=[people.patient.uuid]), width=width)
    path = tmp_path / "recording"
    path.write_bytes(samples.npz(samples.two_people()))
    send(page, path)
    assert "person 2 of 2" in page.locator(".lead").inner_text()
    assert page.evaluate("() => document.documentElement.scrollWidth <= window.innerWidth")
    page.locator("summary").filter(has_text="Correct it").click()
    pictured(page, f"reading-person-{width}")
    page.get_by_label("Which person").fill("1")
    page.get_by_role("button", name="Correct and analyse anew").click()
    page.wait_for_url("**/recordings/*/")
    assert Recording.objects.get().corrections == {"person": 1}


@pytest.mark.parametrize("width", [1440, 375])
def test_a_correction_is_made_by_keyboard(people, open_as, tmp_path, width):
    ModelReleaseFactory()
    page = open_as(people.lead, reverse("upload", args=[people.patient.uuid]), width=width)
    path = tmp_path / "recording"
    path.write_bytes(samples.mediapipe_csv())
    send(page, path)
    assert page.evaluate("() => document.documentElement.scrollWidth <= window.innerWidth")
    page.locator("summary").filter(has_text="Correct it").focus()
    page.keyboard.press("Enter")
    page.get_by_label("Frames per second").fill("25")
    page.get_by_label("Left and right are exchanged").focus()
    page.keyboard.press("Space")
    page.get_by_role("button", name="Correct and analyse anew").press("Enter")
    page.wait_for_url("**/recordings/*/")
    assert page.get_by_text("analysed anew").is_visible()
    recording = Recording.objects.get()
    assert recording.corrections == {"frame_rate": 25.0, "swap_sides": True}
