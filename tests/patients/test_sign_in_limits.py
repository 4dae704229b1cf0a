"""Sessions end when nobody uses them and when they are old; pages that ask by themselves are no use."""

import time

import pytest
from django.test import Client
from django.urls import reverse

URL = reverse("still_here")
FETCHED = {"Sec-Fetch-Mode": "cors"}


@pytest.fixture
def client(people) -> Client:
    client = Client()
    client.force_login(people.lead)
    return client


def age(client: Client, **seconds: float) -> None:
    """Move what the session remembers into the past."""
    session = client.session
    for name, back in seconds.items():
        session[name] -= back
    session.save()


def test_a_session_ends_when_nobody_uses_it(client, settings):
    age(client, used_at=settings.SESSION_IDLE_SECONDS - 2)
    assert client.get(reverse("patient_list"), headers=FETCHED).status_code == 200
    age(client, used_at=3)
    assert client.get(reverse("patient_list")).status_code == 302
    assert client.get(reverse("api:patients")).status_code == 401
    assert "_auth_user_id" not in client.session


def test_opening_a_page_or_sending_something_is_use(client, settings):
    for use in (lambda: client.get(reverse("patient_list")), lambda: client.post(URL, headers=FETCHED)):
        age(client, used_at=settings.SESSION_IDLE_SECONDS - 60)
        assert use().status_code == 200
        assert time.time() - client.session["used_at"] < 30


def test_what_a_page_fetches_by_itself_is_no_use(client):
    age(client, used_at=500)
    before = client.session["used_at"]
    client.get(URL, headers=FETCHED)
    client.get(reverse("api:patients"), headers=FETCHED)
    assert client.session["used_at"] == before


def test_use_is_written_once_a_minute(client, django_assert_num_queries):
    client.get(reverse("patient_list"))
    with django_assert_num_queries(2):  # session, user
        client.post(URL)


def test_no_use_keeps_a_session_for_ever(client, settings):
    age(client, signed_in_at=settings.SESSION_COOKIE_AGE - 100)
    assert client.post(URL).json()["seconds"] <= 100
    age(client, signed_in_at=100)
    assert client.post(URL).status_code == 401


def test_a_session_that_does_not_say_when_it_began_is_over(client):
    session = client.session
    del session["used_at"]
    session.save()
    assert client.get(reverse("patient_list")).status_code == 302


def test_a_page_is_told_how_long_and_for_whom(client, people, settings):
    answer = client.get(URL)
    assert answer.json()["person"] == str(people.lead.uuid)
    assert settings.SESSION_IDLE_SECONDS - 5 < answer.json()["seconds"] <= settings.SESSION_IDLE_SECONDS
    assert "no-store" in answer["Cache-Control"]
    assert Client().get(URL).json() == {"seconds": 0, "person": None}
    html = client.get(reverse("patient_list")).content.decode()
    assert f'data-person="{people.lead.uuid}"' in html
