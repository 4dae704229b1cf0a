"""Makes the pictures of docs/screenshots: starts the demo clinic and looks at every page of it in Chromium.

    script/screenshots [--data FOLDER]

Only invented people and simulated recordings are to be seen. `--data` keeps the clinic for the next time.
"""

import argparse
import io
import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from demo import stopping
from PIL import Image
from playwright.sync_api import Page, sync_playwright
from processes import ROOT, Site, free_port

sys.path.insert(0, str(ROOT))

from feedback.demo_story import LEAD, PASSWORD, PATIENT

FOLDER = ROOT / "docs" / "screenshots"
_ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
_PHONE = {"width": 390, "height": 844}
_DESK = {"width": 1440, "height": 900}
Step = Callable[[Page], Any]


class Shot(NamedTuple):
    """One picture: its name, who looks, how one comes there, and what to wait for."""

    name: str
    person: str
    go: Step
    wait: str = "main"
    theme: str = "light"
    size: dict[str, int] = _DESK


def to(path: str) -> Step:
    return lambda page: page.goto(page.base + path)


def patient(link: str = "") -> Step:
    """To the page of the patient whose story is told, and on by a link there."""

    def go(page: Page) -> None:
        page.goto(page.base + "/patients/")
        page.click("text=Nora Lindgren")
        if link:
            page.click(f"main >> text={link}")

    return go


def first(path: str, link: str) -> Step:
    def go(page: Page) -> None:
        page.goto(page.base + path)
        page.click(f"{link} >> nth=0")

    return go


def report(page: Page) -> None:
    patient("Reports")(page)
    made = page.locator("table tbody th a")
    if made.count():
        made.first.click()
        return
    page.fill("[name=note]", "Depth has improved steadily. Keep the load for two weeks, then add a set.")
    page.click("button.primary")
    page.wait_for_selector(".sheet", timeout=120_000)


SHOTS = (
    Shot("sign-in", "", to("/sign-in/")),
    Shot("worklist", LEAD, to("/worklist/")),
    Shot("session", LEAD, first("/worklist/", ".row h2 a"), ".plot .main-svg"),
    Shot("session-dark", LEAD, first("/worklist/", ".row h2 a"), ".plot .main-svg", "dark"),
    Shot("patients", LEAD, to("/patients/")),
    Shot("patient", LEAD, patient(), ".barlayer .point"),
    Shot("patient-contrast", LEAD, patient(), ".barlayer .point", "contrast-dark"),
    Shot("prescribe", LEAD, patient("Prescribe")),
    Shot("reports", LEAD, patient("Reports")),
    Shot("report", LEAD, report, ".sheet"),
    Shot("upload", LEAD, patient("Upload a recording")),
    Shot("recording", PATIENT, first("/me/", ".days a"), "main"),
    Shot("agreement", LEAD, to("/agreement/")),
    Shot("releases", LEAD, to("/releases/")),
    Shot("release", LEAD, first("/releases/", "main a")),
    Shot("plans", LEAD, to("/plans/")),
    Shot("keys", LEAD, to("/keys/")),
    Shot("design", LEAD, to("/design/")),
    Shot("patient-phone", PATIENT, to("/me/"), "main", "light", _PHONE),
    Shot("upload-phone", PATIENT, to("/me/upload/"), "main", "light", _PHONE),
)


def main() -> None:
    parser = argparse.ArgumentParser(prog="script/screenshots", description=__doc__)
    parser.add_argument("--data", type=Path, help="folder of the demo clinic; a throw-away one without it")
    parser.add_argument("--only", nargs="+", default=[], metavar="NAME", help="only these pictures")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="exfb-screenshots-") as folder:
        site = Site(arguments.data or Path(folder), free_port())
        with stopping(site):
            site.manage("demo_clinic", "--prepare", quiet=True)
            site.start()
            site.wait_until_ready()
            site.manage("demo_clinic")
            shoot(site.address, [shot for shot in SHOTS if not arguments.only or shot.name in arguments.only])


def shoot(address: str, shots: list[Shot]) -> None:
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=_ARGUMENTS)
        for shot in shots:
            context = browser.new_context(viewport=shot.size, reduced_motion="reduce")
            page = context.new_page()
            page.base = address
            page.set_default_timeout(120_000)
            page.add_init_script(f"localStorage.setItem('exfb-theme', '{shot.theme}')")
            if shot.person:
                page.goto(address + "/sign-in/")
                page.fill("[name=username]", shot.person)
                page.fill("[name=password]", PASSWORD)
                page.click("button.primary")
            shot.go(page)
            page.wait_for_selector(shot.wait)
            page.wait_for_timeout(1500)  # charts and bodies are drawn
            picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
            picture.quantize(256, dither=Image.Dither.NONE).save(FOLDER / f"{shot.name}.png", optimize=True)
            print(f"docs/screenshots/{shot.name}.png", flush=True)
            context.close()
        browser.close()


if __name__ == "__main__":
    main()
