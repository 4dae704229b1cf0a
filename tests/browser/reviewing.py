"""A clinician's hands: reviews a whole session by keyboard in a real browser, and counts the keys."""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Page

#: Where a note is written.
NOTE = "[data-note]:visible"
_OPEN = ".rep.open:not(.saving)"
_CURRENT = "article.finding:not([hidden])"


def shown_frame(page: "Page") -> int:
    """Return the frame that the player shows, from 1."""
    found = re.search(r"frame (\d+)", page.inner_text("[data-time]"))
    assert found
    return int(found[1])


@dataclass
class Review:
    """What a review took; a picture of each step goes to `folder`, if one is given."""

    page: "Page"
    folder: Path | None = None
    keys: list[str] = field(default_factory=list)
    started: float = field(default_factory=time.monotonic)
    ended: float = 0.0
    waited: float = 0.0  # seconds for the machine, of all those that it took

    @contextmanager
    def waiting(self) -> Iterator[None]:
        since = time.monotonic()
        yield
        self.waited += time.monotonic() - since

    @property
    def seconds(self) -> float:
        return (self.ended or time.monotonic()) - self.started

    def press(self, key: str, what: str) -> None:
        self.page.keyboard.press(key)
        self.keys.append(key)
        self.picture(what)

    def type(self, text: str, what: str) -> None:
        self.page.keyboard.type(text)
        self.keys += text
        self.picture(what)

    def picture(self, what: str) -> None:
        """Keep what the screen shows; the time that the picture takes is not the clinician's."""
        if self.folder:
            paused = time.monotonic()
            name = f"{len(list(self.folder.iterdir())):02d}-{what.replace(' ', '-')}.png"
            self.page.screenshot(path=self.folder / name)
            self.started += time.monotonic() - paused


def review_first_session(page: "Page", folder: Path | None = None) -> Review:
    """From the worklist: open the severest session, decide every repetition, wait until all is saved."""
    review = Review(page, folder)
    review.picture("worklist")
    review.press("g", "session")
    with review.waiting():
        page.wait_for_selector("body[data-ready] .rep")
    total = page.locator(".rep").count()
    for number in range(1, total + 1):
        with review.waiting():
            _wait_for_motion(page)
        if number == 1:
            review.press(" ", "plays")
            page.wait_for_timeout(600)
            review.press(" ", "pauses")
            review.press("w", "worst moment")
        _decide(review, number)
        if number < total:
            with review.waiting():
                page.wait_for_function(
                    f"() => document.querySelectorAll('{_OPEN}').length <= {total - number}"
                )
    with review.waiting():
        page.wait_for_function("() => !document.querySelector('.rep.open, .rep.saving')", timeout=60_000)
        page.wait_for_selector("[data-saves]:has-text('Saved')")
    review.ended = time.monotonic()
    review.picture("all reviewed")
    return review


def _decide(review: Review, number: int) -> None:
    """Confirm what the model named; name what it did not."""
    page = review.page
    review.picture(f"repetition {number}")
    if page.is_enabled(f"{_CURRENT} [data-decide=confirm]"):
        review.press("c", f"confirmed {number}")
    else:
        review.press("1", f"chosen {number}")
        review.press("Enter", f"decided {number}")


def _wait_for_motion(page: "Page") -> None:
    """Until body and words are those of the repetition that is shown."""
    page.wait_for_function(
        """() => {
          const article = document.querySelector('article.finding:not([hidden])');
          return article && document.querySelector('[data-time]').textContent
            && new URLSearchParams(location.search).get('repetition') === article.dataset.repetition
            && new URLSearchParams(location.search).has('frame');
        }"""
    )
