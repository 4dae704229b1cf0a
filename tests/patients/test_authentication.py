"""API keys: which are let in, that refusals are alike, what scopes allow, and how requests are counted."""

import datetime

import pytest
from django.core.cache import cache
from django.urls import reverse
from django.utils import timezone
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.test import APIClient, APIRequestFactory
from rest_framework.views import APIView

from patients.authentication import ApiKeyAuthentication, KeyOrPersonThrottle, WithinScope
from patients.keys import create_api_key, revoke_api_key
from patients.models import ApiKey


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


def test_a_wrong_secret_a_key_that_has_ended_and_a_closed_account_are_refused(people):
    key, token = create_api_key(user=people.lead, name="key")
    other, other_token = create_api_key(user=people.colleague, name="key")
    with pytest.raises(AuthenticationFailed):
        authenticate(f"Bearer {key.prefix}.{other_token.split('.')[1]}")
    revoke_api_key(user=people.lead, key=key)
    with pytest.raises(AuthenticationFailed):
        authenticate(f"Bearer {token}")
    ApiKey.objects.filter(pk=other.pk).update(expires_at=timezone.now())
    with pytest.raises(AuthenticationFailed):
        authenticate(f"Bearer {other_token}")
    ApiKey.objects.filter(pk=other.pk).update(expires_at=other.expires_at)
    assert authenticate(f"Bearer {other_token}") is not None
    people.colleague.is_active = False
    people.colleague.save()
    with pytest.raises(AuthenticationFailed):
        authenticate(f"Bearer {other_token}")


@pytest.fixture
def client_with(people):
    def client(*scopes: str) -> APIClient:
        _, token = create_api_key(user=people.lead, name="key", scopes=scopes)
        return APIClient(headers={"Authorization": f"Bearer {token}"})

    return client


def test_a_refusal_names_the_scope_that_is_needed(client_with):
    answer = client_with("upload", "review").get(reverse("api:patients"))
    assert answer.status_code == 403
    assert answer.json()["errors"][0]["detail"].endswith("needed here: read.")


def test_where_a_view_names_no_scope_no_key_will_do(people):
    key, _ = create_api_key(user=people.lead, name="key", scopes=ApiKey.Scope)
    request = APIRequestFactory().post("/")
    request.user, request.auth = people.lead, key
    assert not WithinScope().has_permission(request, APIView())


def test_each_key_is_counted_by_itself(client_with, monkeypatch):
    cache.clear()
    monkeypatch.setitem(KeyOrPersonThrottle.THROTTLE_RATES, "user", "2/min")
    busy, quiet = client_with("read"), client_with("read")
    statuses = [busy.get(reverse("api:patients")).status_code for _ in range(3)]
    assert statuses == [200, 200, 429]
    assert quiet.get(reverse("api:patients")).status_code == 200
