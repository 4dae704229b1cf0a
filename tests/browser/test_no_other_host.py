"""Every page works with the network blocked and its policy kept: no other host, inline script or eval."""

from itertools import groupby
from operator import attrgetter
from urllib.parse import urlsplit

import pytest
from django.urls import reverse

from tests.access import make_world
from tests.factories import make_people
from tests.pages import PAGES, SeenPage

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
#: Beside the pages: the interactive reference of the API.
SEEN = sorted([*PAGES, SeenPage("api:docs", "lead")], key=attrgetter("person"))
BY_PERSON = [(person, list(pages)) for person, pages in groupby(SEEN, key=attrgetter("person"))]
#: What the policy forbids is told to the page; it is kept where the test finds it.
LISTEN = """
window.refused = [];
document.addEventListener('securitypolicyviolation', event => window.refused.push(
  `${event.effectiveDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`));
"""


@pytest.mark.parametrize(("person", "pages"), BY_PERSON, ids=[person for person, _ in BY_PERSON])
def test_no_page_asks_another_host_or_breaks_its_policy(open_as, live_server, chromium, person, pages):
    world = make_world(make_people())
    context = chromium.new_context() if person == "anonymous" else None
    if context is None:
        context = open_as(getattr(world.people, person), reverse("security")).context
    page = context.new_page()
    page.add_init_script(LISTEN)
    elsewhere, refused = [], []

    def block(route) -> None:
        if urlsplit(route.request.url).netloc == urlsplit(live_server.url).netloc:
            route.continue_()
        else:
            elsewhere.append(route.request.url)
            route.abort()

    context.route("http*://**/*", block)
    for seen in pages:
        page.goto(live_server.url + seen.address(world))
        page.wait_for_load_state("networkidle")
        refused += [f"{seen.name}: {one}" for one in page.evaluate("() => window.refused")]
    assert elsewhere == []
    assert refused == []


def test_the_policy_is_in_force(open_as):
    """So that the test above cannot pass for want of a policy: an inline script and an eval are refused."""
    world = make_world(make_people())
    page = open_as(world.people.lead, reverse("worklist"))
    page.evaluate(LISTEN)
    page.evaluate(
        "() => { const s = document.createElement('script'); s.textContent = '1'; document.head.append(s); }"
    )
    page.evaluate("() => { const i = new Image(); i.src = 'http://elsewhere.example/x.png'; }")
    page.wait_for_function("() => window.refused.length >= 2")
    page.complaints.clear()
