"""How long somebody stays signed in: while the session is used, and until it is old. The server decides."""

import time

from django.conf import settings
from django.contrib.sessions.backends.base import SessionBase
from django.http import HttpRequest

#: Use is noted at most this often, so that looking at pages costs few writes.
PRECISION_SECONDS = 60


def begin(request: HttpRequest, **_: object) -> None:
    """Answer Django's signal that somebody has signed in."""
    request.session["signed_in_at"] = request.session["used_at"] = time.time()


def seconds_left(session: SessionBase) -> float:
    """Return for how long the session goes on if nobody uses it; 0 or less where it is over."""
    unused = session.get("used_at", 0) + settings.SESSION_IDLE_SECONDS
    old = session.get("signed_in_at", 0) + settings.SESSION_COOKIE_AGE
    return min(unused, old) - time.time()


def note_use(request: HttpRequest) -> None:
    """Note that a person does something; what a page fetches by itself is no use."""
    fetched = request.headers.get("Sec-Fetch-Mode", "navigate") != "navigate"
    if request.method in ("GET", "HEAD") and fetched:
        return
    if time.time() - request.session["used_at"] >= PRECISION_SECONDS:
        request.session["used_at"] = time.time()
