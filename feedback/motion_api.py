"""The API of a repetition's motion, and of the band in which the patient's correct repetitions lie."""

import json
from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.utils.cache import get_conditional_response
from django.utils.decorators import method_decorator
from django.utils.http import quote_etag
from django.utils.translation import get_language
from django.views.decorators.gzip import gzip_page
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

from feedback.api import IF_NONE_MATCH, NOT_MODIFIED
from feedback.bands import band_basis, band_json
from feedback.motion_json import motion_json
from feedback.selectors import repetition_for
from feedback.serializers import BandSerializer, MotionSerializer
from feedback.shown import shown_correction
from patients.api import Action
from patients.permissions import log_access


class RepetitionMotion(APIView):
    """The performed and the corrected motion of a repetition. It never changes, so keep the ETag."""

    @extend_schema(responses={200: MotionSerializer, **NOT_MODIFIED}, parameters=[IF_NONE_MATCH])
    @method_decorator(gzip_page)
    def get(self, request: Request, uuid: UUID) -> HttpResponse:
        repetition, access = repetition_for(request.user, uuid)
        log_access(request.user, repetition.analysis.recording.patient, Action.READ, "motion", uuid)
        correction = shown_correction(repetition, access)
        etag = quote_etag(
            f"{repetition.uuid.hex}-{'corrected' if correction else 'performed'}-{get_language()}-2"
        )
        return _unless_known(request, etag, lambda: motion_json(repetition, correction))


class RepetitionBand(APIView):
    """What this patient's other correct repetitions of the exercise look like: a band for each angle."""

    @extend_schema(responses={200: BandSerializer, **NOT_MODIFIED}, parameters=[IF_NONE_MATCH])
    @method_decorator(gzip_page)
    def get(self, request: Request, uuid: UUID) -> HttpResponse:
        repetition, _ = repetition_for(request.user, uuid)
        log_access(request.user, repetition.analysis.recording.patient, Action.READ, "band", uuid)
        basis = band_basis(repetition)
        etag = quote_etag(f"{repetition.uuid.hex}-{basis.mark}-{get_language()}")
        return _unless_known(request, etag, lambda: band_json(repetition, basis))


def _unless_known(request: Request, etag: str, make: Callable[[], dict[str, Any]]) -> HttpResponse:
    """Answer 304 to whoever has this ETag already, before the body is made; else the body as compact JSON."""
    if unchanged := get_conditional_response(request._request, etag=etag):
        return unchanged
    body = json.dumps(make(), separators=(",", ":"), allow_nan=False)
    return HttpResponse(body, content_type="application/json", headers={"ETag": etag})
