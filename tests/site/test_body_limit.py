"""Bodies that no address takes are refused before they are read."""

import json

import pytest
from django.test import Client
from django.urls import reverse


class Unreadable:
    """A body that must not be read."""

    readline = None

    def read(self, *_):
        raise AssertionError("the body was read")


def send(client: Client, url: str, length: object, content_type: str):
    environ = {"CONTENT_LENGTH": str(length), "wsgi.input": Unreadable()}
    return client.generic("POST", url, content_type=content_type, **environ)


@pytest.mark.parametrize(
    ("content_type", "length"),
    [
        ("application/json", 2 * 2**20 + 1),
        ("application/x-www-form-urlencoded", 2 * 2**20 + 1),
        ("multipart/form-data; boundary=x", 51 * 2**20 + 1),
        ("application/json", "10e9"),
        ("application/json", "-1"),
    ],
)
def test_what_is_too_large_is_not_read(people, client, content_type, length):
    client.force_login(people.lead)
    answer = send(client, reverse("api:recordings"), length, content_type)
    assert answer.status_code == 413
    assert json.loads(answer.content)["errors"][0]["code"] == "body_too_large"
    page = send(client, reverse("sign_in"), length, content_type)
    assert page.status_code == 413
    assert b"cannot be sent at once" in page.content


def test_too_many_fields_are_refused(people, client):
    client.force_login(people.lead)
    many = {f"field{number}": "x" for number in range(300)}
    assert client.post(reverse("patient_add"), many).status_code == 400
    assert client.post(reverse("api:recordings"), many).status_code == 400


@pytest.mark.parametrize("body", ["[" * 50_000, '{"a":' * 20_000, "[" * 50_000 + "]" * 50_000])
def test_json_that_is_nested_too_deep_is_refused(people, client, body):
    client.force_login(people.lead)
    address = reverse("api:patient_export", args=[people.patient.uuid])
    answer = client.post(address, body, content_type="application/json")
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["code"] == "parse_error"
