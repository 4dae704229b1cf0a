"""Erases a patient: rows, files, account, what logs and caches keep; looks again, then writes a receipt.

Files go first; then rows, the second look and the receipt are one transaction. A process that dies on the
way, or finds something left, leaves a patient whose rows say what is still to be erased, and erasing again
goes on from there.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any
from uuid import UUID

from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.apps import apps
from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.core.files.storage import Storage
from django.db import models, transaction
from django.db.models import Model, ProtectedError, Q
from django.db.models.functions import Cast
from django.utils import timezone
from rest_framework.settings import api_settings

from patients.access_log import receipt_hash
from patients.holds import standing_hold
from patients.models import ErasureReceipt, IdempotentRequest, Patient, User
from patients.permissions import require_administration
from patients.subject import files_of, rows_of

#: So many ids are asked for in one query.
_AT_ONCE = 500
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_TEXTS = (models.CharField, models.TextField, models.JSONField, models.GenericIPAddressField)


class ErasureError(Exception):
    """A patient cannot be erased; `code` is one of `CODES`, `message` says it in words."""

    CODES = ("legal_hold", "not_proved")

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass
class Found:
    """What was there of a patient: ids by model, files and the hashes of their content, who they are."""

    uuid: UUID
    account: User | None
    ids: dict[type[Model], set[Any]] = field(default_factory=dict)
    #: Of everything that has an id which people and programs see, as text.
    uuids: set[str] = field(default_factory=set)
    files: list[tuple[Storage, str]] = field(default_factory=list)
    hashes: list[str] = field(default_factory=list)
    #: Who did anything with them.
    people: set[int] = field(default_factory=set)
    #: Places in the chain of the access log whose entries go.
    log_numbers: list[int] = field(default_factory=list)

    @property
    def words(self) -> list[str]:
        """Texts that tell of this patient and of nobody else."""
        account = [self.account.email, str(self.account.uuid)] if self.account else []
        return [str(self.uuid), self.uuid.hex, *account]


def erase_patient(*, patient: Patient, reason: str, user: User | None) -> ErasureReceipt:
    """Erase a patient and return the receipt. `user` is None for whoever runs the site.

    Raises `ErasureError`: `legal_hold`, where nothing was erased; `not_proved`, where something is left and
    there is no receipt: erase again.
    """
    if user is not None:
        require_administration(user, patient)
    _refuse_held(patient)
    # Read anew: what an attempt that was undone deleted is not to be seen on the rows in memory.
    patient = Patient.objects.select_related("clinic", "user").get(pk=patient.pk)
    clinic, found = patient.clinic, _found(patient)
    _delete_files(found)
    with transaction.atomic():
        locked = Patient.objects.select_for_update().get(pk=patient.pk)
        _refuse_held(locked)
        _look_again(found, locked)
        _delete_files(found)
        _delete_rows(found, locked)
        _forget(found)
        if left := sorted(set(remains(found))):
            raise ErasureError(
                "not_proved", f"Not everything could be erased: {', '.join(left)}. Erase again."
            )
        return _receipt(found, clinic=clinic, reason=reason, by=user)


def _refuse_held(patient: Patient) -> None:
    if standing_hold(patient):
        raise ErasureError("legal_hold", "A legal hold forbids that this patient is erased. Lift it first.")


def _found(patient: Patient) -> Found:
    account = patient.user
    keeps_account = account is not None and (account.is_staff or account.memberships.exists())
    found = Found(patient.uuid, None if keeps_account else account)
    _look_again(found, patient)
    return found


def _look_again(found: Found, patient: Patient) -> None:
    """Add what came since: an upload may have been on its way."""
    for model, rows in rows_of(patient).items():
        found.ids.setdefault(model, set()).update(rows.values_list("pk", flat=True))
        if any(column.name == "uuid" for column in model._meta.concrete_fields):
            found.uuids.update(map(str, rows.values_list("uuid", flat=True)))
    found.people.update(patient.access_log.values_list("user", flat=True))
    known = {name for _, name in found.files}
    found.files += [(storage, name) for _, storage, name in files_of(patient) if name not in known]


def _delete_files(found: Found) -> None:
    for storage, name in found.files:
        if storage.exists(name):
            with storage.open(name) as file:
                found.hashes.append(hashlib.file_digest(file, "sha256").hexdigest())
            storage.delete(name)


def _delete_rows(found: Found, patient: Patient) -> None:
    """Delete every row, those that hang on others first, and then the patient's account."""
    locked = patient.access_log.select_for_update().values_list("number", flat=True)
    found.log_numbers += [number for number in locked if number is not None]
    for rows in reversed(rows_of(patient).values()):
        rows.delete()
    if found.account is not None:
        _delete_account(found.account)


def _delete_account(account: User) -> None:
    """Delete an account that was the patient's alone; where a log must name it, take the person out of it."""
    try:
        with transaction.atomic():
            # Not `account.delete()`, which would forget the number by which the rest is found.
            User.objects.filter(pk=account.pk).delete()
    except ProtectedError:
        unnamed = User(pk=account.pk, email=f"{account.pk}@erased.invalid", is_active=False)
        unnamed.set_unusable_password()
        unnamed.date_joined = account.date_joined
        unnamed.save()


def _forget(found: Found) -> None:
    """Delete what frameworks keep beside the rows: histories, sign-ins, sessions, answers, counts."""
    for model, ids in found.ids.items():
        kind = ContentType.objects.get_for_model(model)
        for some in _in_parts(map(str, ids)):
            LogEntry.objects.filter(content_type=kind, object_id__in=some).delete()
    # Requests that are being answered are forgotten too: their answers are then not kept.
    IdempotentRequest.objects.filter(user__in=found.people, status=None).delete()
    IdempotentRequest.objects.filter(pk__in=list(_answers(found))).delete()
    if found.account is None:
        return
    kind = ContentType.objects.get_for_model(User)
    LogEntry.objects.filter(content_type=kind, object_id=str(found.account.pk)).delete()
    for attempts in (AccessAttempt, AccessFailureLog, AccessLog):
        attempts.objects.filter(username__iexact=found.account.email).delete()
    Session.objects.filter(pk__in=[session.pk for session in _sessions(found.account)]).delete()
    cache.delete_many(_counts(found.account))


def _answers(found: Found) -> Iterator[int]:
    """Find the kept answers of the API that name anything of the patient by its id."""
    for answer in IdempotentRequest.objects.exclude(status=None).iterator():
        if not found.uuids.isdisjoint(_UUID.findall(answer.body + answer.location)):
            yield answer.pk


def _sessions(account: User) -> Iterator[Session]:
    for session in Session.objects.iterator():
        if session.get_decoded().get("_auth_user_id") == str(account.pk):
            yield session


def _counts(account: User) -> list[str]:
    """Under which keys the account's requests are counted."""
    return [f"throttle_{scope}_{account.pk}" for scope in api_settings.DEFAULT_THROTTLE_RATES]


def remains(found: Found) -> Iterator[str]:
    """Name what is still there of a patient: models, files, texts in any column of any table, caches."""
    for model, ids in found.ids.items():
        if any(model._base_manager.filter(pk__in=some).exists() for some in _in_parts(ids)):
            yield model._meta.label
    yield from (f"file {name}" for storage, name in found.files if storage.exists(name))
    yield from _columns_with(found.words)
    yield from ("an answer of the API" for _ in _answers(found))
    if found.account is not None:
        yield from ("a session" for _ in _sessions(found.account))
        yield from ("a cache" for _ in cache.get_many(_counts(found.account)))


def _in_parts(ids: Iterable[Any]) -> Iterator[list[Any]]:
    rest = iter(ids)
    while some := list(islice(rest, _AT_ONCE)):
        yield some


def _columns_with(words: Iterable[str]) -> Iterator[str]:
    for model in apps.get_models():
        if not model._meta.managed:
            continue
        for column in model._meta.concrete_fields:
            if isinstance(column, models.UUIDField):
                said = Q(**{f"{column.name}__in": [UUID(word) for word in words if _is_uuid(word)]})
                there = model._base_manager.filter(said)
            elif isinstance(column, _TEXTS):
                said = Q()
                for word in words:
                    # As a word of its own: ann@x.org is not in joann@x.org.
                    said |= Q(_text__iregex=rf"(^|[^a-z0-9._%+-]){re.escape(word)}($|[^a-z0-9.-])")
                text = Cast(column.name, models.TextField())
                there = model._base_manager.annotate(_text=text).filter(said)
            else:
                continue
            if there.exists():
                yield f"{model._meta.label}.{column.name}"


def _is_uuid(word: str) -> bool:
    return len(word) in (32, 36) and "@" not in word


def _receipt(found: Found, **facts: Any) -> ErasureReceipt:
    receipt = ErasureReceipt(
        at=timezone.now(),
        subject_sha256=hashlib.sha256(str(found.uuid).encode()).hexdigest(),
        rows={model._meta.label: len(ids) for model, ids in found.ids.items() if ids},
        files=found.hashes,
        log_numbers=sorted(found.log_numbers),
        **facts,
    )
    receipt.sha256 = receipt_hash(receipt)
    receipt.save()
    return receipt
