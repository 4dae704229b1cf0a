"""Ends sessions that nobody uses, and keeps pages with patient data out of every cache."""

from collections.abc import Callable

from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse

from patients.sign_in_limits import note_use, seconds_left


class SignInLimitsMiddleware:
    """Sign out whose session is over, before anything of it is shown."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated:
            if seconds_left(request.session) <= 0:
                logout(request)
            else:
                note_use(request)
        return self.get_response(request)


class NoStoreMiddleware:
    """Mark each answer to a signed-in person `no-store`, unless the view chose a policy of its own."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if request.user.is_authenticated:
            response.headers.setdefault("Cache-Control", "no-store, private")
        return response
