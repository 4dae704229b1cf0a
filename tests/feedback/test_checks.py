"""Each check fails on what it is there for, and then names what to do; the doctor tells all of them."""

import io
import re
from datetime import timedelta
from pathlib import Path

import pytest
from celery import current_app
from django.core.management import call_command
from django.utils import timezone

from feedback import checks
from feedback.models import Analysis, ModelRelease
from feedback.releases import activate_release, install_release
from tests.factories import AnalysisFactory, WorkerFactory
from tests.releases import write_untrained_release

Status = Analysis.Status


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return write_untrained_release(tmp_path_factory.mktemp("releases") / "untrained")


@pytest.fixture
def healthy(db, folder):
    """A site where every check passes."""
    activate_release(release=install_release(folder=folder))
    WorkerFactory()


def doctor() -> str:
    out = io.StringIO()
    call_command("doctor", stdout=out)
    return out.getvalue()


def test_the_doctor_tells_every_check(healthy):
    lines = doctor().splitlines()
    assert [line.split()[:2] for line in lines] == [["ok", check.name] for check in checks.CHECKS]


def test_what_fails_names_its_remedy_and_the_doctor_ends_with_1(healthy, capsys):
    ModelRelease.objects.update(is_active=False, sha256="0")
    ModelRelease.objects.update(is_active=True)
    out = io.StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("doctor", stdout=out)
    assert ended.value.code == 1
    assert re.search(r"^FAIL  release_files .*\n +-> Copy the release again", out.getvalue(), re.M)
    assert out.getvalue().endswith("1 of these need you.\n")


def test_a_disk_without_room_or_right_to_write_fails(settings, tmp_path, monkeypatch):
    assert checks.disk().ok
    monkeypatch.setattr("shutil.disk_usage", lambda folder: type("Usage", (), {"free": 10**8}))
    assert "0.1 GB" in checks.disk().says
    assert not checks.disk().ok
    settings.DATA_DIR = tmp_path / "absent"
    assert not checks.disk().ok


def test_a_broker_server_that_is_down_is_told_quickly(settings, monkeypatch):
    settings.CELERY_BROKER_URL = "redis://127.0.0.1:1/0"
    app = current_app._get_current_object()
    connection = app.connection_for_write(
        settings.CELERY_BROKER_URL, transport_options={"socket_connect_timeout": 1}
    )
    monkeypatch.setattr(app, "connection_for_write", lambda: connection)
    started = timezone.now()
    assert not checks.broker().ok
    assert (timezone.now() - started).total_seconds() < 5


def test_a_device_that_is_not_there_fails(settings):
    assert checks.device().ok
    settings.DEVICE = "xpu:9"
    assert not checks.device().ok


def test_a_clock_that_is_wrong_fails(db, monkeypatch):
    assert checks.clock().ok
    later = timezone.now() + timedelta(minutes=2)
    monkeypatch.setattr("django.utils.timezone.now", lambda: later)
    assert re.search("differ by 1[12][0-9] s", checks.clock().says)


def test_a_worker_that_is_ahead_of_this_machine_fails_the_clock(db):
    WorkerFactory(seen_at=timezone.now() + timedelta(minutes=1))
    assert not checks.clock().ok


def test_a_missing_or_changed_file_of_the_release_fails(healthy, folder, monkeypatch):
    assert checks.release_files().ok
    monkeypatch.setattr("feedback.releases.sha256", lambda path: "0")
    assert "missing or changed" in checks.release_files().says


def test_without_a_worker_and_without_a_release(db, monkeypatch, tmp_path):
    monkeypatch.setattr("ml.manifest.RELEASES", tmp_path)
    assert not checks.release().ok
    assert not checks.workers().ok


def test_what_waits_for_long_fails(db):
    assert checks.queue().ok
    analysis = AnalysisFactory()
    assert checks.queue().ok
    Analysis.objects.filter(pk=analysis.pk).update(queued_at=timezone.now() - timedelta(hours=1))
    assert "oldest for 3600 s" in checks.queue().says
    assert not checks.queue().ok


@pytest.mark.parametrize(
    ("status", "field"), [(Status.RUNNING, "heartbeat_at"), (Status.QUEUED, "announced_at")]
)
def test_what_the_sweep_left_fails(db, status, field):
    analysis = AnalysisFactory(status=status)
    assert checks.sweep().ok
    Analysis.objects.filter(pk=analysis.pk).update(**{field: timezone.now() - timedelta(hours=1)})
    assert not checks.sweep().ok


def test_every_check_is_described_for_operators():
    text = (Path(__file__).parents[2] / "docs" / "operations.md").read_text()
    rows = {row[1]: row for row in re.findall(r"^(\| `(\w+)` \|.*)$", text, re.M)}
    for check in checks.CHECKS:
        row = rows[check.name][0]
        assert row.endswith("| yes |") == check.decides
        assert ("doctor only" in row) == check.slow
