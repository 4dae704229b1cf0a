"""The API of exports: repetitions and sessions at once, patients by a worker."""

from typing import Any
from uuid import UUID

from django.http import FileResponse, HttpResponse
from django.urls import reverse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from drf_standardized_errors.openapi_serializers import ErrorResponse403Serializer
from drf_standardized_errors.openapi_validation_errors import extend_validation_errors
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from feedback.api import IF_NONE_MATCH, NOT_MODIFIED, unless_known
from feedback.exports import answers
from feedback.exports.content import Choice
from feedback.exports.queue import request_export
from feedback.exports.serializers import ExportQuerySerializer, ExportSerializer, RequestExportSerializer
from patients.idempotency import idempotent
from patients.models import ApiKey
from patients.permissions import get_patient, signed_in

_ZIP = {(200, "application/zip"): OpenApiResponse(OpenApiTypes.BINARY)}
_LOCATION = OpenApiParameter(
    "Location", str, OpenApiParameter.HEADER, response=[202], description="Where to follow the export."
)


def _choice(fields: dict[str, Any]) -> Choice:
    return Choice(tuple(sorted(fields["formats"])), fields["convention"])


def _asked(request: Request) -> Choice:
    query = ExportQuerySerializer(data=request.query_params)
    query.is_valid(raise_exception=True)
    return _choice(query.validated_data)


_formats_checked = extend_validation_errors(["invalid_choice"], field_name="formats", methods=["get"])
_convention_checked = extend_validation_errors(["invalid_choice"], field_name="convention", methods=["get"])


@_formats_checked
@_convention_checked
class RepetitionExport(APIView):
    """A repetition as a ZIP: finding, joint angles, and the motions in the formats that you ask for."""

    @extend_schema(parameters=[ExportQuerySerializer], responses=_ZIP)
    def get(self, request: Request, uuid: UUID) -> FileResponse:
        return answers.repetition_export(signed_in(request.user), uuid, _asked(request))


@_formats_checked
@_convention_checked
class SessionExport(APIView):
    """All repetitions of a session as a ZIP."""

    @extend_schema(parameters=[ExportQuerySerializer], responses=_ZIP)
    def get(self, request: Request, uuid: UUID) -> FileResponse:
        return answers.session_export(signed_in(request.user), uuid, _asked(request))


class PatientExport(APIView):
    """Have a ZIP about a whole patient made: 202; 200 and the open one if one is being made for you."""

    #: It changes nothing of the patient.
    write_scope = ApiKey.Scope.READ

    @extend_schema(
        request=RequestExportSerializer,
        responses={202: ExportSerializer, 200: ExportSerializer, 403: ErrorResponse403Serializer},
        parameters=[_LOCATION],
    )
    @idempotent
    def post(self, request: Request, uuid: UUID) -> Response:
        patient, _ = get_patient(request.user, uuid)
        form = RequestExportSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        fields: dict[str, Any] = form.validated_data
        export, created = request_export(
            user=signed_in(request.user), patient=patient, content=fields["content"], choice=_choice(fields)
        )
        location = {"Location": reverse("api:export", args=[export.uuid])}
        return Response(ExportSerializer(export).data, status=202 if created else 200, headers=location)


class ExportDetail(APIView):
    """How far an export is that you asked for. Ask again with the ETag; 304: nothing has changed."""

    @extend_schema(
        responses={200: ExportSerializer, **NOT_MODIFIED, 403: ErrorResponse403Serializer},
        parameters=[IF_NONE_MATCH],
    )
    def get(self, request: Request, uuid: UUID) -> HttpResponse | None:
        return unless_known(request, ExportSerializer(answers.export_for(signed_in(request.user), uuid)).data)


class ExportFile(APIView):
    """The ZIP of an export that is ready."""

    @extend_schema(responses={**_ZIP, 403: ErrorResponse403Serializer})
    def get(self, request: Request, uuid: UUID) -> FileResponse:
        return answers.export_file(signed_in(request.user), uuid)
