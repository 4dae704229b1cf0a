"""Lets an integration act for a user by an API key: `Authorization: Bearer <prefix>.<secret>`."""

import datetime
import secrets

from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from patients.models import ApiKey, User
from patients.services import hash_secret

#: The time of last use is written at most this often, so that reading costs no write.
LAST_USED_PRECISION = datetime.timedelta(minutes=1)


class ApiKeyAuthentication(BaseAuthentication):
    """Answers 401 for a key that is malformed, unknown, revoked, or of an account that is not active."""

    def authenticate(self, request: Request) -> tuple[User, ApiKey] | None:
        words = get_authorization_header(request).split()
        if not words or words[0].lower() != b"bearer":
            return None
        token = words[1].decode("latin-1") if len(words) == 2 else ""
        prefix, _dot, secret = token.partition(".")
        # NUL never reaches a query: PostgreSQL refuses it.
        key = (
            ApiKey.objects.select_related("user").filter(prefix=prefix).first() if prefix.isalnum() else None
        )
        # An unknown prefix costs the same comparison as a known one.
        expected = key.key_sha256 if key else hash_secret("")
        fits = secrets.compare_digest(hash_secret(secret), expected)
        if key is None or not fits or key.revoked_at is not None or not key.user.is_active:
            raise AuthenticationFailed(_("This API key is not valid."))
        self._note_use(key)
        return key.user, key

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"

    @staticmethod
    def _note_use(key: ApiKey) -> None:
        now = timezone.now()
        if key.last_used_at is None or key.last_used_at < now - LAST_USED_PRECISION:
            ApiKey.objects.filter(pk=key.pk).update(last_used_at=now)


class ApiKeyScheme(OpenApiAuthenticationExtension):
    """How the key appears in the API's schema."""

    target_class = "patients.authentication.ApiKeyAuthentication"
    name = "apiKey"

    def get_security_definition(self, auto_schema: object) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "bearerFormat": "prefix.secret"}
