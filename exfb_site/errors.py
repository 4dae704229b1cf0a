"""How the API words what went wrong: problem JSON with a code for programs and a sentence for people."""

from django.core.exceptions import SuspiciousOperation
from django.http import Http404
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
