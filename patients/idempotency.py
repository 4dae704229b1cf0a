"""Lets a program repeat a POST: with the same `Idempotency-Key` it is answered again and not done again."""

import datetime
import hashlib
import json
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from rest_framework import exceptions
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from patients.models import IdempotentRequest, User
from patients.permissions import signed_in

HEADER = "Idempotency-Key"
MAX_KEY_LENGTH = 100
#: For so long an answer is kept, and a key must not come with another request.
KEPT = datetime.timedelta(hours=24)


class KeyInUse(exceptions.APIException):
    """The first request with this key has not been answered."""

    status_code = 409
    default_code = "idempotency_key_in_use"
    default_detail = _(
        "A request with this Idempotency-Key is being worked on. Send it again in a moment. If this stays, "
        "look whether it was done before you send it with another key."
    )


class KeyReused(exceptions.APIException):
    """The key came with another request before."""

    status_code = 422
    default_code = "idempotency_key_reused"
    default_detail = _(
        "This Idempotency-Key came with another request before. Use a new key for a new request."
    )


def idempotent(handler: Callable[..., Response]) -> Callable[..., Response]:
    """Make the method of an API view answer a repeated request from memory.

    A request is done at most once: where its process died before it answered, the key stays in use until it
    expires. One that was refused leaves nothing, and may come again with the same key.
    """

    @wraps(handler)
    def answer(view: Any, request: Request, *args: Any, **kwargs: Any) -> Response:
        key = _key_of(request)
        if key is None:
            return handler(view, request, *args, **kwargs)
        row, is_new = _claim(signed_in(request.user), key, _fingerprint(request))
        if not is_new:
            return _again(row)
        done = False
        try:
            response = handler(view, request, *args, **kwargs)
            # Where the row is gone, what the answer tells of was erased meanwhile, and it is not kept.
            IdempotentRequest.objects.filter(pk=row.pk).update(
                status=response.status_code,
                location=response.headers.get("Location", ""),
                body=JSONRenderer().render(response.data).decode(),
            )
            done = True
        finally:
            if not done:
                row.delete()
        return response

    answer.is_idempotent = True  # type: ignore[attr-defined]
    return answer


def forget_expired() -> int:
    """Delete what is older than it is kept; return how many. One query."""
    return IdempotentRequest.objects.filter(created_at__lt=timezone.now() - KEPT).delete()[0]


def _key_of(request: Request) -> str | None:
    key = request.headers.get(HEADER)
    if key is None:
        return None
    if not (key.isascii() and key.isprintable() and 0 < len(key) <= MAX_KEY_LENGTH):
        raise exceptions.ParseError(
            _("An Idempotency-Key is 1 to %(most)s printable ASCII characters.") % {"most": MAX_KEY_LENGTH}
        )
    return key


def _claim(user: User, key: str, fingerprint: str) -> tuple[IdempotentRequest, bool]:
    """Return the row of a key, and whether this request is the first with it."""
    forget_expired()
    try:
        with transaction.atomic():
            return IdempotentRequest.objects.create(user=user, key=key, fingerprint=fingerprint), True
    except IntegrityError:
        row = IdempotentRequest.objects.filter(user=user, key=key).first()
    if row is None:  # the first one was refused a moment ago
        raise KeyInUse
    if row.fingerprint != fingerprint:
        raise KeyReused
    if row.status is None:
        raise KeyInUse
    return row, False


def _again(row: IdempotentRequest) -> Response:
    headers = {"Idempotency-Replayed": "true"} | ({"Location": row.location} if row.location else {})
    data = json.loads(row.body) if row.body else None
    return Response(data, status=row.status, headers=headers)


def _fingerprint(request: Request) -> str:
    """Hash the address and what was sent, whatever the boundaries and the order of its fields."""
    data = request.data
    fields = dict(data.lists()) if hasattr(data, "lists") else data
    text = json.dumps([request.path, fields], sort_keys=True, default=_of_file)
    return hashlib.sha256(text.encode()).hexdigest()


def _of_file(file: UploadedFile) -> str:
    digest = hashlib.sha256()
    for chunk in file.chunks():
        digest.update(chunk)
    file.seek(0)
    return digest.hexdigest()
