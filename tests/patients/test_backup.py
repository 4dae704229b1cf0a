"""What is saved comes back to the byte, into an empty site only; a damaged archive is refused first."""

import json
import os
import tarfile
from pathlib import Path
from threading import Thread

import pytest
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from feedback.models import Repetition
from patients import backup
from patients import restore as restoring
from patients.backup import BackupError, back_up, count_rows
from patients.models import ApiKey, Patient, User
from patients.restore import restore
from tests import factories as make
from tests.processes import run_python, temporary_database
from tests.site.pages import analysed

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def archive(tmp_path, people) -> Path:
    """The archive of a site with people, groups, results, a log and files."""
    analysed(people.patient, ["squat.knees_inward", "squat.correct"], corrected=True)
    make.VerdictFactory(
        repetition=Repetition.objects.first(), clinician=people.lead, note="Knie\u2028nach außen"
    )
    make.ExportFactory(patient=people.patient, requested_by=people.lead)
    out = tmp_path / "site.tar"
    call_command("backup", out)
    return out


def _empty(private_files: Path) -> None:
    for file in private_files.rglob("*"):
        if file.is_file():
            file.unlink()
    call_command("flush", interactive=False)


def _manifest(archive: Path) -> dict:
    with tarfile.open(archive) as tar:
        return json.loads(tar.extractfile("manifest.json").read())


def test_what_is_restored_is_what_was_saved(archive, tmp_path, private_files, capsys):
    before = {"rows": count_rows(), "motion": bytes(Repetition.objects.first().motion)}
    _empty(private_files)
    assert not User.objects.exists()
    call_command("restore", archive)
    printed = capsys.readouterr().out
    assert before == {"rows": count_rows(), "motion": bytes(Repetition.objects.first().motion)}
    assert [line.split() for line in printed.splitlines() if line.startswith("files")] == [
        ["files", "2", "2", "same"]
    ]
    again = _manifest(_saved(tmp_path / "again.tar"))
    assert again["parts"] == _manifest(archive)["parts"]


def _saved(out: Path) -> Path:
    back_up(out)
    return out


def test_new_rows_get_new_ids_after_a_restore(archive, private_files):
    _empty(private_files)
    restore(archive)
    highest = Patient.objects.order_by("-pk").first().pk
    assert make.PatientFactory().pk > highest


def test_only_its_owner_reads_the_archive_and_nothing_is_overwritten(archive):
    content = archive.read_bytes()
    assert archive.stat().st_mode & 0o777 == 0o600
    with pytest.raises(CommandError, match="exists already"):
        call_command("backup", archive)
    assert archive.read_bytes() == content
    assert [file.name for file in archive.parent.glob("*.tar*")] == ["site.tar"]


def test_a_backup_that_fails_leaves_nothing(people, tmp_path, monkeypatch):
    monkeypatch.setattr("patients.backup._write_rows", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        back_up(tmp_path / "site.tar")
    assert list(tmp_path.glob("*.tar*")) == []


def test_a_missing_file_is_told_and_the_rest_is_saved(people, tmp_path, capsys):
    recording = make.RecordingFactory(patient=people.patient)
    kept = make.RecordingFactory(patient=people.patient)
    default_storage.delete(recording.file.name)
    call_command("backup", tmp_path / "site.tar")
    assert recording.file.name in capsys.readouterr().err
    manifest = _manifest(tmp_path / "site.tar")
    assert manifest["missing"] == [recording.file.name]
    assert f"files/{kept.file.name}" in manifest["parts"]


def test_a_site_with_people_is_not_restored_into(archive):
    before = count_rows()
    with pytest.raises(CommandError, match="people or clinics already"):
        call_command("restore", archive)
    assert count_rows() == before


@pytest.mark.parametrize("where", ["rows", "files", "manifest", "end"])
def test_a_damaged_archive_is_refused_before_any_work(archive, private_files, where):
    content = bytearray(archive.read_bytes())
    with tarfile.open(archive) as tar:
        entry = next((one for one in tar if one.name.startswith(where) and one.size), None)
    if entry is None:
        del content[len(content) // 2 :]
    else:
        content[entry.offset_data + entry.size // 2] ^= 1
    archive.write_bytes(content)
    _empty(private_files)
    before = count_rows()
    with pytest.raises(BackupError) as refused:
        restore(archive)
    assert refused.value.code == "damaged"
    assert count_rows() == before
    assert not any(file.is_file() for file in private_files.rglob("*"))


def test_another_file_is_refused(tmp_path):
    other = tmp_path / "other.tar"
    other.write_bytes(b"not a tar at all")
    with pytest.raises(CommandError, match="no whole archive"):
        call_command("restore", other)
    with pytest.raises(CommandError, match="Nothing was restored"):
        call_command("restore", tmp_path / "nowhere.tar")


def test_an_archive_of_another_version_is_refused(archive, private_files, monkeypatch):
    _empty(private_files)
    monkeypatch.setattr(restoring, "migrations_here", lambda: ["patients.0001_initial"])
    with pytest.raises(CommandError, match="other migrations"):
        call_command("restore", archive)


def test_a_restore_that_is_not_the_same_is_taken_back(archive, private_files, monkeypatch):
    _empty(private_files)
    before = count_rows()
    whole = restoring._restore_files

    def loses_one(tar, manifest, written):
        whole(tar, manifest, written)
        default_storage.delete(written[0])

    monkeypatch.setattr(restoring, "_restore_files", loses_one)
    with pytest.raises(CommandError, match="Not as in the archive: files"):
        call_command("restore", archive)
    assert count_rows() == before
    assert not any(file.is_file() for file in private_files.rglob("*"))


def test_a_backup_sees_one_moment(people, tmp_path, monkeypatch):
    """What another connection writes meanwhile is neither waited for nor half in the archive."""
    whole, done = backup._write_rows, []

    def writes(model, out):
        if not done:
            thread = Thread(target=_adds_a_key, args=(people.lead,))
            thread.start()
            thread.join(timeout=10)
            done.append(not thread.is_alive())
        whole(model, out)

    monkeypatch.setattr(backup, "_write_rows", writes)
    manifest = back_up(tmp_path / "site.tar")
    assert done == [True]
    assert ApiKey.objects.count() == 1
    assert manifest["rows"][ApiKey._meta.db_table] == 0
    with tarfile.open(tmp_path / "site.tar") as tar:
        assert tar.extractfile("rows/patients.ApiKey.jsonl").read() == b""


def _adds_a_key(user: User) -> None:
    now = timezone.now()
    try:
        ApiKey.objects.create(user=user, name="k", prefix="abcdefgh", key_sha256="0", expires_at=now)
    finally:
        connection.close()


@pytest.mark.services
def test_a_site_moves_from_sqlite_to_postgresql_and_back(tmp_path):
    """As docs/operations.md says it: backup, migrate, restore; each in a process of its own."""
    parts = []
    with temporary_database(os.environ["DATABASE_URL"]) as database:
        fill = f"sqlite:///{tmp_path / 'first.sqlite3'}"
        again = f"sqlite:///{tmp_path / 'second.sqlite3'}"
        for number, url in enumerate([fill, database, again]):
            site = {
                "DATABASE_URL": url,
                "DATA_DIR": str(tmp_path / f"data{number}"),
                "CELERY_BROKER_URL": "",
                "SECRET_KEY": "x",
            }
            _run(site, "manage.py", "migrate", "--verbosity", "0")
            if number == 0:
                _run(site, "-c", "import django; django.setup(); from tests.migrating import fill; fill()")
            else:
                printed = _run(site, "manage.py", "restore", str(tmp_path / f"{number - 1}.tar"))
                assert all(line.endswith("same") for line in printed.splitlines()[1:])
            _run(site, "manage.py", "backup", str(tmp_path / f"{number}.tar"))
            _run(site, "manage.py", "check_access_log")
            parts.append(_manifest(tmp_path / f"{number}.tar"))
    assert parts[0]["rows"] == parts[1]["rows"] == parts[2]["rows"]
    files = [{name: part for name, part in one["parts"].items() if "files/" in name} for one in parts]
    assert len(files[0]) > 3
    assert files[0] == files[1] == files[2]
    assert parts[0]["parts"] == parts[2]["parts"]  # the way back gives the first site's rows to the byte


def _run(site: dict[str, str], *arguments: str) -> str:
    environment = os.environ | site | {"DJANGO_SETTINGS_MODULE": "exfb_site.settings", "PYTHONPATH": "."}
    return run_python(environment, *arguments)
