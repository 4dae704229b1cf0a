"""What is kept for a while only and then deleted: sessions, codes, counts, answers to repeated requests."""

from django.contrib.sessions.models import Session
from django.utils import timezone

from patients import attempts, idempotency, sign_in


def forget_expired() -> int:
    """Delete what is over; return how many rows. Four queries."""
    over = Session.objects.filter(expire_date__lt=timezone.now()).delete()[0]
    return over + attempts.forget_expired() + idempotency.forget_expired() + sign_in.forget_expired()
