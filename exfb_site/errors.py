"""How what went wrong is worded: by the API as problem JSON with a code and a sentence, else as a page."""

import sys

from django.core.exceptions import SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.defaults import server_error
from drf_spectacular.utils import extend_schema
from drf_standardized_errors.handler import ExceptionHandler
from rest_framework import exceptions
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from feedback.serializers import VerdictSerializer
from feedback.services import (
    BaselineError,
    CutConflict,
    CutError,
    MoveError,
    NoteError,
    VerdictConflict,
    VerdictError,
)
from patients.files import is_full
from patients.uploads import UploadError

#: The field of the request that a code of ours is about; `file` and `decision` for all others.
_UPLOAD_FIELDS = {"bad_date": "recorded_at", "bad_pain": "pain", "bad_exercise": "exercise"}
_VERDICT_FIELDS = {
    "unknown_label": "label",
    "not_two_mistakes": "second_label",
    "unknown_reason": "reason",
    "note_too_long": "note",
    "id_taken": "uuid",
}
_NOTE_FIELDS = {
    "no_such_repetition": "repetition",
    "no_such_frame": "frame",
    "note_id_taken": "uuid",
}


class Conflict(exceptions.APIException):
    """What is sent does not go with what came meanwhile."""

    status_code = 409


class StorageFull(exceptions.APIException):
    """There is no room for what was sent, or for what it would become."""

    status_code = 507
    default_code = "storage_full"
    default_detail = _(
        "There is no room left on the disk. Nothing was kept of this. Tell whoever runs exfb at your clinic; "
        "send it again when they have made room."
    )


def fault(request: HttpRequest) -> HttpResponse:
    """Answer where something failed that must not: 507 if a disk is full, 500 for a fault of exfb."""
    if is_full(sys.exc_info()[1]):
        detail = StorageFull.default_detail
        return render(request, "507.html", {"detail": detail}, status=StorageFull.status_code)
    return server_error(request)


class ProblemHandler(ExceptionHandler):
    """Gives refusals of our own, and of Django before a view runs, the form of all other errors."""

    def convert_known_exceptions(self, exc: Exception) -> Exception:
        if isinstance(exc, UploadError):
            return _invalid(_UPLOAD_FIELDS.get(exc.code, "file"), exc)
        if isinstance(exc, VerdictConflict | CutConflict):
            return Conflict(exc.message, exc.code)
        if isinstance(exc, CutError):
            return _invalid("cuts", exc)
        if isinstance(exc, VerdictError):
            return _invalid(_VERDICT_FIELDS.get(exc.code, "decision"), exc)
        if isinstance(exc, NoteError):
            return _invalid(_NOTE_FIELDS.get(exc.code, "text"), exc)
        if isinstance(exc, MoveError):
            return _invalid("reason" if exc.code == "no_reason" else "patient", exc)
        if isinstance(exc, BaselineError):
            return _invalid("repetition", exc)
        if is_full(exc):
            return StorageFull()
        if isinstance(exc, SuspiciousOperation):  # such as a form with too many fields or too large a body
            return exceptions.ParseError()
        return super().convert_known_exceptions(exc)

    def get_response(self, exc: exceptions.APIException, data: dict) -> Response:
        if isinstance(self.exc, VerdictConflict):
            standing = self.exc.standing
            data["standing"] = VerdictSerializer(standing).data if standing else None
        return super().get_response(exc, data)


def _invalid(
    field: str, exc: UploadError | VerdictError | NoteError | MoveError | BaselineError | CutError
) -> exceptions.ValidationError:
    return exceptions.ValidationError({field: [exceptions.ErrorDetail(exc.message, exc.code)]})


@extend_schema(exclude=True)
class NoSuchAddress(APIView):
    """Says 404 in JSON for an address of the API that is not."""

    permission_classes = [AllowAny]
    authentication_classes: list = []

    def initial(self, request: Request, *args: object, **kwargs: object) -> None:
        raise Http404
