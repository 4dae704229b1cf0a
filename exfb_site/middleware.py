"""Refuses large bodies, ends unused sessions, notes what was refused, keeps patient data from caches."""

from collections.abc import Callable, Iterable
from uuid import UUID

from django.conf import settings
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from patients.permissions import note_refused, was_refused_since
from patients.sign_in_limits import note_use, seconds_left

BODY_TOO_LARGE = _("More than %(most)s MB cannot be sent at once. Cut it, or use a more compact format.")
#: Beside the file, the other fields of an upload and what frames them.
_FRAME_BYTES = 2**20


class BodyLimitMiddleware:
    """Answer 413 before a body is read that no address takes: parsers of the API read to its end."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        uploads = request.content_type == "multipart/form-data"
        most = settings.MAX_UPLOAD_BYTES + _FRAME_BYTES if uploads else settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        length = request.META.get("CONTENT_LENGTH") or "0"
        if length.isdecimal() and int(length) <= most:
            return self.get_response(request)
        detail = str(BODY_TOO_LARGE) % {"most": most // 2**20}
        if request.path.startswith(reverse("api:no_such_address")):
            error = {"code": "body_too_large", "detail": detail, "attr": None}
            return JsonResponse({"type": "client_error", "errors": [error]}, status=413)
        return render(request, "413.html", {"detail": detail}, status=413)


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


class RefusalMiddleware:
    """Note in the access log whom an address that names something by its id was refused."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        began = timezone.now()
        response = self.get_response(request)
        # The API finds out who asks only in the view, by the key.
        named = [value for value in _named(request) if isinstance(value, UUID)]
        refused = response.status_code in (403, 404) and named and request.user.is_authenticated
        # What was noted where it was refused is not noted again, unless it was undone with all else.
        if refused and not was_refused_since(request.user, began):
            note_refused(request.user, named[0])
        return response


def _named(request: HttpRequest) -> Iterable[object]:
    return request.resolver_match.kwargs.values() if request.resolver_match else ()


class NoStoreMiddleware:
    """Mark each answer to a signed-in person `no-store`, unless the view chose a policy of its own.

    And each to anybody that is no page: a way to the sign-in or a refusal may name what was asked for.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if request.user.is_authenticated or response.status_code != 200:
            response.headers.setdefault("Cache-Control", "no-store, private")
        return response
