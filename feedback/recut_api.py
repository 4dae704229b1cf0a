"""The API of where the repetitions of a recording are: to read, and to change by a clinician."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from drf_standardized_errors.openapi_serializers import ClientErrorEnum, ErrorResponse403Serializer
from drf_standardized_errors.openapi_validation_errors import extend_validation_errors
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from feedback.models import Analysis
from feedback.recut import Cut, CutError, current_repetitions, cut_anew, cuts_of
from feedback.selectors import analysis_for
from feedback.serializers import ConflictErrorSerializer
from patients.api import Action
from patients.models import ApiKey
from patients.permissions import log_access, signed_in


class CutSerializer(serializers.Serializer):
    """Frames `[start_frame, end_frame)` of the recording, and the exercise."""

    start_frame = serializers.IntegerField(min_value=0)
    end_frame = serializers.IntegerField(min_value=1)
    exercise = serializers.CharField(max_length=30, help_text="One of `exercises`.")


class CutsSerializer(serializers.Serializer):
    """Where the repetitions of an analysis are, or are to be while a worker looks at them."""

    analysis = serializers.UUIDField()
    status = serializers.ChoiceField(Analysis.Status.choices)
    frames = serializers.IntegerField()
    frame_rate = serializers.FloatField(help_text="Hz")
    repetitions = serializers.ListField(
        child=serializers.UUIDField(), help_text="Those that are now, in order: send them as `seen`."
    )
    exercises = serializers.ListField(
        child=serializers.CharField(), help_text="Those that the release of the analysis knows."
    )
    cuts = CutSerializer(many=True)


class CutAnewSerializer(serializers.Serializer):
    """All cuts of the recording: those that are there already are kept with what was said of them."""

    seen = serializers.ListField(child=serializers.UUIDField(), allow_empty=True)
    cuts = CutSerializer(many=True, allow_empty=True)


def cuts_body(analysis: Analysis) -> dict[str, Any]:
    """Return where the repetitions of an analysis are, ready for JSON."""
    return CutsSerializer(
        {
            "analysis": analysis.uuid,
            "status": analysis.status,
            "frames": analysis.recording.frames,
            "frame_rate": analysis.recording.frame_rate,
            "repetitions": [repetition.uuid for repetition in current_repetitions(analysis)],
            "exercises": analysis.release.exercises,
            "cuts": [cut._asdict() for cut in cuts_of(analysis)],
        }
    ).data


class CutConflictSerializer(serializers.Serializer):
    """Others changed the repetitions meanwhile, or a worker still looks at an earlier change."""

    type = serializers.ChoiceField(ClientErrorEnum.choices)
    errors = ConflictErrorSerializer(many=True)  # type: ignore[assignment]


@extend_validation_errors(
    ["required", "null", "not_a_list", *CutError.SENTENCES], field_name="cuts", methods=["put"]
)
class Cuts(APIView):
    """Where the repetitions of a recording are. To move, split, merge, delete or add some, send all."""

    write_scope = ApiKey.Scope.REVIEW

    @extend_schema(responses=CutsSerializer)
    def get(self, request: Request, uuid: UUID) -> Response:
        analysis, _ = analysis_for(request.user, uuid)
        log_access(request.user, analysis.recording.patient, Action.READ, "repetitions", uuid)
        return Response(cuts_body(analysis))

    @extend_schema(
        request=CutAnewSerializer,
        responses={
            202: CutsSerializer,
            200: CutsSerializer,
            403: ErrorResponse403Serializer,
            409: CutConflictSerializer,
        },
    )
    def put(self, request: Request, uuid: UUID) -> Response:
        """Change them: 202, and a worker looks at the new ones; 200 for no change; 409 if others did."""
        analysis, _ = analysis_for(request.user, uuid)
        form = CutAnewSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        cuts = [Cut(**cut) for cut in form.validated_data["cuts"]]
        changed, queued = cut_anew(
            user=signed_in(request.user), analysis=analysis, cuts=cuts, seen=form.validated_data["seen"]
        )
        return Response(cuts_body(changed), status=202 if queued else 200)
