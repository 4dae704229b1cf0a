"""Retention: whose time is over by the rule of their clinic, and what the command does about it."""

import datetime

import pytest
from django.core.management import call_command
from django.utils import timezone

from patients.holds import place_hold
from patients.models import ErasureReceipt, Patient
from patients.retention import _months_before, overdue
from tests import factories as make

TODAY = datetime.date(2026, 11, 27)


@pytest.fixture
def old(people):
    """A patient of whom the last came four years ago, in a clinic that keeps records for three."""
    people.clinic.retention_months = 36
    people.clinic.save()
    patient = people.patient
    long_ago = timezone.make_aware(datetime.datetime(2022, 11, 26, 12))
    recording = make.RecordingFactory(patient=patient)
    type(recording).objects.filter(pk=recording.pk).update(created_at=long_ago)
    Patient.objects.filter(pk__in=[patient.pk, people.other_patient.pk]).update(created_at=long_ago)
    make.PatientFactory(clinic=people.clinic, name="Just added")
    return patient


def test_only_the_patient_whose_time_is_over_is_named(old):
    (found,) = overdue(TODAY)
    assert (found.patient, found.last, found.is_held) == (old, datetime.date(2022, 11, 26), False)


def test_a_clinic_without_a_rule_keeps_for_ever(people, old):
    people.clinic.retention_months = None
    people.clinic.save()
    assert overdue(TODAY) == []


@pytest.mark.parametrize(
    ("fields", "counts"),
    [
        ({"starts_on": datetime.date(2022, 1, 1), "ends_on": datetime.date(2024, 1, 1)}, True),
        ({"starts_on": datetime.date(2022, 1, 1), "ends_on": datetime.date(2022, 2, 1)}, False),
        ({"starts_on": datetime.date(2026, 1, 1)}, True),
        ({"starts_on": datetime.date(2020, 1, 1)}, False),
    ],
)
def test_a_prescription_counts_until_it_ends(old, fields, counts):
    make.PrescriptionFactory(patient=old, **fields)
    assert (overdue(TODAY) == []) == counts


def test_a_dry_run_names_and_erases_nobody(old, capsys):
    call_command("retention", "--dry-run")
    said = capsys.readouterr().out
    assert f"{old.uuid}  last 2022-11-26  kept 36 months  would be erased" in said
    assert "Pat Example" not in said
    assert Patient.objects.filter(pk=old.pk).exists()


def test_it_erases_and_leaves_a_receipt(old, capsys):
    call_command("retention")
    receipt = ErasureReceipt.objects.get()
    assert str(receipt.uuid) in capsys.readouterr().out
    assert (receipt.reason, receipt.by) == ("retention", None)
    assert not Patient.objects.filter(pk=old.pk).exists()
    assert Patient.objects.count() == 2


def test_a_hold_stops_it(people, old, capsys):
    place_hold(user=people.clinic_admin, patient=old, reason="Court order.")
    call_command("retention")
    assert "legal hold: stays" in capsys.readouterr().out
    assert Patient.objects.filter(pk=old.pk).exists()


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        ((2026, 3, 31), 1, (2026, 2, 28)),
        ((2024, 3, 31), 1, (2024, 2, 29)),
        ((2026, 1, 15), 1, (2025, 12, 15)),
        ((2026, 11, 27), 36, (2023, 11, 27)),
    ],
)
def test_months_back(day, months, expected):
    assert _months_before(datetime.date(*day), months) == datetime.date(*expected)
