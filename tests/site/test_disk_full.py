"""A full disk: whoever sends something reads so, nothing half-written stays, and what was there is whole."""

import errno
import os
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage
from django.db import OperationalError
from django.test import Client

from feedback.exports import queue as exports
from feedback.models import Export, Report
from feedback.tasks import make_export, make_report
from patients.models import Recording
from patients.services import receive_recording
from tests import factories as make
from tests.motions import pose_upload

_write = os.write


class FullDisk:
    """Lets a file be written up to a number of bytes; one without room behaves as the system does."""

    def __init__(self, room: int) -> None:
        self.room = room

    def __call__(self, descriptor: int, content: bytes) -> int:
        if not self.room:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        written = _write(descriptor, bytes(content)[: self.room])
        self.room -= written
        return written


@pytest.fixture
def full(monkeypatch):
    """The folder of private files has room for a hundred bytes more."""
    save = FileSystemStorage._save
    disk = FullDisk(100)

    def saves(self, name, content):
        path = Path(self.path(name))
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
        try:
            for chunk in content.chunks():
                disk(descriptor, chunk)
                disk(descriptor, chunk[100:])
        finally:
            os.close(descriptor)
        return name

    monkeypatch.setattr(FileSystemStorage, "_save", saves)
    yield
    monkeypatch.setattr(FileSystemStorage, "_save", save)


def files_in(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def client_for(user) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(user)
    return client


@pytest.mark.parametrize("address", ["/api/v1/recordings/", "/patients/{}/upload/", "/me/upload/"])
def test_an_upload_is_refused_in_words_and_nothing_stays(people, full, private_files, address):
    user = people.patient_user if "me" in address else people.lead
    sent = {"patient": people.patient.uuid, "file": pose_upload()}
    answer = client_for(user).post(address.format(people.patient.uuid), sent)
    assert answer.status_code == 507
    assert "There is no room left on the disk" in answer.content.decode()
    if "api" in address:
        assert answer.json()["errors"][0]["code"] == "storage_full"
    assert not Recording.objects.exists()
    assert files_in(private_files) == []


def test_the_same_upload_is_kept_once_there_is_room(people, private_files, request):
    def post():
        sent = {"patient": people.patient.uuid, "file": pose_upload()}
        headers = {"Idempotency-Key": "again"}
        return client_for(people.lead).post("/api/v1/recordings/", sent, headers=headers).status_code

    request.getfixturevalue("full")
    assert post() == 507
    request.getfixturevalue("monkeypatch").undo()
    assert post() == 202
    assert len(files_in(private_files)) == Recording.objects.count() == 1


def test_a_database_without_room_keeps_neither_row_nor_file(people, private_files, monkeypatch):
    def fails(*arguments, **named):
        raise OperationalError("database or disk is full")

    monkeypatch.setattr(Recording, "save", fails)
    with pytest.raises(OperationalError):
        receive_recording(patient=people.patient, user=people.lead, file=pose_upload(), name="a.json")
    sent = {"patient": people.patient.uuid, "file": pose_upload()}
    assert client_for(people.lead).post("/api/v1/recordings/", sent).status_code == 507
    assert files_in(private_files) == []


def test_another_fault_of_the_system_is_no_full_disk(people, monkeypatch):
    def fails(*arguments, **named):
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(FileSystemStorage, "_save", fails)
    sent = {"file": pose_upload()}
    assert client_for(people.lead).post(f"/patients/{people.patient.uuid}/upload/", sent).status_code == 500


def test_a_browser_reads_so_where_even_the_request_has_no_room(people, monkeypatch):
    """Large bodies are written to a temporary file before any view sees them."""

    def fails(self, *arguments):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("django.core.files.uploadhandler.MemoryFileUploadHandler.receive_data_chunk", fails)
    for address in (f"/patients/{people.patient.uuid}/upload/", "/api/v1/recordings/"):
        sent = {"patient": people.patient.uuid, "file": pose_upload()}
        assert client_for(people.lead).post(address, sent).status_code == 507


def test_an_export_without_room_is_tried_again_and_leaves_nothing(people, full, private_files, request):
    export = make.ExportFactory(patient=people.patient, requested_by=people.lead, file="", status="queued")
    make_export(str(export.uuid))
    export.refresh_from_db()
    assert (export.status, export.file.name) == (Export.Status.QUEUED, "")
    assert files_in(private_files) == []
    request.getfixturevalue("monkeypatch").undo()
    make_export(str(export.uuid))
    export.refresh_from_db()
    assert export.status == Export.Status.DONE
    assert len(files_in(private_files)) == 1


def test_a_report_without_room_is_tried_again_and_leaves_nothing(people, full, private_files):
    report = make.ReportFactory(patient=people.patient, requested_by=people.lead, status="queued")
    make_report(str(report.uuid))
    report.refresh_from_db()
    assert (report.status, report.file.name) == (Report.Status.QUEUED, "")
    assert files_in(private_files) == []


def test_what_another_attempt_has_written_stays(people, full, private_files):
    """Two attempts at one export: the one that fails takes its own half away only."""
    other = make.ExportFactory(patient=people.patient, requested_by=people.lead, file="", status="running")
    whole = private_files / exports.Export.file.field.generate_filename(other, "x")
    whole.parent.mkdir(parents=True)
    whole.write_bytes(b"whole")
    with pytest.raises(OSError, match="No space left"):
        exports.keep_export(other, ContentFile(b"x" * 300), 300)
    assert files_in(private_files) == [whole]
