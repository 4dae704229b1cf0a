"""What views know of a request: that its person is signed in, and from which machine it came."""

from django.http import HttpRequest
from rest_framework.throttling import BaseThrottle

from patients.models import User


class SignedInRequest(HttpRequest):
    """A request whose user is signed in; the middleware lets no other through."""

    user: User


def machine_of(request: HttpRequest) -> str:
    """Return the address of the machine that asks; behind a proxy, as the proxy gives it."""
    return BaseThrottle().get_ident(request)  # type: ignore[arg-type]  # only `META` is read
