"""The API of uploads, sessions, analyses, repetitions, verdicts and histories."""

import hashlib
import json
from dataclasses import asdict
from typing import Any
from uuid import UUID

import django_filters
from django.db.models import Prefetch, QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.cache import get_conditional_response
from django.utils.http import quote_etag
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from drf_standardized_errors.openapi_serializers import ErrorResponse403Serializer
from drf_standardized_errors.openapi_validation_errors import extend_validation_errors
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from feedback import selectors, services
from feedback.models import Analysis, ExerciseSession
from feedback.serializers import (
    AnalysedRecordingSerializer,
    AnalysisSerializer,
    GiveVerdictSerializer,
    HistoryQuerySerializer,
    HistorySerializer,
    MoveSerializer,
    RepetitionSerializer,
    SessionDetailSerializer,
    SessionSerializer,
    VerdictConflictSerializer,
    VerdictSerializer,
)
from feedback.shown import shown_repetition
from feedback.wording import sentence
from patients.api import Action, LoggedListView, RecordingList, UploadThrottle
from patients.idempotency import idempotent
from patients.models import ApiKey, Recording
from patients.permissions import get_patient, log_access, require, signed_in
from patients.selectors import recording_for, recordings_for
from patients.serializers import UploadSerializer
from patients.services import receive_recording
from patients.uploads import UploadError

_FORBIDDEN = {403: ErrorResponse403Serializer}
_LOCATION = OpenApiParameter(
    "Location", str, OpenApiParameter.HEADER, response=[202], description="Where to follow the analysis."
)
IF_NONE_MATCH = OpenApiParameter("If-None-Match", str, OpenApiParameter.HEADER, required=False)
NOT_MODIFIED = {304: OpenApiResponse(description="Nothing has changed since the ETag that you sent.")}


def unless_known(request: Request, body: dict[str, Any]) -> HttpResponse | None:
    """Answer with a body, or 304 to whoever has sent its ETag."""
    etag = quote_etag(hashlib.sha256(json.dumps(body).encode()).hexdigest()[:32])
    return get_conditional_response(
        request._request, etag=etag, response=Response(body, headers={"ETag": etag})
    )


_SHOWN = Prefetch(
    "analyses", selectors.current_analyses().select_related("session", "release"), to_attr="shown_analyses"
)


@extend_validation_errors(
    [code for code in UploadError.CODES if code != "bad_date"], field_name="file", methods=["post"]
)
@extend_validation_errors(["bad_date"], field_name="recorded_at", methods=["post"])
class Recordings(RecordingList):
    """The recordings that you may see, newest first; and the way to add one."""

    write_scope = ApiKey.Scope.UPLOAD
    serializer_class = AnalysedRecordingSerializer
    parser_classes = [MultiPartParser]

    def get_queryset(self) -> QuerySet[Recording]:
        return recordings_for(self.request.user).prefetch_related(_SHOWN)

    def get_throttles(self) -> list[BaseThrottle]:
        own = [UploadThrottle()] if self.request.method == "POST" else []
        return [*super().get_throttles(), *own]

    @extend_schema(
        request=UploadSerializer,
        responses={202: AnalysedRecordingSerializer, 200: AnalysedRecordingSerializer, **_FORBIDDEN},
        parameters=[_LOCATION],
        filters=False,
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Upload a recording: 202 and it will be analysed; 200 if the patient already has this very file."""
        form = UploadSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        fields: dict[str, Any] = form.validated_data
        patient, _ = get_patient(request.user, fields.pop("patient"))
        file = fields.pop("file")
        received, created = receive_recording(
            patient=patient, user=signed_in(request.user), file=file, name=file.name, **fields
        )
        recording = self.get_queryset().get(pk=received.pk)
        body = AnalysedRecordingSerializer(recording).data
        location = {"Location": body["analysis"]["url"]} if body["analysis"] else {}
        return Response(body, status=202 if created else 200, headers=location)


def analysed_recording(request: Request, uuid: UUID) -> Recording:
    """Return a recording that the person may see, with the analysis that is shown of it."""
    return get_object_or_404(recordings_for(request.user).prefetch_related(_SHOWN), uuid=uuid)


class RecordingDetail(APIView):
    """One recording and its current analysis."""

    @extend_schema(responses=AnalysedRecordingSerializer)
    def get(self, request: Request, uuid: UUID) -> Response:
        recording = analysed_recording(request, uuid)
        log_access(request.user, recording.patient, Action.READ, "recording", recording.uuid)
        return Response(AnalysedRecordingSerializer(recording).data)


@extend_validation_errors(
    ["same_patient", "other_clinic", "has_it_already", "being_analysed"], field_name="patient"
)
@extend_validation_errors(["no_reason"], field_name="reason")
class RecordingMoves(APIView):
    """Move a recording that was given to the wrong patient, and all that is known of it, to the right one."""

    write_scope = ApiKey.Scope.REVIEW

    @extend_schema(request=MoveSerializer, responses={200: AnalysedRecordingSerializer, **_FORBIDDEN})
    @idempotent
    def post(self, request: Request, uuid: UUID) -> Response:
        recording, _ = recording_for(request.user, uuid)
        require(request.user, recording.patient, "may_review")
        form = MoveSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        to, _ = get_patient(request.user, form.validated_data["patient"])
        services.move_recording(
            user=signed_in(request.user), recording=recording, to=to, reason=form.validated_data["reason"]
        )
        moved = recordings_for(request.user).prefetch_related(_SHOWN).get(pk=recording.pk)
        return Response(AnalysedRecordingSerializer(moved).data)


class SessionFilter(django_filters.FilterSet):
    patient = django_filters.UUIDFilter(field_name="patient__uuid")
    day = django_filters.DateFromToRangeFilter()
    severity = django_filters.ChoiceFilter(
        choices=[(severity.name.lower(), severity.label) for severity in ExerciseSession.Severity],
        method="with_severity",
    )
    unreviewed = django_filters.BooleanFilter(method="with_unreviewed", help_text="Waits for review.")

    class Meta:
        model = ExerciseSession
        fields = ["patient", "day", "severity", "unreviewed"]

    def with_severity(self, sessions: QuerySet[ExerciseSession], _: str, value: str) -> QuerySet:
        return sessions.filter(severity=ExerciseSession.Severity[value.upper()])

    def with_unreviewed(self, sessions: QuerySet[ExerciseSession], _: str, value: bool) -> QuerySet:
        return sessions.filter(unreviewed_count__gt=0) if value else sessions.filter(unreviewed_count=0)


class Sessions(LoggedListView):
    """The sessions that you may see, newest first."""

    serializer_class = SessionSerializer
    filterset_class = SessionFilter
    log_subject = "session"
    queryset = ExerciseSession.objects.none()

    def get_queryset(self) -> QuerySet[ExerciseSession]:
        return selectors.sessions_for(self.request.user)


class SessionDetail(APIView):
    """One session: its recordings, and of each the repetitions with finding, verdict and correction."""

    @extend_schema(responses=SessionDetailSerializer)
    def get(self, request: Request, uuid: UUID) -> Response:
        session, access = selectors.session_detail(request.user, uuid)
        log_access(request.user, session.patient, Action.READ, "session", session.uuid)
        return Response(SessionDetailSerializer(session, context={"access": access}).data)


def _analysis_body(analysis: Analysis, is_own: bool) -> dict[str, Any]:
    status = selectors.analysis_status(analysis)
    code = status.error_code
    return AnalysisSerializer(
        {
            **asdict(status),
            "uuid": analysis.uuid,
            "recording": analysis.recording.uuid,
            "session": analysis.session.uuid,
            "release": analysis.release.name,
            "worker": "" if is_own else status.worker,
            "log": "" if is_own else analysis.log,
            "error": {"code": code, "message": sentence(code, patient=is_own)} if code else None,
        }
    ).data


class AnalysisDetail(APIView):
    """How far an analysis is. Ask again with the ETag; 304 means that nothing has changed."""

    # Asked every second or so and shows no finding, so that reading it is not logged.
    @extend_schema(responses={200: AnalysisSerializer, **NOT_MODIFIED}, parameters=[IF_NONE_MATCH])
    def get(self, request: Request, uuid: UUID) -> HttpResponse | None:
        analysis, access = selectors.analysis_for(request.user, uuid)
        body = _analysis_body(analysis, access.is_own)
        return unless_known(request, body)


def _refresh(analysis: Analysis) -> None:
    analysis.refresh_from_db(
        fields=["status", "step", "error_code", "log", "worker", "attempts", "queued_at", "started_at"]
    )


class AnalysisCancel(APIView):
    """Cancel an analysis that waits or runs. What has ended stays as it is; the body tells how it ended."""

    write_scope = ApiKey.Scope.UPLOAD

    @extend_schema(request=None, responses={200: AnalysisSerializer, **_FORBIDDEN})
    @idempotent
    def post(self, request: Request, uuid: UUID) -> Response:
        analysis, access = selectors.analysis_for(request.user, uuid)
        services.cancel(user=signed_in(request.user), analysis=analysis)
        _refresh(analysis)
        return Response(_analysis_body(analysis, access.is_own))


class AnalysisRetry(APIView):
    """Have a recording analysed again that failed or was cancelled: 202; else 200, and nothing is done."""

    write_scope = ApiKey.Scope.UPLOAD

    @extend_schema(request=None, responses={202: AnalysisSerializer, 200: AnalysisSerializer, **_FORBIDDEN})
    @idempotent
    def post(self, request: Request, uuid: UUID) -> Response:
        analysis, access = selectors.analysis_for(request.user, uuid)
        queued = services.retry(user=signed_in(request.user), analysis=analysis)
        _refresh(analysis)
        location = {"Location": reverse("api:analysis", args=[analysis.uuid])}
        body = _analysis_body(analysis, access.is_own)
        return Response(body, status=202 if queued else 200, headers=location)


class RepetitionDetail(APIView):
    """One repetition: the model's finding, the verdict that stands, and what is known of the correction."""

    @extend_schema(responses=RepetitionSerializer)
    def get(self, request: Request, uuid: UUID) -> Response:
        repetition, access = selectors.repetition_for(request.user, uuid)
        log_access(request.user, repetition.analysis.recording.patient, Action.READ, "repetition", uuid)
        return Response(RepetitionSerializer(shown_repetition(repetition, access)).data)


@extend_validation_errors(
    ["unknown_decision", "nothing_to_confirm", "nothing_to_undo"], field_name="decision", methods=["post"]
)
@extend_validation_errors(["unknown_label"], field_name="label", methods=["post"])
@extend_validation_errors(["not_two_mistakes"], field_name="second_label", methods=["post"])
@extend_validation_errors(["unknown_reason"], field_name="reason", methods=["post"])
@extend_validation_errors(["id_taken"], field_name="uuid", methods=["post"])
@extend_validation_errors(["note_too_long"], field_name="note", methods=["post"])
class Verdicts(APIView):
    """What clinicians said of a repetition, newest first, and the way to say something. Nothing is erased."""

    write_scope = ApiKey.Scope.REVIEW

    @extend_schema(responses={200: VerdictSerializer(many=True), **_FORBIDDEN})
    def get(self, request: Request, uuid: UUID) -> Response:
        repetition, access = selectors.repetition_for(request.user, uuid)
        verdicts = selectors.verdicts_of(repetition, access)
        log_access(request.user, repetition.analysis.recording.patient, Action.READ, "verdicts", uuid)
        return Response(VerdictSerializer(verdicts, many=True).data)

    @extend_schema(
        request=GiveVerdictSerializer,
        responses={
            201: VerdictSerializer,
            200: VerdictSerializer,
            409: VerdictConflictSerializer,
            **_FORBIDDEN,
        },
    )
    @idempotent
    def post(self, request: Request, uuid: UUID) -> Response:
        """Say something: 201; 200 if this was said before; 409 if another verdict came meanwhile."""
        repetition, _ = selectors.repetition_for(request.user, uuid)
        form = GiveVerdictSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        verdict, created = services.give_verdict(
            user=signed_in(request.user), repetition=repetition, **form.validated_data
        )
        return Response(VerdictSerializer(verdict).data, status=201 if created else 200)


@extend_validation_errors(
    ["blank", "max_length", "null_characters_not_allowed", "surrogate_characters_not_allowed"],
    field_name="exercise",
)
@extend_validation_errors(["invalid"], field_name="start")
@extend_validation_errors(["invalid"], field_name="end")
class PatientHistory(APIView):
    """How a patient's mistakes change: counts per session and exercise, oldest first."""

    @extend_schema(parameters=[HistoryQuerySerializer], responses=HistorySerializer)
    def get(self, request: Request, uuid: UUID) -> Response:
        patient, _ = get_patient(request.user, uuid)
        query = HistoryQuerySerializer(data=request.query_params)
        query.is_valid(raise_exception=True)
        log_access(request.user, patient, Action.READ, "history", patient.uuid)
        entries = selectors.mistake_history(patient, **query.validated_data)
        return Response(HistorySerializer({"patient": patient.uuid, "sessions": entries}).data)
