"""API keys: which are let in, and that a refused one is answered alike whatever is wrong with it."""

import datetime

import pytest
from django.utils import timezone
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.test import APIRequestFactory

from patients.authentication import ApiKeyAuthentication
from patients.services import create_api_key, revoke_api_key


def authenticate(header: str | None):
    headers = {} if header is None else {"HTTP_AUTHORIZATION": header}
    return ApiKeyAuthentication().authenticate(APIRequestFactory().get("/", **headers))


def test_a_key_acts_for_its_user_and_notes_its_use(people):
    key, token = create_api_key(user=people.lead, name="key")
    assert authenticate(f"Bearer {token}") == (people.lead, key)
    key.refresh_from_db()
    assert timezone.now() - key.last_used_at < datetime.timedelta(seconds=10)


def test_reading_twice_writes_the_time_of_use_once(people, django_assert_num_queries):
    _, token = create_api_key(user=people.lead, name="key")
    authenticate(f"Bearer {token}")
    with django_assert_num_queries(1):
        authenticate(f"Bearer {token}")


@pytest.mark.parametrize("header", [None, "", "Basic abc", "Token abc"])
def test_other_headers_are_left_to_others(db, header):
    assert authenticate(header) is None


@pytest.mark.parametrize(
    "header", ["Bearer", "Bearer a b", "Bearer x", "Bearer .", "Bearer \0.x", "Bearer é.x"]
)
def test_malformed_and_unknown_keys_are_refused(db, header):
    with pytest.raises(AuthenticationFailed):
        authenticate(header)


def test_a_wrong_secret_a_revoked_key_and_a_closed_account_are_refused(people):
    key, token = create_api_key(user=people.lead, name="key")
    other, other_token = create_api_key(user=people.colleague, name="key")
    with pytest.raises(AuthenticationFailed):
        authenticate(f"Bearer {key.prefix}.{other_token.split('.')[1]}")
    revoke_api_key(user=people.lead, key=key)
    with pytest.raises(AuthenticationFailed):
        authenticate(f"Bearer {token}")
    people.colleague.is_active = False
    people.colleague.save()
    with pytest.raises(AuthenticationFailed):
        authenticate(f"Bearer {other_token}")
