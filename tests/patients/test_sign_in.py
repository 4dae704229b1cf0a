"""Signing in by a code from an e-mail, and signing out everywhere."""

import datetime
import re
import smtplib

from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from patients import sign_in
from patients.models import SignInCode
from patients.sign_in_forms import SENTENCES
from tests.factories import PASSWORD
from tests.site.pages import inline_code, text_of


def ask(client: Client, email: str = "patient@example.org"):
    return client.post(reverse("sign_in_by_mail"), {"email": email})


def code_of_last_message() -> str:
    return re.search(r"^ {4}(\S+)$", mail.outbox[-1].body, re.M)[1]


def use(client: Client, code: str):
    return client.post(reverse("sign_in_code"), {"code": code})


def test_a_patient_signs_in_by_a_code_once(people, client):
    assert ask(client, "Patient@Example.org")["Location"] == reverse("sign_in_code")
    code = code_of_last_message()
    message = mail.outbox[-1]
    assert message.to == ["patient@example.org"]
    assert f"http://testserver/sign-in/code/#{code}" in message.body
    assert code not in str(SignInCode.objects.values().get())
    assert people.patient.name not in message.body + message.subject
    assert use(client, code.lower().replace("-", " "))["Location"] == reverse("home")
    assert client.session["_auth_user_id"] == str(people.patient_user.pk)
    assert use(Client(), code).status_code == 422


def test_a_code_works_for_a_quarter_of_an_hour(people, client):
    ask(client)
    minutes = SignInCode.objects.get().created_at - datetime.timedelta(minutes=15)
    SignInCode.objects.update(created_at=minutes)
    page = use(client, code_of_last_message())
    assert page.status_code == 422
    assert str(SENTENCES["code_not_valid"]) in text_of(page)
    assert sign_in.forget_expired() == 1


def test_only_the_newest_message_counts(people, client):
    ask(client)
    first = code_of_last_message()
    ask(client)
    assert use(client, first).status_code == 422
    assert use(client, code_of_last_message()).status_code == 302


def test_nobody_learns_whether_there_is_an_account(people, client):
    """A clinician, who needs a password, a stranger and a patient: one answer."""
    answers = [
        ask(Client(), email) for email in ("patient@example.org", "nobody@example.org", "lead@example.org")
    ]
    assert len({(answer.status_code, answer["Location"], answer.content) for answer in answers}) == 1
    assert [message.to for message in mail.outbox] == [["patient@example.org"]]


def test_a_code_does_not_outlive_the_right_to_use_it(people, client):
    ask(client)
    people.patient_user.is_active = False
    people.patient_user.save()
    assert use(client, code_of_last_message()).status_code == 422


def test_messages_and_codes_are_limited(people, client):
    for _ in range(sign_in.MOST_MESSAGES + 2):
        assert ask(client).status_code == 302
    assert len(mail.outbox) == sign_in.MOST_MESSAGES
    for _ in range(sign_in.MOST_CODES):
        assert use(client, "2222-2222").status_code == 422
    page = use(client, code_of_last_message())
    assert str(SENTENCES["too_many_codes"]) in text_of(page)


def test_requests_of_one_machine_are_limited(people, client, monkeypatch):
    monkeypatch.setattr(sign_in, "MOST_REQUESTS", 1)
    assert ask(client, "a@example.org").status_code == 302
    assert ask(client, "b@example.org").status_code == 422
    assert ask(Client(REMOTE_ADDR="192.0.2.7"), "c@example.org").status_code == 302


def test_a_mail_server_that_is_away_is_noted_without_an_address(people, client, monkeypatch, caplog):
    def refuse(*_, **__):
        raise smtplib.SMTPServerDisconnected("patient@example.org")

    monkeypatch.setattr(sign_in, "send_mail", refuse)
    assert ask(client).status_code == 302
    assert "SMTPServerDisconnected" in caplog.text
    assert "example.org" not in caplog.text


def test_the_pages_keep_to_the_content_policy(db, client):
    for name in ("sign_in", "sign_in_by_mail", "sign_in_code"):
        page = client.get(reverse(name))
        assert inline_code(page) == []
        assert page.content.count(b"<h1") == 1


def test_signing_out_everywhere_ends_every_session(people):
    here, there = Client(), Client()
    for client in (here, there):
        client.post(reverse("sign_in"), {"username": "lead@example.org", "password": PASSWORD})
        assert client.get(reverse("security")).status_code == 200
    other = Client()
    other.force_login(people.colleague)
    assert here.post(reverse("sign_out_all")).status_code == 302
    assert [client.get(reverse("security")).status_code for client in (here, there, other)] == [302, 302, 200]
    people.lead.refresh_from_db()
    assert timezone.now() - people.lead.signed_out_at < datetime.timedelta(minutes=1)
    signed_in = here.post(reverse("sign_in"), {"username": "lead@example.org", "password": PASSWORD})
    assert signed_in["Location"] == "/"
