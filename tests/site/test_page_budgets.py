"""What every page costs: queries and bytes, of which neither may grow unnoticed."""

from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.access import client_of, make_world
from tests.factories import People
from tests.pages import PAGES, SeenPage
from tests.test_access_matrix import ROWS

#: The most queries and bytes of HTML, with a patient who has next to nothing: one query and two fifths
#: more than they cost when this was written.
BUDGETS = {
    "sign_in": (1, 3_000),
    "sign_in_by_mail": (1, 3_000),
    "security": (9, 8_000),
    "second_factor_add": (12, 14_000),
    "worklist": (11, 7_000),
    "session": (18, 36_000),
    "patient_list": (9, 7_000),
    "patient": (19, 15_000),
    "patient_add": (10, 6_000),
    "prescribe": (13, 10_000),
    "plans": (9, 5_000),
    "reports": (12, 6_000),
    "report": (10, 6_000),
    "upload": (11, 8_000),
    "recording": (12, 6_000),
    "reading": (12, 12_000),
    "move": (16, 10_000),
    "patient_export": (13, 9_000),
    "access_log": (14, 5_000),
    "erase": (27, 9_000),
    "erasures": (8, 6_000),
    "agreement": (12, 6_000),
    "releases": (11, 5_000),
    "release": (11, 9_000),
    "design": (7, 28_000),
    "api_keys": (8, 9_000),
    "my_home": (17, 8_000),
    "my_upload": (7, 8_000),
    "my_session": (12, 7_000),
}
#: Addresses that answer a GET with something other than a page, or lead to one.
NOT_PAGES = {
    "home",
    "health_live",
    "health_ready",
    "metrics",
    "recording_file",
    "report_file",
    "history_csv",
    "session_export",
    "repetition_export",
    "export_file",
    "still_here",
    # They lead elsewhere but for somebody in the middle of signing in.
    "sign_in_code",
    "second_factor",
    "admin_sign_in",
}
STATIC = Path(settings.BASE_DIR) / "feedback" / "static" / "exfb"


@pytest.mark.parametrize("seen", PAGES, ids=[seen.name for seen in PAGES])
def test_no_page_costs_more_than_it_may(people: People, seen: SeenPage) -> None:
    world = make_world(people)
    client = client_of(seen.person, world)
    client.get(seen.address(world))
    with CaptureQueriesContext(connection) as queries:
        page = client.get(seen.address(world))
    assert page.status_code == 200
    most = BUDGETS[seen.name]
    assert len(queries) <= most[0]
    assert len(page.content) <= most[1]


def test_every_page_is_looked_at() -> None:
    pages = {row.name for row in ROWS if row.method == "GET" and not row.name.startswith("api:")}
    assert pages - NOT_PAGES == {seen.name for seen in PAGES} == set(BUDGETS)


@pytest.mark.parametrize(("kind", "most"), [("css", 90_000), ("js", 120_000)])
def test_styles_and_scripts_of_our_own_stay_small(kind: str, most: int) -> None:
    assert sum(path.stat().st_size for path in (STATIC / kind).iterdir()) <= most
