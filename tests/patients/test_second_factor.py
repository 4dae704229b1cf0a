"""The second factor: when it is asked for, what counts as one, and that nothing counts twice."""

import datetime

import pyotp
import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from patients import second_factor
from patients.models import SecondFactor
from patients.second_factor import SecondFactorError, add_app, check_code, make_recovery_codes, remove
from patients.sign_in_forms import SENTENCES
from tests.factories import PASSWORD
from tests.site.pages import inline_code, text_of


def code_of(secret: str, seconds: int = 0) -> str:
    return pyotp.TOTP(secret).at(timezone.now() + datetime.timedelta(seconds=seconds))


@pytest.fixture
def secret(people) -> str:
    """The secret of an app that the lead added a while ago."""
    made = second_factor.new_app_secret()
    add_app(user=people.lead, name="phone", secret=made, code=code_of(made))
    SecondFactor.objects.update(last_step=0)
    return made


def give_password(client: Client, email: str = "lead@example.org", **query):
    return client.post(reverse("sign_in", query=query), {"username": email, "password": PASSWORD})


def is_signed_in(client: Client) -> bool:
    return client.get(reverse("security")).status_code == 200


def test_a_password_alone_is_half_a_sign_in(people, client, secret):
    assert give_password(client, next="/patients/")["Location"] == reverse("second_factor")
    assert not is_signed_in(client)
    assert client.get(reverse("api:patients")).status_code == 401
    page = client.get(reverse("second_factor"))
    assert inline_code(page) == []
    assert client.post(reverse("second_factor"), {"code": "000000"}).status_code == 422
    assert not is_signed_in(client)
    code = code_of(secret)
    assert (
        client.post(reverse("second_factor"), {"code": f"{code[:3]} {code[3:]}"})["Location"] == "/patients/"
    )
    assert is_signed_in(client)
    assert "half" not in client.session


def test_half_a_sign_in_ends_by_itself_and_with_the_password(people, client, secret, monkeypatch):
    give_password(client)
    with monkeypatch.context() as patch:
        patch.setattr("patients.sign_in_views.HALF_SECONDS", -1)
        answer = client.post(reverse("second_factor"), {"code": code_of(secret)})
        assert answer["Location"] == reverse("sign_in")
    people.lead.set_password("another one, much longer")
    people.lead.save()
    assert client.post(reverse("second_factor"), {"code": code_of(secret)})["Location"] == reverse("sign_in")


def test_the_admin_site_has_no_door_of_its_own(people, client, secret):
    people.lead.is_staff = True
    people.lead.save()
    form = {"username": "lead@example.org", "password": PASSWORD}
    answer = client.post("/admin/login/?next=/admin/", form)
    assert answer["Location"] == "/sign-in/?next=%2Fadmin%2F"
    assert not is_signed_in(client)


def test_a_clinic_may_require_one(people, client):
    people.clinic.requires_second_factor = True
    people.clinic.save()
    assert give_password(client)["Location"] == reverse("second_factor_add")
    assert not is_signed_in(client)
    page = client.get(reverse("second_factor_add"))
    assert inline_code(page) == []
    assert "Your clinic asks" in text_of(page)
    assert "app-password" not in page.content.decode()
    form = {"app-name": "phone", "app-code": code_of(client.session["new_app"])}
    page = client.post(reverse("second_factor_add"), form)
    assert len(page.context["codes"]) == second_factor.RECOVERY_CODES
    assert is_signed_in(client)
    assert give_password(Client(), "stranger@example.org")["Location"] == "/"


def test_half_a_sign_in_adds_no_other_factor(people, client, secret):
    """Or whoever learned the password would add their own."""
    give_password(client)
    assert client.get(reverse("second_factor_add"))["Location"] == reverse("second_factor")


def test_a_code_counts_once_and_half_a_minute_off(people, secret):
    code = code_of(secret)
    check_code(user=people.lead, code=code)
    with pytest.raises(SecondFactorError, match="wrong_code"):
        check_code(user=people.lead, code=code)
    SecondFactor.objects.update(last_step=0)
    check_code(user=people.lead, code=code_of(secret, -30))
    check_code(user=people.lead, code=code_of(secret, +30))
    for seconds in (-90, 90):
        SecondFactor.objects.update(last_step=0)
        with pytest.raises(SecondFactorError):
            check_code(user=people.lead, code=code_of(secret, seconds))


def test_after_ten_wrong_codes_not_even_a_right_one_counts(people, secret):
    for _ in range(second_factor.MOST_WRONG):
        with pytest.raises(SecondFactorError, match="wrong_code"):
            check_code(user=people.lead, code="é")
    with pytest.raises(SecondFactorError, match="too_many_codes"):
        check_code(user=people.lead, code=code_of(secret))


def test_the_secret_lies_encrypted_and_is_lost_with_the_key_of_the_site(people, secret, settings):
    assert secret.encode() not in bytes(SecondFactor.objects.get().data)
    settings.SECRET_KEY = "another"
    with pytest.raises(SecondFactorError):
        check_code(user=people.lead, code=code_of(secret))


def test_a_recovery_code_counts_once_for_its_owner(people, secret):
    code, other = make_recovery_codes(user=people.lead)[:2]
    make_recovery_codes(user=people.colleague)
    assert code not in str(people.lead.recovery_codes.values())
    check_code(user=people.lead, code=code.lower())
    for user, typed in ((people.lead, code), (people.colleague, other)):
        with pytest.raises(SecondFactorError):
            check_code(user=user, code=typed)
    make_recovery_codes(user=people.lead)
    with pytest.raises(SecondFactorError):
        check_code(user=people.lead, code=other)


def test_changes_need_the_password(people, client, secret):
    client.force_login(people.lead)
    factor = people.lead.second_factors.get()
    urls = [reverse("second_factor_remove", args=[factor.uuid]), reverse("recovery_codes")]
    for url in urls:
        assert client.post(url, {"password": "wrong"}).status_code == 422
    page = client.post(
        reverse("second_factor_add"), {"app-code": "1", "app-name": "x", "app-password": "wrong"}
    )
    assert "The password is wrong." in text_of(page)
    assert SecondFactor.objects.count() == 1
    assert "codes" in client.post(urls[1], {"password": PASSWORD}).context
    assert client.post(urls[0], {"password": PASSWORD})["Location"] == reverse("security")
    assert not people.lead.second_factors.exists()
    assert not people.lead.recovery_codes.exists()


def test_the_last_one_stays_where_a_clinic_requires_one(people, secret):
    people.clinic.requires_second_factor = True
    people.clinic.save()
    with pytest.raises(SecondFactorError, match="last_factor"):
        remove(user=people.lead, factor=people.lead.second_factors.get())
    add_app(user=people.lead, name="tablet", secret=secret, code=code_of(secret))
    remove(user=people.lead, factor=people.lead.second_factors.first())
    assert people.lead.second_factors.count() == 1


@pytest.mark.parametrize("answer", ["{}", "[]", "null", "7", '{"id": "x", "response": {}}', "{"])
def test_nonsense_for_a_passkey_is_refused(people, client, secret, answer):
    give_password(client)
    client.get(reverse("second_factor"))
    assert client.post(reverse("second_factor"), {"answer": answer}).status_code == 422
    client.force_login(people.colleague)
    client.get(reverse("second_factor_add"))
    form = {"passkey-answer": answer, "passkey-name": "key", "passkey-password": PASSWORD}
    assert client.post(reverse("second_factor_add"), form).status_code == 422
    assert not people.colleague.second_factors.exists()


def test_every_refusal_has_its_sentence():
    assert {"wrong_code", "too_many_codes", "wrong_passkey", "last_factor", "code_not_valid"} == set(
        SENTENCES
    )
