"""Seals the access log: each entry, in order, with the hash of the one before, so that a change shows.

Entries are written without a seal, since that costs nothing; the sweep seals them within seconds. A receipt
of an erasure is sealed as well and lists the entries that went with the patient: a link of the chain holds
nothing of a patient, so that it stays when they are erased.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils import timezone

from patients.models import AccessLogEntry, AccessSeal, ErasureReceipt

#: So many are sealed in one transaction, and read at a time when the chain is walked.
_AT_ONCE = 500
#: So many are sealed by one sweep, so that it does not keep it from its other work.
_MOST = 10_000
_Sealed = AccessLogEntry | ErasureReceipt


@dataclass(frozen=True)
class Walked:
    """What a walk along the chain found; `fault` names the first link that is broken, in words."""

    links: int
    erased: int
    unsealed: int
    head: str
    fault: str = ""


def seal_log() -> int:
    """Seal what is not sealed yet; return how many. Whoever seals at the same moment is left to it."""
    sealed = 0
    try:
        while sealed < _MOST and (some := _seal_some()):
            sealed += some
    except IntegrityError:  # two links of one number: another process seals
        pass
    return sealed


def walk(noted: str = "") -> Walked:
    """Walk the chain from its beginning to the first fault.

    `noted` is a head (`number:hash`) that somebody wrote down earlier: whoever shortened the chain, or made
    it anew, has another link there.
    """
    walked, erased, before, declared = 0, 0, "", _erased_numbers()
    for seal, there in _links():
        fault = _fault(seal, there, before, walked + 1, declared)
        if fault:
            return Walked(walked, erased, _unsealed(), _head(walked, before), fault)
        walked, before, erased = walked + 1, seal.sha256, erased + (there is None)
    return Walked(walked, erased, _unsealed(), _head(walked, before), _shortened(walked) or _forgotten(noted))


def entry_hash(entry: AccessLogEntry) -> str:
    """Return the hash of all that an entry says. Rows are named by their numbers, which are never reused."""
    said = {
        "id": entry.pk,
        "at": entry.at.isoformat(),
        "user": entry.user_id,
        "patient": entry.patient_id,
        "ground": entry.ground,
        "action": entry.action,
        "subject": entry.subject,
        "subject_uuid": str(entry.subject_uuid),
        "salt": entry.salt,
    }
    return _hash(said)


def receipt_hash(receipt: ErasureReceipt) -> str:
    """Return the hash of all that a receipt says."""
    said = {
        "uuid": str(receipt.uuid),
        "clinic": str(receipt.clinic.uuid),
        "by": str(receipt.by.uuid) if receipt.by else None,
        "reason": receipt.reason,
        "at": receipt.at.isoformat(),
        "subject_sha256": receipt.subject_sha256,
        "rows": receipt.rows,
        "files": receipt.files,
    }
    # Receipts from before the log was sealed say nothing of it.
    return _hash(said | ({"log_numbers": receipt.log_numbers} if receipt.log_numbers else {}))


def _hash(said: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def _content_hash(sealed: _Sealed) -> str:
    return entry_hash(sealed) if isinstance(sealed, AccessLogEntry) else receipt_hash(sealed)


def _link_hash(before: str, seal: AccessSeal) -> str:
    said = [before, seal.number, seal.at.isoformat(), seal.content_sha256]
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()


def _seal_some() -> int:
    """Seal the oldest of what is not sealed, in one transaction."""
    with transaction.atomic():
        # An erasure that deletes one of them at this moment is waited for, or waits.
        entries = AccessLogEntry.objects.select_for_update().filter(number=None).order_by("pk")
        waiting: list[_Sealed] = list(entries[:_AT_ONCE])
        if not waiting:
            waiting = list(_receipts().filter(number=None).order_by("pk")[:_AT_ONCE])
        last = AccessSeal.objects.order_by("number").last()
        number, before = (last.number, last.sha256) if last else (0, "")
        seals, now = [], timezone.now()
        for sealed in waiting:
            number += 1
            seal = AccessSeal(number=number, at=now, content_sha256=_content_hash(sealed))
            before = seal.sha256 = _link_hash(before, seal)
            sealed.number = number
            seals.append(seal)
        AccessSeal.objects.bulk_create(seals)
        if waiting:
            kind: Any = type(waiting[0])
            kind.objects.bulk_update(waiting, ["number"])
    return len(waiting)


def _receipts() -> Any:
    return ErasureReceipt.objects.select_related("clinic", "by")


def _links() -> Iterator[tuple[AccessSeal, _Sealed | None]]:
    """Yield each link in order with what it seals, or None where that is gone."""
    some: list[AccessSeal] = []
    for seal in AccessSeal.objects.order_by("number").iterator(chunk_size=_AT_ONCE):
        some.append(seal)
        if len(some) == _AT_ONCE:
            yield from _with_sealed(some)
            some = []
    yield from _with_sealed(some)


def _with_sealed(seals: list[AccessSeal]) -> Iterator[tuple[AccessSeal, _Sealed | None]]:
    numbers = [seal.number for seal in seals]
    rows: list[Iterable[_Sealed]] = [
        AccessLogEntry.objects.filter(number__in=numbers),
        _receipts().filter(number__in=numbers),
    ]
    there: dict[int | None, _Sealed] = {row.number: row for some in rows for row in some}
    for seal in seals:
        yield seal, there.get(seal.number)


def _erased_numbers() -> set[int]:
    """The places of entries that went with an erased patient, as the receipts say."""
    lists = ErasureReceipt.objects.values_list("log_numbers", flat=True)
    return {number for numbers in lists for number in numbers}


def _fault(seal: AccessSeal, there: _Sealed | None, before: str, expected: int, declared: set[int]) -> str:
    """Say in words what is wrong with a link; nothing if it is whole."""
    if seal.number != expected:
        return f"link {expected} is missing"
    if seal.sha256 != _link_hash(before, seal):
        return f"link {seal.number} was changed, or one before it was taken out"
    if there is None:
        gone = f"the entry of link {seal.number} was deleted, and no receipt of an erasure names it"
        return "" if seal.number in declared else gone
    if _content_hash(there) != seal.content_sha256:
        return f"{there._meta.verbose_name} {there.pk} of link {seal.number} was changed"
    return ""


def _shortened(links: int) -> str:
    """Say where the chain's end was cut off, and what it sealed was not."""
    last = max(
        model.objects.aggregate(last=Max("number"))["last"] or 0 for model in (AccessLogEntry, ErasureReceipt)
    )
    return f"link {links + 1} is missing: entries up to {last} were sealed" if last > links else ""


def _forgotten(noted: str) -> str:
    """Say whether a head that was written down is not in the chain any more."""
    number, _colon, sha256 = noted.partition(":")
    if not noted or AccessSeal.objects.filter(number=int(number), sha256=sha256).exists():
        return ""
    return f"link {number} is not the one that was noted"


def _unsealed() -> int:
    return sum(model.objects.filter(number=None).count() for model in (AccessLogEntry, ErasureReceipt))


def _head(number: int, sha256: str) -> str:
    return f"{number}:{sha256}"
