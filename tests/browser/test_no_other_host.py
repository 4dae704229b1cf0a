"""Every page works with the network blocked: no request leaves for another host."""

from urllib.parse import urlsplit

import pytest
from django.urls import reverse

from tests.access import make_world
from tests.factories import make_people
from tests.test_access_matrix import ROWS

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
#: Files and data, which a browser downloads or shows as text.
_NO_PAGES = ("health_live", "health_ready", "still_here")


@pytest.mark.parametrize(("kind", "start"), [("lead", "worklist"), ("patient_user", "my_upload")])
def test_no_page_asks_another_host(open_as, live_server, kind, start):
    world = make_world(make_people())
    page = open_as(getattr(world.people, kind), reverse(start))
    elsewhere, opened = [], 0

    def block(route) -> None:
        if urlsplit(route.request.url).netloc == urlsplit(live_server.url).netloc:
            route.continue_()
        else:
            elsewhere.append(route.request.url)
            route.abort()

    page.context.route("http*://**/*", block)
    for row in ROWS:
        is_page = row.method == "GET" and row.expected[kind] == 200 and row.name not in _NO_PAGES
        is_page = is_page and (not row.name.startswith("api:") or row.name == "api:docs")
        if (
            not is_page
            or "file" in row.name
            or "csv" in row.name
            or "pdf" in row.name
            or "export" in row.name
        ):
            continue
        page.goto(live_server.url + reverse(row.name, args=[getattr(world, row.thing)] if row.thing else []))
        page.wait_for_load_state("load")
        opened += 1
    assert opened >= 4
    assert elsewhere == []
