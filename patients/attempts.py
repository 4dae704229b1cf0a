"""Counts attempts at signing in without a password, in the database, so that all processes count as one."""

import datetime

from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.crypto import salted_hmac

from patients.models import Attempts

#: A count begins anew after this long, and is deleted.
WINDOW = datetime.timedelta(minutes=15)


def may_try(what: str, who: object, *, most: int) -> bool:
    """Count one more attempt; tell whether it is one of the `most` that a quarter of an hour allows."""
    subject = _hash(what, who)
    now = timezone.now()
    with transaction.atomic():
        Attempts.objects.get_or_create(subject_hash=subject)
        Attempts.objects.filter(subject_hash=subject, since__lt=now - WINDOW).update(count=0, since=now)
        Attempts.objects.filter(subject_hash=subject).update(count=F("count") + 1)
        return Attempts.objects.get(subject_hash=subject).count <= most


def forget_attempts(what: str, who: object) -> None:
    """Begin anew, because an attempt succeeded."""
    Attempts.objects.filter(subject_hash=_hash(what, who)).delete()


def forget_expired() -> int:
    """Delete counts that are over; return how many. One query."""
    return Attempts.objects.filter(since__lt=timezone.now() - WINDOW).delete()[0]


def _hash(what: str, who: object) -> str:
    """Neither an address of a person nor one of a machine is kept."""
    return salted_hmac("patients.attempts", f"{what}:{who}", algorithm="sha256").hexdigest()
