"""Lets an integration act for a user by an API key: `Authorization: Bearer <prefix>.<secret>`.

What a key may do is the smaller of its scopes and what the user may do.
"""

import datetime
import secrets
from typing import TYPE_CHECKING

from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import SAFE_METHODS, IsAuthenticated
from rest_framework.request import Request
from rest_framework.throttling import UserRateThrottle

from patients.keys import hash_secret
from patients.models import ApiKey, User

if TYPE_CHECKING:  # the module of views reads the settings, which name the classes here
    from rest_framework.views import APIView

#: The time of last use is written at most this often, so that reading costs no write.
LAST_USED_PRECISION = datetime.timedelta(minutes=1)


class ApiKeyAuthentication(BaseAuthentication):
    """Answers 401, always in the same words, for a key that is malformed, unknown, revoked or expired.

    So is a key whose account is not active.
    """

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
        if key is None or not fits or key.revoked_at or key.has_expired or not key.user.is_active:
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


class WithinScope(IsAuthenticated):
    """Holds a request with a key to the key's scopes; one by a signed-in person passes.

    Reading needs `read`; anything else what the view names as `write_scope`, and no key will do where it
    names nothing.
    """

    def has_permission(self, request: Request, view: "APIView") -> bool:
        if not super().has_permission(request, view):
            return False
        if not isinstance(request.auth, ApiKey):
            return True
        reads = request.method in SAFE_METHODS
        scope = ApiKey.Scope.READ if reads else getattr(view, "write_scope", None)
        if scope in request.auth.scopes:
            return True
        self.message = _("This API key lacks the scope that is needed here: %(scope)s.") % {
            "scope": scope or _("none will do")
        }
        return False


class KeyOrPersonThrottle(UserRateThrottle):
    """Counts the requests of each key by itself, so that one program does not use up another's."""

    def get_cache_key(self, request: Request, view: "APIView") -> str | None:
        if isinstance(request.auth, ApiKey):
            return self.cache_format % {"scope": self.scope, "ident": f"key-{request.auth.pk}"}
        return super().get_cache_key(request, view)


class ApiKeyScheme(OpenApiAuthenticationExtension):
    """How the key appears in the API's schema."""

    target_class = "patients.authentication.ApiKeyAuthentication"
    name = "apiKey"

    def get_security_definition(self, auto_schema: object) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "bearerFormat": "prefix.secret"}
