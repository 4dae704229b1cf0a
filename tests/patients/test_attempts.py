"""Counting attempts: so many in a quarter of an hour, each subject by itself, nothing readable kept."""

from django.utils import timezone

from patients.attempts import WINDOW, forget_attempts, forget_expired, may_try
from patients.models import Attempts


def test_so_many_and_no_more_until_a_quarter_of_an_hour_has_passed(db):
    assert [may_try("code", "a", most=2) for _ in range(3)] == [True, True, False]
    assert may_try("code", "b", most=2)
    assert may_try("mail", "a", most=2)
    Attempts.objects.update(since=timezone.now() - WINDOW)
    assert may_try("code", "a", most=2)


def test_a_success_begins_anew(db):
    assert not [may_try("code", "a", most=1) for _ in range(2)][-1]
    forget_attempts("code", "a")
    assert may_try("code", "a", most=1)


def test_counts_name_nobody_and_are_deleted(db):
    may_try("mail", "pat@example.org", most=3)
    assert "pat" not in str(Attempts.objects.values().get())
    assert forget_expired() == 0
    Attempts.objects.update(since=timezone.now() - WINDOW)
    assert forget_expired() == 1
