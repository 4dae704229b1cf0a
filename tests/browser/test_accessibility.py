"""Every page in a real browser: axe finds nothing serious in light and dark, and Tab reaches everything."""

from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from feedback.tasks import make_report
from tests.access import client_of, make_world
from tests.factories import People, VerdictFactory
from tests.pages import PAGES, SeenPage
from tests.site.pages import analysed

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

#: WCAG 2.0 to 2.2, levels A and AA, and what axe calls best practice.
_RUN = """async () => {
  const runOnly = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
  const { violations } = await axe.run(document, { runOnly });
  return violations.map((one) => `${one.impact}: ${one.id}: ${one.nodes.map((n) => n.target).join(' ')}`);
}"""
#: A player learns after the words are there how many frames it has, and what it can show.
_MOTION_IS_THERE = """() => [...document.querySelectorAll('[data-scrub]')].every((one) => one.max !== '1')"""
KEYBOARD = Path(__file__).with_name("keyboard.js")


@pytest.fixture
def axe() -> str:
    """axe-core's source, from the package that carries it; skipped where that is not installed."""
    found = find_spec("axe_playwright_python")
    if found is None or not found.submodule_search_locations:
        pytest.skip("needs axe-playwright-python")
    return (Path(found.submodule_search_locations[0]) / "axe.min.js").read_text()


@pytest.fixture
def world(people: People) -> Any:
    """A patient with everything that an address can name, a history, a report and an agreement."""
    made = make_world(people)
    for day in (9, 5, 2):
        codes = ["squat.knees_inward", "squat.correct", "?squat.front_bent"]
        session = analysed(people.patient, codes, day=day, corrected=True)
    for repetition in session.analyses.get().repetitions.all()[:2]:
        for clinician in (people.lead, people.colleague):
            VerdictFactory(repetition=repetition, clinician=clinician)
    made.session = session.uuid
    people.patient.reports.update(status="queued", start=session.day, end=session.day)
    make_report(str(made.report))
    return made


@pytest.fixture
def look(chromium: Any, live_server: Any, world: Any) -> Iterator[Callable[..., Any]]:
    """Return a function that opens a page of the list as the one who sees it."""
    contexts: dict[tuple[str, str], Any] = {}

    def opened(seen: SeenPage, scheme: str) -> Any:
        if (seen.person, scheme) not in contexts:
            context = chromium.new_context(
                viewport={"width": 1440, "height": 900}, reduced_motion="reduce", color_scheme=scheme
            )
            contexts[seen.person, scheme] = context
            name = settings.SESSION_COOKIE_NAME
            if seen.person != "anonymous":
                value = client_of(seen.person, world).cookies[name].value
                context.add_cookies([{"name": name, "value": value, "url": live_server.url}])
        page = contexts[seen.person, scheme].new_page()
        page.set_default_timeout(120_000)
        answer = page.goto(live_server.url + seen.address(world))
        assert answer.status == 200, seen.name
        page.wait_for_selector("body[data-ready]")  # with what scripts add to it
        page.wait_for_function(_MOTION_IS_THERE)  # what it cannot show is disabled then
        return page

    yield opened
    for context in contexts.values():
        context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious_on_any_page(look: Callable[..., Any], axe: str, scheme: str) -> None:
    found = {}
    for seen in PAGES:
        page = look(seen, scheme)
        page.evaluate(axe)
        found[seen.name] = [one for one in page.evaluate(_RUN) if one.startswith(("serious", "critical"))]
        page.close()
    assert found == {seen.name: [] for seen in PAGES}


def test_tab_reaches_everything_and_shows_where_it_is(look: Callable[..., Any]) -> None:
    missed = {}
    for seen in PAGES:
        page = look(seen, "light")
        page.evaluate(KEYBOARD.read_text())
        number = page.evaluate("() => keyboard.mark()")
        reached, unseen = set(), set()
        for _ in range(number + 60):  # what scrolls and holds nothing to reach is a stop too
            page.keyboard.press("Tab")
            where = page.evaluate("() => keyboard.where()")
            reached.add(where["stop"])
            if not where["shown"]:
                unseen.add(where["html"])
        left = [i for i in range(number) if str(i) not in reached]
        missed[seen.name] = [f"not reached: {page.evaluate('(i) => keyboard.html(i)', i)}" for i in left]
        missed[seen.name] += [f"no focus shown: {html}" for html in sorted(unseen)]
        page.close()
    assert missed == {seen.name: [] for seen in PAGES}
