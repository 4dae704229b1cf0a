"""Reviews a real recording end to end by keyboard; prints time and keys, and keeps each step as a picture.

python benchmarks/review.py ../shared/data/rmd/vid_012_joints.csv --out review/
"""

import argparse
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.browser.conftest import ARGUMENTS, find_chromium
from tests.browser.reviewing import review_first_session
from tests.browser.running import CLINICIAN, PASSWORD, site_with_web

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

_SECONDS = 4
#: How many frames are drawn while the motion plays.
_COUNT_FRAMES = """(seconds) => new Promise((resolve) => {
  let frames = 0;
  const output = document.querySelector('[data-time]');
  const watch = new MutationObserver(() => { frames += 1; });
  watch.observe(output, { childList: true });
  document.querySelector('[data-do=play]').click();
  setTimeout(() => {
    document.querySelector('[data-do=play]').click();
    watch.disconnect();
    resolve(frames);
  }, seconds * 1000);
})"""


def _frames(browser: "Browser", page: "Page") -> str:
    """Play for some seconds; how many frames were drawn, and what one costs however busy the machine is."""
    before = _computing(browser)
    frames = page.evaluate(_COUNT_FRAMES, _SECONDS)
    cost = (_computing(browser) - before) * 1000 / max(1, frames)
    return f"{frames / _SECONDS:.0f} frames a second, {cost:.0f} ms of computing a frame"


def _computing(browser: "Browser") -> float:
    """Seconds that all processes of the browser have computed."""
    session = browser.new_browser_cdp_session()
    processes = session.send("SystemInfo.getProcessInfo")["processInfo"]
    session.detach()
    return sum(process["cpuTime"] for process in processes)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("files", type=Path, nargs="+", metavar="FILE", help="recordings of one patient")
    parser.add_argument("--out", type=Path, required=True, help="folder for the pictures")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    from playwright.sync_api import sync_playwright

    chromium = find_chromium()
    if chromium is None:
        parser.error("needs Chromium on the path, or CHROMIUM set to it")
    with (
        tempfile.TemporaryDirectory(prefix="exfb-review-") as folder,
        site_with_web(Path(folder)) as (
            site,
            address,
        ),
    ):
        rows = site.wait_for(site.upload(arguments.files), "done", "failed", "needs_attention", seconds=300)
        print(
            f"{len(rows)} recordings, {sum(row['repetitions'] for row in rows)} repetitions found", flush=True
        )
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
            page = browser.new_page(viewport={"width": 1440, "height": 900})
            page.set_default_timeout(120_000)
            page.goto(f"{address}/sign-in/?next=/worklist/")
            page.fill("[name=username]", CLINICIAN)
            page.fill("[name=password]", PASSWORD)
            page.keyboard.press("Enter")
            page.wait_for_selector(".row")
            review = review_first_session(page, arguments.out)
            print(
                f"reviewed in {review.seconds:.1f} s, {review.waited:.1f} s of them waiting for the machine, "
                f"with {len(review.keys)} keys: {' '.join(review.keys)}"
            )
            for mode in ("side", "overlay"):
                page.click(f"[data-mode={mode}]") if page.is_enabled(f"[data-mode={mode}]") else None
                print(f"{mode}: {_frames(browser, page)}", flush=True)
            browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
