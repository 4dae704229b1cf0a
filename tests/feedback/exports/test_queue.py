"""An export's way: asked for once, made once, kept for some days, gone afterwards."""

import datetime
from zipfile import ZipFile

import pytest
from django.core.files.storage import default_storage
from django.http import Http404
from django.utils import timezone

from feedback.exports import making
from feedback.exports.answers import export_file
from feedback.exports.content import Choice
from feedback.exports.queue import request_export, sweep_exports
from feedback.made_queue import claim
from feedback.models import Export
from feedback.tasks import make_export
from patients.models import CareAssignment
from tests.feedback.exports.zips import made
from tests.site.pages import analysed


@pytest.fixture
def export(people):
    analysed(people.patient, ["squat.knees_inward", "squat.correct"], corrected=True)
    analysed(people.other_patient, ["squat.correct"])
    asked, created = request_export(
        user=people.lead, patient=people.patient, content="motions", choice=Choice(("trc",), "opensim")
    )
    assert created
    return asked


def test_it_is_made_and_can_be_taken_for_a_week(people, export):
    made(export)
    assert (export.status, export.done, export.total) == ("done", 2, 2)
    assert abs(export.expires_at - timezone.now() - datetime.timedelta(days=7)) < datetime.timedelta(
        minutes=1
    )
    with export.file.open("rb") as file, ZipFile(file) as archive:
        assert len([name for name in archive.namelist() if name.endswith(".trc")]) == 3
    assert export.size_bytes == default_storage.size(export.file.name)
    assert "pat" not in export.file.name.lower()


def test_who_asks_twice_gets_the_one_that_is_open(people, export):
    again, created = request_export(
        user=people.lead, patient=people.patient, content="motions", choice=Choice()
    )
    assert (again.pk, created) == (export.pk, False)
    other, created = request_export(
        user=people.colleague, patient=people.patient, content="motions", choice=Choice()
    )
    assert created
    assert other.pk != export.pk


def test_a_message_that_comes_twice_does_nothing_the_second_time(export, monkeypatch):
    made(export)
    monkeypatch.setattr(making, "make", lambda export: pytest.fail("made twice"))
    make_export(str(export.uuid))


def test_what_fails_is_tried_three_times_and_then_says_so(export, monkeypatch, caplog):
    def broken(export):
        raise OSError(f"/secret/place of {export.patient.name}")

    monkeypatch.setattr(making, "make", broken)
    for status in ("queued", "queued", "failed"):
        assert made(export).status == status
    assert "Pat Example" not in caplog.text
    assert "failed with OSError" in caplog.text


def test_a_dead_workers_export_is_given_to_another_and_a_lost_message_sent_again(export):
    claim(Export, export.uuid)
    old = timezone.now() - datetime.timedelta(hours=1)
    Export.objects.update(heartbeat_at=old, announced_at=old)
    assert sweep_exports(timezone.now()) == 1
    export.refresh_from_db()
    assert export.status == "queued"
    assert export.announced_at > old
    assert made(export).status == "done"


def test_who_was_given_up_on_cannot_overwrite_a_successor(export):
    first = claim(Export, export.uuid)
    Export.objects.filter(pk=export.pk).update(status="queued")
    second = claim(Export, export.uuid)
    assert making.make(second)
    kept = Export.objects.get(pk=export.pk).file.name
    assert not making.make(first)
    assert Export.objects.get(pk=export.pk).file.name == kept
    assert default_storage.exists(kept)
    assert len(default_storage.listdir(f"exports/{export.uuid.hex[:2]}")[1]) == 1


def test_an_expired_one_is_deleted_with_its_file(people, export):
    made(export)
    name = export.file.name
    assert sweep_exports(timezone.now()) == 0
    Export.objects.update(expires_at=timezone.now() - datetime.timedelta(seconds=1))
    assert sweep_exports(timezone.now()) == 1
    assert not default_storage.exists(name)
    assert not Export.objects.exists()


def test_nobody_takes_what_another_asked_for_and_nobody_who_lost_access(people, export):
    made(export)
    assert export_file(people.lead, export.uuid).status_code == 200
    for other in (people.colleague, people.clinic_admin, people.patient_user):
        with pytest.raises(Http404):
            export_file(other, export.uuid)
    CareAssignment.objects.filter(membership__user=people.lead).delete()
    with pytest.raises(Http404):
        export_file(people.lead, export.uuid)


def test_it_is_not_made_for_who_lost_access_meanwhile(people, export):
    CareAssignment.objects.filter(membership__user=people.lead).delete()
    make_export(str(export.uuid))
    assert not Export.objects.filter(pk=export.pk).exists()


def test_of_another_patient_there_is_nothing_in_it(people, export):
    made(export)
    others = people.other_patient.recordings.get().uuid
    with export.file.open("rb") as file, ZipFile(file) as archive:
        assert str(others) not in archive.read("findings.csv").decode()


def test_until_it_is_ready_there_is_no_file(people, export):
    with pytest.raises(Http404):
        export_file(people.lead, export.uuid)


def test_an_open_one_of_an_erased_row_leaves_no_file(export):
    held = claim(Export, export.uuid)
    Export.objects.all().delete()
    assert not making.make(held)
    assert not default_storage.exists("exports") or default_storage.listdir("exports")[1] == []
