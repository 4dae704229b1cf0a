"""What holds for every page, whoever opens it: its policy, no other host, no cache, nobody's name."""

import logging
import re

import pytest

from tests.access import ask, client_of, make_world
from tests.site.pages import inline_code
from tests.test_access_matrix import ROWS

_PEOPLE = ("anonymous", "lead", "patient_user")
_PAGES = [row for row in ROWS if row.method == "GET" and any(row.expected[kind] == 200 for kind in _PEOPLE)]
_ADDRESS = re.compile(r"""\s(?:href|src|action|formaction|data-[\w-]*url)=["']([^"']*)""")


@pytest.fixture
def world(people):
    """With a patient whose name is part of no other word."""
    people.patient.name = "Xylia Quorn"
    people.patient.save()
    return make_world(people)


@pytest.mark.parametrize("row", _PAGES, ids=[row.name for row in _PAGES])
def test_every_page(world, row):
    for kind in _PEOPLE:
        page = ask(client_of(kind, world), row, world)
        if page.status_code != 200:
            continue
        if kind != "anonymous" and row.expected["anonymous"] != 200:
            assert "no-store" in page["Cache-Control"] or "ETag" in page.headers, kind
            assert "public" not in page["Cache-Control"]
        if page["Content-Type"].startswith("text/html"):
            check_page(page, world.people.patient.name)


def check_page(page, patient_name: str) -> None:
    policy = page["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy
    assert inline_code(page) == []
    addresses = _ADDRESS.findall(page.content.decode())
    assert addresses
    for address in addresses:
        assert not re.match(r"(https?:)?//", address), f"{address} is another host's"
        for name in patient_name.split():
            assert name.lower() not in address.lower()


def test_no_address_leads_on_by_a_name(world):
    """Where a page leads on, after a form was sent too, the address holds ids only."""
    for row in ROWS:
        answer = ask(client_of("lead", world), row, world)
        for name in (*world.people.patient.name.split(), "New", "Person"):
            assert name not in answer.get("Location", ""), row.name


def test_nobody_is_named_in_the_log(world, caplog):
    caplog.set_level(logging.DEBUG)
    logging.getLogger("django.db.backends").setLevel(logging.WARNING)  # printed where DEBUG is on only
    for kind in ("lead", "reader", "stranger", "patient_user", "anonymous"):
        for row in ROWS:
            ask(client_of(kind, world), row, world)
    assert "Forbidden" in caplog.text
    people = world.people
    for word in (people.patient.name, people.patient.complaint, "example.org", "New Person", "recordings/"):
        found = [line for line in caplog.text.splitlines() if word in line and "/recordings/" not in line]
        assert not found, found[:3]
