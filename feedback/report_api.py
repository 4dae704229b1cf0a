"""The API of reports: ask for one of a session or a period, follow it, take its PDF."""

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
from feedback.reports import answers
from feedback.reports.queue import request_report
from feedback.reports.selectors import report_for
from feedback.reports.serializers import ReportSerializer, RequestReportSerializer
from patients.idempotency import idempotent
from patients.models import ApiKey
from patients.permissions import get_patient, signed_in

_PDF = {(200, "application/pdf"): OpenApiResponse(OpenApiTypes.BINARY)}
_LOCATION = OpenApiParameter(
    "Location", str, OpenApiParameter.HEADER, response=[202], description="Where to follow the report."
)


@extend_validation_errors(["ends_before_start"], field_name="end", methods=["post"])
class PatientReports(APIView):
    """Have a report on some days of a patient made. The same that still waits is not made twice."""

    write_scope = ApiKey.Scope.REVIEW

    @extend_schema(
        request=RequestReportSerializer,
        responses={202: ReportSerializer, 403: ErrorResponse403Serializer},
        parameters=[_LOCATION],
    )
    @idempotent
    def post(self, request: Request, uuid: UUID) -> Response:
        patient, _ = get_patient(request.user, uuid)
        form = RequestReportSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        asked: dict[str, Any] = form.validated_data
        report = request_report(user=signed_in(request.user), patient=patient, **asked)
        location = {"Location": reverse("api:report", args=[report.uuid])}
        return Response(ReportSerializer(report).data, status=202, headers=location)


class ReportDetail(APIView):
    """How far a report is. Ask again with the ETag; 304: nothing has changed."""

    @extend_schema(
        responses={200: ReportSerializer, **NOT_MODIFIED, 403: ErrorResponse403Serializer},
        parameters=[IF_NONE_MATCH],
    )
    def get(self, request: Request, uuid: UUID) -> HttpResponse | None:
        report, _ = report_for(request.user, uuid)
        return unless_known(request, ReportSerializer(report).data)


class ReportFile(APIView):
    """The PDF of a report that is ready."""

    @extend_schema(responses={**_PDF, 403: ErrorResponse403Serializer})
    def get(self, request: Request, uuid: UUID) -> FileResponse:
        return answers.report_file(signed_in(request.user), uuid)
