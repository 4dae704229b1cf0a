"""The pages of a clinic's admin: erase with the name typed, hold, and the receipts."""

import pytest
from django.test import Client

from patients.models import ErasureReceipt, Patient
from tests.site.pages import analysed, inline_code


@pytest.fixture
def admin(people):
    analysed(people.patient, ["squat.correct"])
    client = Client()
    client.force_login(people.clinic_admin)
    return client


def test_what_would_be_erased_is_counted(people, admin):
    page = admin.get(f"/patients/{people.patient.uuid}/erase/")
    assert inline_code(page) == []
    assert "recordings" in page.content.decode()
    assert (
        f"/patients/{people.patient.uuid}/erase/"
        in admin.get(f"/patients/{people.patient.uuid}/export/").content.decode()
    )


def test_another_name_erases_nobody(people, admin):
    response = admin.post(
        f"/patients/{people.patient.uuid}/erase/", {"reason": "request", "name": "Somebody"}
    )
    assert response.status_code == 422
    assert "not the name of the patient" in response.content.decode()
    assert Patient.objects.filter(pk=people.patient.pk).exists()


def test_the_right_name_erases_and_shows_the_receipt(people, admin):
    url = f"/patients/{people.patient.uuid}/erase/"
    page = admin.post(url, {"reason": "request", "name": "pat example"}, follow=True)
    receipt = ErasureReceipt.objects.get()
    assert str(receipt.uuid) in page.content.decode()
    assert "Pat Example" not in page.content.decode()
    assert inline_code(page) == []
    assert admin.get(url).status_code == 404


def test_a_hold_takes_the_form_away_and_forbids_a_post(people, admin):
    url = f"/patients/{people.patient.uuid}/"
    admin.post(f"{url}hold/", {"reason": "Court order."})
    page = admin.get(f"{url}erase/").content.decode()
    assert "Court order." in page
    assert "Erase for good" not in page
    refused = admin.post(f"{url}erase/", {"reason": "request", "name": "Pat Example"})
    assert refused.status_code == 422
    assert Patient.objects.filter(pk=people.patient.pk).exists()
    admin.post(f"{url}hold/", {"lift": "1"})
    assert "Erase for good" in admin.get(f"{url}erase/").content.decode()


def test_a_hold_needs_a_reason(people, admin):
    page = admin.post(f"/patients/{people.patient.uuid}/hold/", {"reason": ""}, follow=True)
    assert "Say why the record must be kept." in page.content.decode()
    assert not people.patient.legal_holds.exists()


def test_receipts_of_another_clinic_are_not_shown(people, admin):
    admin.post(f"/patients/{people.patient.uuid}/erase/", {"reason": "request", "name": "Pat Example"})
    receipt = ErasureReceipt.objects.get()
    ErasureReceipt.objects.update(clinic=people.other_clinic)
    assert str(receipt.uuid) not in admin.get("/erasures/").content.decode()
