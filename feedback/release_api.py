"""The API of model releases: which there are, compare one with the active one, choose it, use it again."""

from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from drf_standardized_errors.openapi_serializers import ErrorResponse403Serializer
from rest_framework import generics
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from feedback import services
from feedback.api import IF_NONE_MATCH, NOT_MODIFIED, unless_known
from feedback.models import ModelRelease
from feedback.release_comparison import comparison
from feedback.selectors import active_release
from feedback.serializers import AskedSerializer, ComparisonSerializer, ReleaseSerializer
from patients.api import IsClinician
from patients.idempotency import idempotent
from patients.models import ApiKey
from patients.permissions import get_patient, signed_in

_FORBIDDEN = {403: ErrorResponse403Serializer}


class Releases(generics.ListAPIView):
    """The releases of the network that this site has; one is active. For clinicians."""

    queryset = ModelRelease.objects.order_by("-is_active", "-created_at", "pk")
    serializer_class = ReleaseSerializer
    permission_classes = [IsClinician]


class ReleaseActivate(APIView):
    """Choose the release that analyses new recordings; a roll back is choosing the one before."""

    permission_classes = [IsClinician]

    @extend_schema(request=None, responses={200: ReleaseSerializer, **_FORBIDDEN})
    @idempotent
    def post(self, request: Request, name: str) -> Response:
        """For clinic admins with a staff account. Earlier results stay as they are."""
        release = get_object_or_404(ModelRelease, name=name)
        services.activate_release(release=release, user=signed_in(request.user))
        release.refresh_from_db()
        return Response(ReleaseSerializer(release).data)


class ReleaseComparison(APIView):
    """A release and the active one against what clinicians said of the same repetitions."""

    permission_classes = [IsClinician]

    @extend_schema(
        responses={200: ComparisonSerializer, **NOT_MODIFIED, **_FORBIDDEN}, parameters=[IF_NONE_MATCH]
    )
    def get(self, request: Request, name: str) -> HttpResponse | None:
        """Over the patients whom you may see; ask again with the ETag while it is open."""
        release, active = _both(name)
        return unless_known(request, ComparisonSerializer(comparison(request.user, release, active)).data)

    @extend_schema(request=None, responses={202: AskedSerializer, **_FORBIDDEN})
    @idempotent
    def post(self, request: Request, name: str) -> Response:
        """Have workers make it, over the reviewed recordings of the clinics that you administer."""
        release, active = _both(name)
        asked = services.request_comparison(user=signed_in(request.user), release=release, active=active)
        return Response(AskedSerializer(asked).data, status=202)


class ReleaseAgain(APIView):
    """Have the recordings of the clinics that you administer analysed by a release, after all new ones."""

    permission_classes = [IsClinician]

    @extend_schema(request=None, responses={202: AskedSerializer, **_FORBIDDEN})
    @idempotent
    def post(self, request: Request, name: str) -> Response:
        """What has been reviewed does not change."""
        release = get_object_or_404(ModelRelease, name=name)
        asked = services.analyse_clinic_again(user=signed_in(request.user), release=release)
        return Response(AskedSerializer(asked).data, status=202)


class PatientAgain(APIView):
    """Have a patient's recordings analysed by the active release, after all new ones."""

    write_scope = ApiKey.Scope.REVIEW

    @extend_schema(request=None, responses={202: AskedSerializer, **_FORBIDDEN})
    @idempotent
    def post(self, request: Request, uuid: UUID) -> Response:
        """What has been reviewed does not change."""
        patient, _ = get_patient(request.user, uuid)
        asked = services.analyse_patient_again(user=signed_in(request.user), patient=patient)
        return Response(AskedSerializer(asked).data, status=202)


def _both(name: str) -> tuple[ModelRelease, ModelRelease]:
    """Return a release and the active one; 404 where there is none to compare with."""
    active = active_release()
    if active is None:
        raise Http404
    return get_object_or_404(ModelRelease.objects.exclude(pk=active.pk), name=name), active
