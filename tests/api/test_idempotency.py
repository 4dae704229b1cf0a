"""Repeated requests: done once, answered alike, and refused where a key comes with something else."""

import datetime
import threading
import time

import pytest
from django.db import connection
from django.urls import reverse
from django.utils import timezone
from rest_framework.test import APIClient

from exfb_site import api_urls
from feedback import services
from feedback.models import Analysis, Verdict
from patients.idempotency import KEPT, forget_expired
from patients.keys import create_api_key
from patients.models import IdempotentRequest, Recording
from tests.api.test_uploads import codes
from tests.factories import ModelReleaseFactory, NoteFactory, RepetitionFactory, make_people
from tests.motions import pose_upload, squats


@pytest.fixture
def give(people, as_user):
    """Give a verdict with an idempotency key."""
    repetition = RepetitionFactory(analysis__recording__patient=people.patient)
    url = reverse("api:verdicts", args=[repetition.uuid])

    def send(key="a key", user=people.lead, **body):
        client = as_user(user)
        client.raise_request_exception = False
        form = {"decision": "confirmed"} | body
        return client.post(url, form, format="json", headers={"Idempotency-Key": key})

    return send


def test_every_post_of_the_api_can_be_repeated():
    views = [pattern.callback.view_class for pattern in api_urls.urlpatterns]
    posts = [view.post for view in views if hasattr(view, "post")]
    assert len(posts) >= 4
    assert all(getattr(post, "is_idempotent", False) for post in posts)


def test_the_same_request_is_done_once_and_answered_alike(give):
    first, second = give(note="Once."), give(note="Once.")
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.content == second.content
    assert "Idempotency-Replayed" not in first.headers
    assert second["Idempotency-Replayed"] == "true"
    assert Verdict.objects.count() == 1
    assert give(key="another key").status_code == 201
    assert Verdict.objects.count() == 2


def test_a_key_belongs_to_one_request_and_to_one_person(give, people):
    give(note="Once.")
    refused = give(note="Twice.")
    assert refused.status_code == 422
    assert codes(refused) == [(None, "idempotency_key_reused")]
    assert give(user=people.colleague, note="Twice.").status_code == 201
    assert Verdict.objects.count() == 2


def test_what_is_worked_on_is_not_begun_again(give):
    give()
    IdempotentRequest.objects.update(status=None, body="")
    refused = give()
    assert refused.status_code == 409
    assert codes(refused) == [(None, "idempotency_key_in_use")]
    assert Verdict.objects.count() == 1


def test_a_refusal_or_a_fault_leaves_the_key_free(give, monkeypatch):
    assert give(decision="overridden", label="no.such").status_code == 400
    with monkeypatch.context() as patch:
        patch.setattr(services, "give_verdict", lambda **_: 1 / 0)
        assert give().status_code == 500
    assert not IdempotentRequest.objects.exists()
    assert give().status_code == 201


def test_no_key_opens_what_is_not_open(give, people):
    give()
    assert give(user=people.reader).status_code == 403
    assert give(user=people.stranger).status_code == 404


@pytest.mark.parametrize("key", ["", "x" * 101, "caf\xe9", "a\tb"])
def test_an_odd_key_is_refused(give, key):
    refused = give(key=key)
    assert codes(refused) == [(None, "parse_error")]
    assert not Verdict.objects.exists()


def test_answers_are_forgotten_after_a_day(give):
    give()
    IdempotentRequest.objects.update(created_at=timezone.now() - KEPT + datetime.timedelta(minutes=1))
    assert forget_expired() == 0
    IdempotentRequest.objects.update(created_at=timezone.now() - KEPT)
    assert give(note="A day later.").status_code == 201
    assert Verdict.objects.count() == 2
    assert IdempotentRequest.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_an_upload_is_known_by_what_is_in_the_file(people, as_user):
    ModelReleaseFactory()

    def send(repetitions):
        form = {"patient": people.patient.uuid, "file": pose_upload(squats(repetitions))}
        headers = {"Idempotency-Key": "upload"}
        return as_user(people.lead).post(reverse("api:recordings"), form, format="multipart", headers=headers)

    first, second, other = send(2), send(2), send(3)
    assert (first.status_code, second.status_code, other.status_code) == (202, 202, 422)
    assert first.content == second.content
    assert first["Location"] == second["Location"]
    assert Recording.objects.count() == Analysis.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_twenty_at_once_one_is_done_and_all_get_its_answer():
    """On SQLite and, where the tests run on it, on PostgreSQL."""
    people = make_people()
    url = reverse("api:verdicts", args=[RepetitionFactory(analysis__recording__patient=people.patient).uuid])
    _, token = create_api_key(user=people.lead, name="key", scopes=["review"])
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": "twenty"}
    barrier, answers = threading.Barrier(20), []

    def send() -> None:
        barrier.wait()
        while True:
            answer = APIClient().post(url, {"decision": "confirmed"}, format="json", headers=headers)
            if answer.status_code != 409:
                break
            time.sleep(0.02)
        answers.append((answer.status_code, answer.content))
        connection.close()

    threads = [threading.Thread(target=send) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Verdict.objects.count() == 1
    assert len(answers) == 20
    assert set(answers) == {answers[0]}
    assert answers[0][0] == 201


def test_an_answer_without_a_body_is_given_again(people, as_user):
    note = NoteFactory(author=people.lead, session__patient=people.patient)
    url = reverse("api:note_delete", args=[note.uuid])
    client = as_user(people.lead)
    for _ in range(2):
        assert client.post(url, format="json", headers={"Idempotency-Key": "once"}).status_code == 204
