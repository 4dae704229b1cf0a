"""The API of how a recording was read: confirm it, or correct it and have it analysed anew."""

from uuid import UUID

from drf_spectacular.utils import extend_schema
from drf_standardized_errors.openapi_serializers import ErrorResponse403Serializer
from drf_standardized_errors.openapi_validation_errors import extend_validation_errors
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from feedback import services
from feedback.api import analysed_recording
from feedback.serializers import AnalysedRecordingSerializer
from patients.api import UploadThrottle
from patients.idempotency import idempotent
from patients.models import ApiKey
from patients.permissions import signed_in
from patients.serializers import ReadingSerializer
from patients.uploads import UploadError


@extend_validation_errors(list(UploadError.CODES), field_name="file", methods=["post"])
class RecordingReading(APIView):
    """How a recording was read. Fields that you send correct it; an empty request confirms it."""

    write_scope = ApiKey.Scope.UPLOAD
    throttle_classes = [UploadThrottle]

    @extend_schema(
        request=ReadingSerializer,
        responses={200: AnalysedRecordingSerializer, 403: ErrorResponse403Serializer},
    )
    @idempotent
    def post(self, request: Request, uuid: UUID) -> Response:
        """Confirm or correct; what was corrected is analysed anew."""
        recording = analysed_recording(request, uuid)
        form = ReadingSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        said = form.validated_data
        services.confirm_recording(user=signed_in(request.user), recording=recording, **said)
        return Response(AnalysedRecordingSerializer(analysed_recording(request, uuid)).data)
