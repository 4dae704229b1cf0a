"""API keys: what is kept, who may end them, what scopes and time allow."""

import datetime

import pytest
from django.core.exceptions import ValidationError
from django.http import Http404
from django.utils import timezone

from patients.keys import create_api_key, keys_for, revoke_api_key
from patients.models import ApiKey
from tests.factories import ClinicFactory, MembershipFactory


def test_a_key_is_kept_only_as_a_hash_and_revoked_by_its_owner(people):
    key, token = create_api_key(user=people.lead, name="Practice software")
    prefix, secret = token.split(".")
    assert key.prefix == prefix
    assert secret not in str(vars(key))
    with pytest.raises(Http404):
        revoke_api_key(user=people.colleague, key=key)
    revoke_api_key(user=people.lead, key=key)
    key.refresh_from_db()
    assert key.revoked_at is not None


def test_without_a_word_a_key_reads_for_90_days(people):
    key, _ = create_api_key(user=people.lead, name="key")
    assert key.scopes == ["read"]
    assert abs(key.expires_at - timezone.now() - datetime.timedelta(days=90)) < datetime.timedelta(minutes=1)


@pytest.mark.parametrize("odd", [{"scopes": ["read", "admin"]}, {"days": 100_000}])
def test_no_other_scope_and_no_other_time(people, odd):
    with pytest.raises(ValueError):
        create_api_key(user=people.lead, name="key", **odd)
    with pytest.raises(ValidationError):
        create_api_key(user=people.lead, name="")
    assert not ApiKey.objects.exists()


def test_the_admin_of_the_clinic_sees_and_ends_the_keys_of_its_people(people, django_assert_num_queries):
    key, _ = create_api_key(user=people.lead, name="key")
    MembershipFactory(user=people.stranger, clinic=ClinicFactory())
    elsewhere, _ = create_api_key(user=people.stranger, name="key")
    with django_assert_num_queries(1):
        assert list(keys_for(people.clinic_admin)) == [key]
    assert list(keys_for(people.lead)) == [key]
    assert list(keys_for(people.colleague)) == []
    revoke_api_key(user=people.clinic_admin, key=key)
    with pytest.raises(Http404):
        revoke_api_key(user=people.clinic_admin, key=elsewhere)
