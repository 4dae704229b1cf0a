"""What is kept for a while only is deleted, and nothing else is."""

import datetime

from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from feedback.sweep import sweep
from patients.attempts import may_try
from patients.expiry import forget_expired
from patients.models import Attempts, IdempotentRequest, SignInCode


def test_the_sweep_deletes_what_is_over_and_nothing_else(people):
    Client().force_login(people.lead)
    may_try("mail", "a", most=1)
    SignInCode.objects.create(user=people.patient_user, code_hash="0")
    IdempotentRequest.objects.create(user=people.lead, key="a", fingerprint="0")
    kept = (Session, Attempts, SignInCode, IdempotentRequest)
    assert forget_expired() == 0
    assert [model.objects.count() for model in kept] == [1, 1, 1, 1]
    long_ago = timezone.now() - datetime.timedelta(days=2)
    Session.objects.update(expire_date=long_ago)
    Attempts.objects.update(since=long_ago)
    SignInCode.objects.update(created_at=long_ago)
    IdempotentRequest.objects.update(created_at=long_ago)
    sweep()
    assert [model.objects.count() for model in kept] == [0, 0, 0, 0]
