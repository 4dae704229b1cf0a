"""The row of a report decides: asked for once, claimed once, kept once, picked up again when lost."""

import datetime
from uuid import UUID

import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from feedback import messages
from feedback.made_queue import claim, give_back
from feedback.models import Report
from feedback.reports.queue import SILENCE, keep_report, request_report, sweep_reports
from feedback.sweep import sweep
from feedback.tasks import make_report
from patients.models import AccessLogEntry
from tests.factories import ReportFactory, days_ago
from tests.site.pages import analysed

Status = Report.Status


@pytest.fixture
def announced(monkeypatch, db):
    ids = []
    monkeypatch.setattr(messages.current_app, "send_task", lambda task, args, **_: ids.append(UUID(args[0])))
    return ids


def ask(people, **changed):
    day = days_ago(1).date()
    return request_report(user=people.lead, patient=people.patient, **{"start": day, "end": day} | changed)


def test_asked_for_twice_it_waits_once(people, announced, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        first, again = ask(people), ask(people)
    assert first == again
    assert announced == [first.uuid]
    assert ask(people, note="Another.") != first
    assert AccessLogEntry.objects.filter(subject="report", action="create").count() == 2


def test_a_reader_may_not_ask(people, announced):
    with pytest.raises(PermissionDenied):
        request_report(user=people.reader, patient=people.patient, start=days_ago(1), end=days_ago(1))


def test_one_worker_claims_it(people, announced):
    report = ask(people)
    assert claim(Report, report.uuid).attempts == 1
    assert claim(Report, report.uuid) is None


def test_the_task_makes_it_and_doing_it_again_changes_nothing(people, announced):
    analysed(people.patient, ["squat.knees_inward"], corrected=True)
    report = ask(people)
    make_report(str(report.uuid))
    report.refresh_from_db()
    assert (report.status, report.file.open().read(5)) == (Status.DONE, b"%PDF-")
    before = report.sha256, report.finished_at
    make_report(str(report.uuid))
    report.refresh_from_db()
    assert (report.sha256, report.finished_at) == before


def test_a_worker_that_was_given_up_on_keeps_nothing(people, announced, private_files):
    report = ask(people)
    late = claim(Report, report.uuid)
    Report.objects.update(status=Status.QUEUED)
    successor = claim(Report, report.uuid)
    assert not keep_report(late, {}, b"late")
    assert [path for path in private_files.rglob("*") if path.is_file()] == []
    assert keep_report(successor, {}, b"made")
    report.refresh_from_db()
    assert report.file.open().read() == b"made"


def test_a_fault_is_tried_three_times(people, announced, monkeypatch, caplog):
    from feedback.reports import making

    def broken(report):
        raise ValueError(f"about {report.patient.name}")

    monkeypatch.setattr(making, "make", broken)
    report = ask(people)
    statuses = []
    for _ in range(4):
        make_report(str(report.uuid))
        report.refresh_from_db()
        statuses.append(report.status)
    assert statuses == [Status.QUEUED, Status.QUEUED, Status.FAILED, Status.FAILED]
    assert people.patient.name not in caplog.text


def test_the_sweep_takes_it_from_a_silent_worker_and_sends_it_again(announced):
    report = ReportFactory()
    claim(Report, report.uuid)
    old = timezone.now() - SILENCE - datetime.timedelta(seconds=1)
    assert sweep_reports(timezone.now()) == 0
    Report.objects.update(heartbeat_at=old, announced_at=old)
    assert sweep().reports == 1
    assert announced == [report.uuid]
    assert claim(Report, report.uuid).attempts == 2
    assert sweep().reports == 0


def test_after_three_silent_workers_it_has_failed(announced):
    report = ReportFactory()
    claimed = claim(Report, report.uuid)
    Report.objects.update(attempts=3, heartbeat_at=timezone.now() - 2 * SILENCE)
    sweep_reports(timezone.now())
    report.refresh_from_db()
    assert report.status == Status.FAILED
    give_back(claimed)  # the first worker, back from the dead
    report.refresh_from_db()
    assert report.status == Status.FAILED
