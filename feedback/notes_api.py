"""The API of notes: what clinicians wrote of a session, its repetitions and their moments."""

from uuid import UUID

from drf_spectacular.utils import extend_schema
from drf_standardized_errors.openapi_serializers import ErrorResponse403Serializer
from drf_standardized_errors.openapi_validation_errors import extend_validation_errors
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from feedback import notes, selectors, services
from feedback.serializers import NoteSerializer, WriteNoteSerializer
from patients.api import Action
from patients.idempotency import idempotent
from patients.models import ApiKey
from patients.permissions import log_access, signed_in

_FORBIDDEN = {403: ErrorResponse403Serializer}


@extend_validation_errors(["empty_note", "long_note"], field_name="text", methods=["post"])
@extend_validation_errors(["no_such_repetition"], field_name="repetition", methods=["post"])
@extend_validation_errors(["no_such_frame"], field_name="frame", methods=["post"])
@extend_validation_errors(["note_id_taken"], field_name="uuid", methods=["post"])
class SessionNotes(APIView):
    """The notes on a session and its repetitions, newest first, and the way to write one."""

    write_scope = ApiKey.Scope.REVIEW

    @extend_schema(responses={200: NoteSerializer(many=True), **_FORBIDDEN})
    def get(self, request: Request, uuid: UUID) -> Response:
        session, access = selectors.session_detail(request.user, uuid)
        found = notes.notes_of(session, access)
        log_access(request.user, session.patient, Action.READ, "notes", session.uuid)
        return Response(NoteSerializer(found, many=True).data)

    @extend_schema(
        request=WriteNoteSerializer, responses={201: NoteSerializer, 200: NoteSerializer, **_FORBIDDEN}
    )
    @idempotent
    def post(self, request: Request, uuid: UUID) -> Response:
        """Write one: 201; 200 if it was written before."""
        session, _ = selectors.session_detail(request.user, uuid)
        form = WriteNoteSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        note, created = services.write_note(
            user=signed_in(request.user), session=session, **form.validated_data
        )
        return Response(NoteSerializer(note).data, status=201 if created else 200)


class NoteDelete(APIView):
    """Take away a note of your own. It is no longer shown; the access log tells that it was."""

    write_scope = ApiKey.Scope.REVIEW

    @extend_schema(request=None, responses={204: None, **_FORBIDDEN})
    @idempotent
    def post(self, request: Request, uuid: UUID) -> Response:
        note = notes.note_for(request.user, uuid)
        services.delete_note(user=signed_in(request.user), note=note)
        return Response(status=204)
