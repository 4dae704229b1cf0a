"""A headless Chromium and a signed-in page of it; tests are skipped where there is no Chromium."""

import os
import shutil
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest
from django.conf import settings
from django.test import Client

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from patients.models import User

#: A frame of a browser that stalls on a busy machine is lost: such a test is tried again. What is broken
#: fails each time.
TRIES_AGAIN = 2
#: What `open_as` returns.
Open = Callable[..., "Page"]
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]

#: How long a test waits for what must come: generous, so that only what never comes fails on a busy machine.
PATIENCE_MS = 60_000


def find_chromium() -> str | None:
    """Return the browser that the environment variable CHROMIUM names, else the first of the usual names."""
    names = (os.environ.get("CHROMIUM", ""), "chromium", "chromium-browser", "google-chrome")
    return next((path for name in names if name and (path := shutil.which(name))), None)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.get_closest_marker("browser"):
            item.add_marker(pytest.mark.flaky(reruns=TRIES_AGAIN))


@pytest.fixture(scope="package")
def chromium() -> Iterator["Browser"]:
    """A headless Chromium: that of the environment variable CHROMIUM, else the first of the usual names."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="needs playwright")
    found = find_chromium()
    if found is None:
        pytest.skip("needs Chromium on the path, or CHROMIUM set to it")
    with pytest.MonkeyPatch.context() as patch, sync_api.sync_playwright() as playwright:
        # Playwright's event loop runs in this thread: no reason for Django to refuse it the database.
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        browser = playwright.chromium.launch(executable_path=found, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def open_as(chromium: "Browser", live_server: Any) -> Iterator[Open]:
    """Return a function that opens a page of the site as a person; its complaints fail the test."""
    complaints: list[str] = []
    contexts = []

    def listen(page: "Page") -> None:
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda message: message.type == "error" and complaints.append(message.text))

    def open_page(user: "User", address: str, *, width: int = 1440, height: int = 900) -> "Page":
        client = Client()
        client.force_login(user)
        context = chromium.new_context(viewport={"width": width, "height": height}, reduced_motion="reduce")
        contexts.append(context)
        context.set_default_timeout(PATIENCE_MS)
        name = settings.SESSION_COOKIE_NAME
        context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": live_server.url}])
        page = context.new_page()
        listen(page)
        page.complaints = complaints  # type: ignore[attr-defined]
        page.goto(live_server.url + address)
        page.wait_for_selector("body[data-ready]")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not complaints, complaints
