"""Reviews a real recording end to end by keyboard; prints time and keys, and keeps each step as a picture.

python benchmarks/review.py ../shared/data/rmd/vid_012_joints.csv --out review/
"""

import argparse
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.browser.conftest import ARGUMENTS, find_chromium
from tests.browser.reviewing import review_first_session
from tests.browser.running import CLINICIAN, PASSWORD, site_with_web

_SECONDS = 4
#: Frames drawn while the motion plays, a second.
_COUNT_FRAMES = """(seconds) => new Promise((resolve) => {
  let frames = 0;
  const output = document.querySelector('[data-time]');
  const watch = new MutationObserver(() => { frames += 1; });
  watch.observe(output, { childList: true });
  document.querySelector('[data-do=play]').click();
  setTimeout(() => {
    document.querySelector('[data-do=play]').click();
    watch.disconnect();
    resolve(frames / seconds);
  }, seconds * 1000);
})"""


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
            print(f"reviewed in {review.seconds:.1f} s with {len(review.keys)} keys: {' '.join(review.keys)}")
            for mode in ("side", "overlay"):
                page.click(f"[data-mode={mode}]") if page.is_enabled(f"[data-mode={mode}]") else None
                print(f"{page.evaluate(_COUNT_FRAMES, _SECONDS):.0f} frames a second, {mode}", flush=True)
            browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
