"""The access log: who, what and why; a change to it shows, and an erasure leaves it whole."""

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction
from django.http import Http404

from patients.access_log import seal_log, walk
from patients.erasure import erase_patient
from patients.models import AccessLogEntry, AccessSeal, ErasureReceipt
from patients.permissions import get_patient, log_access, log_listing
from tests import factories as make

READ = AccessLogEntry.Action.READ


def read_often(people, times: int = 3, patient=None) -> None:
    patient = patient or people.patient
    for _ in range(times):
        log_access(people.lead, patient, READ, "patient", patient.uuid)


@pytest.fixture
def sealed(people):
    """A chain of ten links over two patients' entries."""
    read_often(people, 3)
    read_often(people, 4, people.other_patient)
    read_often(people, 3)
    assert seal_log() == 10
    return people


@pytest.mark.parametrize(
    ("who", "ground"),
    [
        ("patient_user", "own"),
        ("lead", "lead"),
        ("colleague", "colleague"),
        ("reader", "reader"),
        ("clinic_admin", "admin"),
        ("stranger", "none"),
        ("unassigned", "none"),
    ],
)
def test_an_entry_says_why_the_person_may(people, who, ground, django_assert_num_queries):
    user = getattr(people, who)
    with django_assert_num_queries(1):
        log_access(user, people.patient, READ, "patient", people.patient.uuid)
    with django_assert_num_queries(1):
        log_listing(user, [people.patient, people.patient], "session")
    assert list(AccessLogEntry.objects.values_list("user", "ground")) == [(user.pk, ground)] * 2


def test_who_left_the_care_team_has_no_ground_any_more(people):
    people.reader.memberships.update(is_active=False)
    log_access(people.reader, people.patient, READ, "patient", people.patient.uuid)
    assert AccessLogEntry.objects.get().ground == "none"


def test_a_whole_chain_is_whole_and_its_head_can_be_noted(sealed):
    found = walk()
    assert (found.links, found.unsealed, found.fault) == (10, 0, "")
    read_often(sealed, 2)
    assert walk(found.head).unsealed == 2
    assert seal_log() == 2
    assert walk(found.head).fault == ""
    assert walk().head != found.head
    assert seal_log() == 0


def test_entries_are_sealed_in_order_in_several_parts(people, monkeypatch):
    monkeypatch.setattr("patients.access_log._AT_ONCE", 3)
    read_often(people, 8)
    assert seal_log() == 8
    assert walk().links == 8
    in_order = AccessLogEntry.objects.order_by("pk").values_list("number", flat=True)
    assert list(in_order) == [1, 2, 3, 4, 5, 6, 7, 8]


def change(number: int, /, **columns: object) -> None:
    assert AccessLogEntry.objects.filter(number=number).update(**columns)


TAMPERINGS = {
    "user": (lambda people: change(4, user=people.stranger), 4),
    "patient": (lambda people: change(5, patient=people.patient), 5),
    "action": (lambda people: change(6, action="change"), 6),
    "ground": (lambda people: change(1, ground="own"), 1),
    "time": (lambda people: change(3, at=AccessLogEntry.objects.get(number=4).at), 3),
    "subject": (lambda people: change(10, subject="motion"), 10),
    "what": (lambda people: change(2, subject_uuid=people.patient.user.uuid), 2),
    "taken out": (lambda people: AccessLogEntry.objects.filter(number=5).delete(), 5),
    "unsealed again": (lambda people: change(7, number=None), 7),
    "link taken out": (lambda people: AccessSeal.objects.filter(number=4).delete(), 4),
    "both taken out": (
        lambda people: [model.objects.filter(number=8).delete() for model in (AccessLogEntry, AccessSeal)],
        8,
    ),
    "link changed": (lambda people: AccessSeal.objects.filter(number=6).update(content_sha256="0" * 64), 6),
    "end of the chain cut off": (lambda people: AccessSeal.objects.filter(number__gt=7).delete(), 8),
    "sealed later": (
        lambda people: AccessSeal.objects.filter(number=2).update(at=people.lead.date_joined),
        2,
    ),
}


@pytest.mark.parametrize("tampering", TAMPERINGS)
def test_a_change_shows_and_its_place_is_named(sealed, tampering):
    change_it, number = TAMPERINGS[tampering]
    change_it(sealed)
    found = walk()
    assert f"link {number} " in found.fault
    assert found.links == number - 1
    with pytest.raises(CommandError, match=f"link {number} "):
        call_command("check_access_log")


def test_a_chain_that_was_cut_off_or_made_anew_differs_from_what_was_noted(sealed, capsys):
    call_command("check_access_log")
    noted = capsys.readouterr().out.split("head ")[1].strip()
    for model in (AccessLogEntry, AccessSeal):
        model.objects.filter(number__gt=8).delete()
    assert walk().fault == ""
    with pytest.raises(CommandError, match="not the one that was noted"):
        call_command("check_access_log", "--noted", noted)
    read_often(sealed, 2)
    seal_log()
    assert "not the one" in walk(noted).fault
    with pytest.raises(CommandError, match="NUMBER:HASH"):
        call_command("check_access_log", "--noted", "ten")


def test_an_erasure_leaves_the_chain_whole_and_nothing_of_the_patient(sealed):
    gone = [1, 2, 3, 8, 9, 10]
    receipt = erase_patient(patient=sealed.patient, reason="request", user=sealed.clinic_admin)
    assert receipt.log_numbers == gone
    assert not AccessLogEntry.objects.filter(number__in=gone).exists()
    for _ in range(2):  # before the receipt is sealed, and after
        found = walk()
        assert (found.erased, found.fault) == (6, "")
        seal_log()
    assert walk().links == 11
    AccessLogEntry.objects.get(number=4).delete()
    assert "link 4 " in walk().fault


def test_a_receipt_cannot_be_made_to_cover_a_deletion(sealed):
    erase_patient(patient=sealed.patient, reason="request", user=sealed.clinic_admin)
    seal_log()
    AccessLogEntry.objects.filter(number=4).delete()
    receipt = ErasureReceipt.objects.get()
    receipt.log_numbers.append(4)
    receipt.save()
    assert "link 11 was changed" in walk().fault


def test_an_erasure_that_is_not_proved_takes_no_entry(sealed, monkeypatch):
    monkeypatch.setattr("patients.erasure.remains", lambda found: iter(["somewhere"]))
    with pytest.raises(Exception, match="Not everything"):
        erase_patient(patient=sealed.patient, reason="request", user=sealed.clinic_admin)
    assert walk().links == 10
    assert walk().fault == ""


def test_what_is_hidden_is_noted_and_of_what_is_not_there_no_id(people):
    with pytest.raises(Http404):
        get_patient(people.stranger, people.patient.uuid)
    with pytest.raises(Http404):
        get_patient(people.stranger, people.lead.uuid)
    there, absent = AccessLogEntry.objects.order_by("pk")
    assert (there.action, there.patient, there.ground) == ("refused", people.patient, "none")
    assert there.subject_uuid == people.patient.uuid
    assert (absent.action, absent.patient, absent.subject_uuid) == ("refused", None, None)
    seal_log()
    assert walk().fault == ""


THINGS = ["session", "recording", "analysis", "repetition", "report", "export", "note", "prescription"]


@pytest.mark.parametrize("thing", THINGS)
def test_whoever_asks_for_anything_of_a_patient_in_vain_is_in_the_log(people, client, thing):
    from tests.access import make_world

    world = make_world(people)
    addresses = {
        "session": "/sessions/{}/",
        "recording": "/recordings/{}/file/",
        "analysis": "/api/v1/analyses/{}/",
        "repetition": "/api/v1/repetitions/{}/motion/",
        "report": "/reports/{}/file/",
        "export": "/exports/{}/file/",
        "note": "/api/v1/notes/{}/delete/",
        "prescription": "/prescriptions/{}/end/",
    }
    client.force_login(people.unassigned)
    ask = client.post if thing in ("note", "prescription") else client.get
    assert ask(addresses[thing].format(getattr(world, thing))).status_code == 404
    entry = AccessLogEntry.objects.get(user=people.unassigned)
    assert (entry.action, entry.patient, entry.ground) == ("refused", people.patient, "none")
    assert entry.subject_uuid == getattr(world, thing)


def test_a_refusal_is_noted_though_what_else_was_done_is_undone(people, client, monkeypatch):
    """Where a service refuses within its transaction, the line that it wrote goes too."""
    from patients import views

    def refuses(user, uuid):
        with transaction.atomic():
            log_access(user, people.patient, "refused", "patient", uuid)
            raise Http404

    monkeypatch.setattr(views, "original_file", refuses)
    recording = make.RecordingFactory(patient=people.patient)
    client.force_login(people.lead)
    assert client.get(f"/recordings/{recording.uuid}/file/").status_code == 404
    assert AccessLogEntry.objects.get(action="refused").subject_uuid == recording.uuid


def test_one_refusal_is_one_entry(people, client):
    client.force_login(people.reader)
    assert client.get(f"/patients/{people.patient.uuid}/upload/").status_code == 403
    assert AccessLogEntry.objects.filter(action="refused").count() == 1
