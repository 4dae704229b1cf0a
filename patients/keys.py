"""Keys with which integrations act for a person: made, shown once, ended."""

import datetime
import hashlib
import secrets
from collections.abc import Iterable

from django.db.models import Q, QuerySet
from django.http import Http404
from django.utils import timezone

from patients.models import ApiKey, Membership, User
from patients.permissions import administered_clinics

#: For how many days a key may be made to work, the usual first.
LIFETIMES_DAYS = (90, 30, 365)


def create_api_key(
    *,
    user: User,
    name: str,
    scopes: Iterable[str] = (ApiKey.Scope.READ,),
    days: int = LIFETIMES_DAYS[0],
) -> tuple[ApiKey, str]:
    """Make a key that acts for the user; return it with `prefix.secret`, shown once and never kept.

    Raises `ValueError` for a scope or a lifetime that there is not.
    """
    if days not in LIFETIMES_DAYS:
        raise ValueError(f"a key works for one of {LIFETIMES_DAYS} days, not {days}")
    prefix, secret = secrets.token_hex(4), secrets.token_urlsafe(32)
    key = ApiKey(
        user=user,
        name=name.strip(),
        prefix=prefix,
        key_sha256=hash_secret(secret),
        scopes=[ApiKey.Scope(scope).value for scope in scopes],
        expires_at=timezone.now() + datetime.timedelta(days=days),
    )
    key.full_clean()
    key.save()
    return key, f"{prefix}.{secret}"


def keys_for(user: User) -> QuerySet[ApiKey]:
    """Return the keys that a person may see and end: their own, and, as a clinic's admin, its people's."""
    people = Membership.objects.filter(clinic__in=administered_clinics(user)).values("user")
    return ApiKey.objects.filter(Q(user=user) | Q(user__in=people))


def revoke_api_key(*, user: User, key: ApiKey) -> None:
    """End a key at once and for good; 404 for whoever may not see it."""
    if not keys_for(user).filter(pk=key.pk).exists():
        raise Http404
    ApiKey.objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=timezone.now())


def hash_secret(secret: str) -> str:
    """Return what is kept of a key's secret. The secret is random, so that a plain hash cannot be guessed."""
    return hashlib.sha256(secret.encode()).hexdigest()
