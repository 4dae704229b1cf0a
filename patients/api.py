"""The API of patients and their recordings."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import django_filters
from django.db.models import QuerySet
from django.http import FileResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from drf_standardized_errors.openapi_serializers import ErrorResponse403Serializer
from rest_framework import generics
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from patients.authentication import KeyOrPersonThrottle, WithinScope
from patients.downloads import original_file
from patients.models import AccessLogEntry, Exercise, Patient, Recording
from patients.permissions import (
    get_patient,
    is_clinician,
    log_access,
    log_listing,
    require_everything,
    signed_in,
    visible_patients,
)
from patients.selectors import access_log_of, names_told, recordings_for
from patients.serializers import (
    AccessLogSerializer,
    PatientDetailSerializer,
    PatientSerializer,
    RecordingSerializer,
)

Action = AccessLogEntry.Action


class IsClinician(WithinScope):
    """Lets in who works for a clinic."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        return super().has_permission(request, view) and is_clinician(request.user)


class UploadThrottle(KeyOrPersonThrottle):
    """Holds uploads to a rate of their own, since each one is work for a worker."""

    scope = "upload"


class LoggedListView(generics.ListAPIView):
    """A list that notes, for each patient on the page it returns, that the person read it."""

    log_subject = ""

    def patient_of(self, row: object) -> Patient:
        return row.patient  # type: ignore[attr-defined]

    def paginate_queryset(self, queryset: QuerySet | Sequence) -> list | None:
        page = super().paginate_queryset(queryset)
        log_listing(self.request.user, [self.patient_of(row) for row in page or []], self.log_subject)
        return page


class PatientFilter(django_filters.FilterSet):
    name = django_filters.CharFilter(lookup_expr="icontains")

    class Meta:
        model = Patient
        fields = ["name", "is_simulated"]


class PatientList(LoggedListView):
    """The patients whom you may see."""

    serializer_class = PatientSerializer
    filterset_class = PatientFilter
    log_subject = "patient"
    queryset = Patient.objects.none()

    def get_queryset(self) -> QuerySet[Patient]:
        return visible_patients(self.request.user)

    def patient_of(self, row: object) -> Patient:
        return row  # type: ignore[return-value]


class PatientDetail(APIView):
    """One patient, what they are prescribed, and what you may do for them."""

    @extend_schema(responses=PatientDetailSerializer)
    def get(self, request: Request, uuid: UUID) -> Response:
        patient, access = get_patient(request.user, uuid)
        log_access(request.user, patient, Action.READ, "patient", patient.uuid)
        return Response(PatientDetailSerializer(patient, context={"access": access}).data)


class AccessLog(generics.ListAPIView):
    """Who read or changed what of a patient, and who was refused, newest first.

    For the patient, the lead clinician and the clinic's admins.
    """

    serializer_class = AccessLogSerializer
    queryset = AccessLogEntry.objects.none()
    filter_backends = []

    @extend_schema(responses={200: AccessLogSerializer(many=True), 403: ErrorResponse403Serializer})
    def get(self, request: Request, uuid: UUID) -> Response:
        self.patient, _access = get_patient(request.user, uuid)
        require_everything(request.user, self.patient)
        response = self.list(request)
        log_access(request.user, self.patient, Action.READ, "access log", self.patient.uuid)
        return response

    def get_queryset(self) -> QuerySet[AccessLogEntry]:
        return access_log_of(self.patient)

    def get_serializer_context(self) -> dict[str, Any]:
        return {"names": names_told(self.patient)}


class RecordingFilter(django_filters.FilterSet):
    patient = django_filters.UUIDFilter(field_name="patient__uuid")
    exercise = django_filters.ChoiceFilter(choices=Exercise.choices, help_text="As stated at upload.")
    recorded = django_filters.IsoDateTimeFromToRangeFilter(field_name="recorded_at", method="between")

    class Meta:
        model = Recording
        fields = ["patient", "exercise", "recorded", "is_simulated"]

    def between(self, recordings: QuerySet[Recording], name: str, moments: slice) -> QuerySet[Recording]:
        """Keep what was recorded from the first moment to the last, each of which may be open."""
        if moments.start:
            recordings = recordings.filter(recorded_at__gte=_in_utc(moments.start))
        if moments.stop:
            recordings = recordings.filter(recorded_at__lte=_in_utc(moments.stop))
        return recordings


def _in_utc(moment: datetime) -> datetime:
    """Return a moment as every database takes it: PostgreSQL none that is 16 hours or more from UTC."""
    try:
        return moment.astimezone(UTC)
    except OverflowError:  # before the first year, or after the last
        return (datetime.min if moment.year == 1 else datetime.max).replace(tzinfo=UTC)


class RecordingList(LoggedListView):
    """The recordings that you may see, newest first."""

    serializer_class = RecordingSerializer
    filterset_class = RecordingFilter
    log_subject = "recording"
    queryset = Recording.objects.none()

    def get_queryset(self) -> QuerySet[Recording]:
        return recordings_for(self.request.user)


class RecordingFile(APIView):
    """The file of a recording, as it was uploaded."""

    @extend_schema(responses={(200, "application/octet-stream"): OpenApiResponse(OpenApiTypes.BINARY)})
    def get(self, request: Request, uuid: UUID) -> FileResponse:
        return original_file(signed_in(request.user), uuid)
