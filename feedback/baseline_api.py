"""The API of a person's baseline: which repetitions are in it, put one in, take one out."""

from uuid import UUID

from drf_spectacular.utils import extend_schema
from drf_standardized_errors.openapi_serializers import ErrorResponse403Serializer
from drf_standardized_errors.openapi_validation_errors import extend_validation_errors
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from feedback import services
from feedback.baselines import baseline_of
from feedback.selectors import repetition_for
from feedback.serializers import BaselineSerializer
from patients.api import Action
from patients.models import ApiKey
from patients.permissions import get_patient, log_access, signed_in

_FORBIDDEN = {403: ErrorResponse403Serializer}


class PatientBaseline(APIView):
    """The repetitions that clinicians marked as this person's own correct way, newest first."""

    @extend_schema(responses=BaselineSerializer(many=True))
    def get(self, request: Request, uuid: UUID) -> Response:
        patient, _ = get_patient(request.user, uuid)
        log_access(request.user, patient, Action.READ, "baseline", patient.uuid)
        return Response(BaselineSerializer(baseline_of(patient), many=True).data)


@extend_validation_errors(list(services.BaselineError.CODES), field_name="repetition", methods=["put"])
class RepetitionBaseline(APIView):
    """Whether a repetition is in its person's baseline: at most three of an exercise, all of them correct."""

    write_scope = ApiKey.Scope.REVIEW

    @extend_schema(request=None, responses={201: None, 204: None, **_FORBIDDEN})
    def put(self, request: Request, uuid: UUID) -> Response:
        """Put it in: 201; 204 if it is in already."""
        repetition, _ = repetition_for(request.user, uuid)
        added = services.add_to_baseline(user=signed_in(request.user), repetition=repetition)
        return Response(status=201 if added else 204)

    @extend_schema(responses={204: None, **_FORBIDDEN})
    def delete(self, request: Request, uuid: UUID) -> Response:
        """Take it out. Analyses that were compared with it stay as they are."""
        repetition, _ = repetition_for(request.user, uuid)
        services.take_out_of_baseline(user=signed_in(request.user), repetition=repetition)
        return Response(status=204)
