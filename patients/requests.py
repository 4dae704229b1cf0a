"""The type of a request behind `LoginRequiredMiddleware`."""

from django.http import HttpRequest

from patients.models import User


class SignedInRequest(HttpRequest):
    """A request whose user is signed in; the middleware lets no other through."""

    user: User
