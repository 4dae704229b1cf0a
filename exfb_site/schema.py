"""How the API describes itself beyond what each view says: the key that makes a POST safe to repeat."""

import re
from typing import Any

from django.db import models
from drf_spectacular.utils import OpenApiParameter, inline_serializer
from drf_standardized_errors import openapi
from drf_standardized_errors.openapi_serializers import ClientErrorEnum
from rest_framework import serializers

from patients.idempotency import HEADER, MAX_KEY_LENGTH, KeyInUse, KeyReused

_KEY = OpenApiParameter(
    HEADER,
    {"type": "string", "pattern": f"^[ -~]{{1,{MAX_KEY_LENGTH}}}$"},
    OpenApiParameter.HEADER,
    description="The same request with the same key is done once, however often it is sent within 24 hours.",
)
_REPLAYED = OpenApiParameter(
    "Idempotency-Replayed",
    str,
    OpenApiParameter.HEADER,
    response=[200, 201, 202],
    description="true: this is the answer of the first request with this key; nothing was done again.",
)


class ErrorCode409Enum(models.TextChoices):
    KEY_IN_USE = KeyInUse.default_code


class ErrorCode413Enum(models.TextChoices):
    BODY_TOO_LARGE = "body_too_large"


class ErrorCode422Enum(models.TextChoices):
    KEY_REUSED = KeyReused.default_code


def _refusal(status: int, codes: type[models.TextChoices]) -> serializers.Serializer:
    """Describe a refusal in the form that all errors have."""
    fields: dict[str, Any] = {
        "code": serializers.ChoiceField(choices=codes.choices),
        "detail": serializers.CharField(),
        "attr": serializers.CharField(allow_null=True),
    }
    return inline_serializer(
        f"ErrorResponse{status}",
        {
            "type": serializers.ChoiceField(choices=ClientErrorEnum.choices),
            "errors": inline_serializer(f"Error{status}", fields, many=True),
        },
    )


_REFUSALS = {
    "409": _refusal(409, ErrorCode409Enum),
    "413": _refusal(413, ErrorCode413Enum),
    "422": _refusal(422, ErrorCode422Enum),
}


class ApiSchema(openapi.AutoSchema):
    """Adds the header, and what comes with it and with a body, to each method marked `idempotent`."""

    @property
    def _is_idempotent(self) -> bool:
        return getattr(getattr(self.view, self.method.lower()), "is_idempotent", False)

    def get_override_parameters(self) -> list[Any]:
        return [_KEY, _REPLAYED] if self._is_idempotent else []

    def _get_allowed_error_status_codes(self) -> list[str]:
        return [*super()._get_allowed_error_status_codes(), *(_REFUSALS if self._is_idempotent else ())]

    def _get_error_response_serializer(self, status_code: str) -> Any:
        return _REFUSALS.get(status_code) or super()._get_error_response_serializer(status_code)


def number_places(result: Any, **_: Any) -> Any:
    """Describe the place of a fault in a list, `cuts.0.start_frame`, as a pattern: a hook of the schema.

    Without it the schema names it `cuts.INDEX.start_frame`, which is no answer that anybody gets.
    """
    if isinstance(result, dict):
        names = result.get("enum")
        if isinstance(names, list) and any(".INDEX" in str(name) for name in names):
            del result["enum"]
            places = "|".join(re.escape(name).replace("INDEX", "[0-9]+") for name in names)
            result["pattern"] = f"^({places})$"
    for part in result.values() if isinstance(result, dict) else result if isinstance(result, list) else ():
        number_places(part)
    return result
