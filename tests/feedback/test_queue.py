"""An analysis is announced after commit, claimed once, kept once, and never lost."""

import datetime
import threading
import time

import numpy as np
import pytest
from celery import Celery, current_app
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.http import Http404
from django.utils import timezone
from kombu.exceptions import OperationalError

from feedback import queue
from feedback.models import Analysis, Correction, ExerciseSession, Repetition
from feedback.motions import unpack_motion
from feedback.queue import (
    cancel,
    claim,
    claim_next,
    fail,
    give_back,
    record_step,
    request_analysis,
    retry,
)
from feedback.results import store_results
from patients.models import AccessLogEntry
from tests.environment import exfb_settings
from tests.factories import AnalysisFactory, ModelReleaseFactory, RecordingFactory, make_people
from tests.feedback.results import recording_result

Status = Analysis.Status


@pytest.fixture
def sent(monkeypatch):
    """The messages that went out."""
    messages = []
    monkeypatch.setattr(
        current_app._get_current_object(),
        "send_task",
        lambda name, args, **options: messages.append((name, *args)),
    )
    return messages


def claimed(**values) -> Analysis:
    analysis = AnalysisFactory(**values)
    taken = claim(analysis_id=analysis.uuid, worker="w:1")
    assert taken is not None
    return taken


def test_a_message_is_sent_only_after_commit(db, sent, django_capture_on_commit_callbacks):
    ModelReleaseFactory()
    recording = RecordingFactory()
    with django_capture_on_commit_callbacks(execute=True):
        analysis = request_analysis(recording=recording)
        assert sent == []
    assert sent == [("feedback.analyse", str(analysis.uuid))]
    assert analysis.status == Status.QUEUED
    assert analysis.session.patient == recording.patient


def test_asking_twice_queues_once(db, sent, django_capture_on_commit_callbacks):
    ModelReleaseFactory()
    recording = RecordingFactory()
    with django_capture_on_commit_callbacks(execute=True):
        first = request_analysis(recording=recording)
        second = request_analysis(recording=recording)
    assert first == second
    assert len(sent) == 1


def test_recordings_of_one_local_day_share_a_session(db, sent, settings):
    settings.TIME_ZONE = "Asia/Tokyo"
    timezone.get_default_timezone.cache_clear()
    ModelReleaseFactory()
    day = datetime.datetime(2026, 5, 4, 23, 30, tzinfo=datetime.UTC)
    first = RecordingFactory(recorded_at=day)
    second = RecordingFactory(recorded_at=day + datetime.timedelta(hours=2), patient=first.patient)
    assert request_analysis(recording=first).session == request_analysis(recording=second).session
    assert ExerciseSession.objects.get().day == datetime.date(2026, 5, 5)
    timezone.get_default_timezone.cache_clear()


def test_without_a_broker_the_analysis_stays_queued(db, monkeypatch, django_capture_on_commit_callbacks):
    def refuse(*args, **kwargs):
        raise OperationalError("no broker")

    monkeypatch.setattr(current_app._get_current_object(), "send_task", refuse)
    ModelReleaseFactory()
    with django_capture_on_commit_callbacks(execute=True):
        analysis = request_analysis(recording=RecordingFactory())
    analysis.refresh_from_db()
    assert analysis.status == Status.QUEUED


def test_without_a_release_nothing_is_queued_and_nothing_breaks(db, monkeypatch):
    monkeypatch.setattr(queue, "release_in_use", lambda: None)
    assert request_analysis(recording=RecordingFactory()) is None


def test_a_claim_is_won_once(db):
    analysis = AnalysisFactory()
    taken = claim(analysis_id=analysis.uuid, worker="w:1")
    assert (taken.status, taken.attempts, taken.worker, taken.step) == (Status.RUNNING, 1, "w:1", "reading")
    assert claim(analysis_id=analysis.uuid, worker="w:2") is None


def test_the_queue_is_taken_in_order_of_arrival_within_a_priority(db):
    again = AnalysisFactory(priority=Analysis.Priority.AGAIN)
    first, second = AnalysisFactory(), AnalysisFactory()
    taken = [claim_next(worker="w:1") for _ in range(4)]
    assert taken == [first, second, again, None]


def test_what_failed_for_no_fault_of_its_own_goes_behind_the_others(db):
    """A disk that is full for a minute must not cost it all of its attempts at once."""
    failing, waiting = AnalysisFactory(), AnalysisFactory()
    taken = claim_next(worker="w:1")
    give_back(analysis=taken, attempt=1, code="internal_error")
    assert [claim_next(worker="w:1") for _ in range(2)] == [waiting, failing]


def test_what_a_dead_worker_held_keeps_its_place(db):
    held, waiting = AnalysisFactory(), AnalysisFactory()
    Analysis.objects.filter(pk=held.pk).update(error_code="worker_lost", attempts=1)
    assert [claim_next(worker="w:1") for _ in range(2)] == [held, waiting]


@pytest.mark.django_db(transaction=True)
def test_workers_that_ask_at_once_take_different_ones():
    analyses, start, taken = AnalysisFactory.create_batch(24), threading.Barrier(6), []

    def work(number):
        start.wait()
        while analysis := claim_next(worker=f"w:{number}"):
            taken.append(analysis.pk)
        connection.close()

    threads = [threading.Thread(target=work, args=[number]) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == sorted(analysis.pk for analysis in analyses)


@pytest.mark.django_db(transaction=True)
def test_of_many_workers_that_claim_at_once_one_wins():
    analysis = AnalysisFactory()
    barrier = threading.Barrier(8)
    won = []

    def take(number: int) -> None:
        barrier.wait()
        if claim(analysis_id=analysis.uuid, worker=f"w:{number}"):
            won.append(number)
        connection.close()

    threads = [threading.Thread(target=take, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1
    analysis.refresh_from_db()
    assert (analysis.attempts, analysis.worker) == (1, f"w:{won[0]}")


def test_results_are_kept_whole(db):
    analysis = claimed()
    result = recording_result()
    assert store_results(analysis=analysis, attempt=1, result=result)
    analysis.refresh_from_db()
    assert (analysis.status, analysis.step, analysis.exercise) == (Status.DONE, "finished", "squat")
    assert analysis.filled == {"left_knee": 0.1}
    first, second = Repetition.objects.order_by("index")
    assert (first.finding, first.start_frame, first.end_frame) == ("squat.knees_inward", 0, 90)
    assert np.abs(unpack_motion(first.motion) - result.performed.positions[:90]).max() <= 0.0005 + 1e-9
    assert first.correction.verified
    assert unpack_motion(first.correction.motion).shape == (90, 19, 3)
    assert not Correction.objects.filter(repetition=second).exists()
    analysis.session.refresh_from_db()
    assert (analysis.session.repetition_count, analysis.session.unreviewed_count) == (2, 2)


def test_nothing_is_kept_of_results_that_cannot_be_stored(db):
    analysis = claimed()
    result = recording_result()
    result.performed.positions[100] = np.nan
    with pytest.raises(ValueError, match="not finite"):
        store_results(analysis=analysis, attempt=1, result=result)
    analysis.refresh_from_db()
    assert analysis.status == Status.RUNNING
    assert not Repetition.objects.exists()


def test_an_attempt_that_lost_its_analysis_keeps_nothing(db):
    late = claimed()
    assert give_back(analysis=late, attempt=1, code="internal_error")
    newer = claim(analysis_id=late.uuid, worker="w:2")
    assert not record_step(analysis=late, attempt=1, step="saving")
    assert not fail(analysis=late, attempt=1, code="internal_error")
    assert not store_results(analysis=late, attempt=1, result=recording_result())
    assert not Repetition.objects.exists()
    assert store_results(analysis=newer, attempt=2, result=recording_result())
    assert not store_results(analysis=newer, attempt=2, result=recording_result())
    assert Repetition.objects.count() == 2


def test_a_step_is_noted_with_the_heart_beat(db):
    analysis = claimed()
    before = analysis.heartbeat_at
    assert record_step(analysis=analysis, attempt=1, step="findings")
    analysis.refresh_from_db()
    assert analysis.step == "findings"
    assert analysis.heartbeat_at > before


def test_a_failure_keeps_the_recording_and_says_why(db):
    analysis = claimed()
    assert fail(analysis=analysis, attempt=1, code="no_repetition_found")
    analysis.refresh_from_db()
    assert (analysis.status, analysis.error_code) == (Status.FAILED, "no_repetition_found")
    assert analysis.finished_at is not None
    with analysis.recording.file.open("rb") as file:
        assert file.read(1) == b"{"


def test_three_attempts_then_it_is_set_aside(db):
    analysis = AnalysisFactory()
    for attempt in (1, 2, 3):
        taken = claim(analysis_id=analysis.uuid, worker="w:1")
        assert taken.attempts == attempt
        assert give_back(analysis=taken, attempt=attempt, code="internal_error")
    assert claim(analysis_id=analysis.uuid, worker="w:1") is None
    analysis.refresh_from_db()
    assert (analysis.status, analysis.error_code) == (Status.NEEDS_ATTENTION, "internal_error")


@pytest.fixture
def failed(db):
    people = make_people()
    analysis = claimed(recording=RecordingFactory(patient=people.patient))
    fail(analysis=analysis, attempt=1, code="no_repetition_found")
    return people, analysis


def test_a_failed_analysis_is_queued_again_by_who_may_upload(
    failed, sent, django_capture_on_commit_callbacks
):
    people, analysis = failed
    with django_capture_on_commit_callbacks(execute=True):
        assert retry(user=people.patient_user, analysis=analysis)
    assert sent == [("feedback.analyse", str(analysis.uuid))]
    analysis.refresh_from_db()
    assert (analysis.status, analysis.attempts, analysis.error_code) == (Status.QUEUED, 0, "")
    assert not retry(user=people.patient_user, analysis=analysis)


def test_one_whose_release_is_gone_is_tried_again_with_the_active_one(people, sent):
    gone, active = ModelReleaseFactory(name="gone", is_active=False), ModelReleaseFactory()
    analysis = claimed(recording=RecordingFactory(patient=people.patient), release=gone)
    fail(analysis=analysis, attempt=1, code="release_unusable")
    analysis.refresh_from_db()
    assert retry(user=people.lead, analysis=analysis)
    analysis.refresh_from_db()
    assert analysis.release == active


def test_one_that_the_active_release_has_analysed_is_tried_again_with_its_own(people, sent):
    gone, active = ModelReleaseFactory(name="gone", is_active=False), ModelReleaseFactory()
    analysis = claimed(recording=RecordingFactory(patient=people.patient), release=gone)
    AnalysisFactory(recording=analysis.recording, release=active)
    fail(analysis=analysis, attempt=1, code="release_unusable")
    analysis.refresh_from_db()
    assert retry(user=people.lead, analysis=analysis)
    analysis.refresh_from_db()
    assert analysis.release == gone


def test_two_requests_in_the_same_instant_ask_the_active_release_once(people, sent, monkeypatch):
    gone, active = ModelReleaseFactory(name="gone", is_active=False), ModelReleaseFactory()
    analysis = claimed(recording=RecordingFactory(patient=people.patient), release=gone)
    fail(analysis=analysis, attempt=1, code="release_unusable")
    analysis.refresh_from_db()

    def asked_by_another_then(_):
        AnalysisFactory(recording=analysis.recording, release=active)
        return active

    monkeypatch.setattr("feedback.queue._usable_for", asked_by_another_then)
    assert not retry(user=people.lead, analysis=analysis)
    analysis.refresh_from_db()
    assert (analysis.release, analysis.status) == (gone, Status.FAILED)


@pytest.mark.parametrize("act", [retry, cancel])
def test_who_may_not_retry_or_cancel(failed, act):
    people, analysis = failed
    with pytest.raises(PermissionDenied):
        act(user=people.reader, analysis=analysis)
    with pytest.raises(Http404):
        act(user=people.stranger, analysis=analysis)


def test_a_cancelled_analysis_is_not_claimed_and_may_be_queued_again(people, sent):
    analysis = AnalysisFactory(recording__patient=people.patient)
    assert cancel(user=people.patient_user, analysis=analysis)
    assert claim(analysis_id=analysis.uuid, worker="w:1") is None
    analysis.refresh_from_db()
    assert (analysis.status, analysis.error_code) == (Status.CANCELLED, "cancelled")
    assert AccessLogEntry.objects.get().subject_uuid == analysis.uuid
    assert not cancel(user=people.lead, analysis=analysis)
    assert retry(user=people.lead, analysis=analysis)
    assert claim(analysis_id=analysis.uuid, worker="w:1") is not None


def test_what_a_worker_finds_after_a_cancel_is_discarded(people):
    analysis = claimed(recording__patient=people.patient)
    assert cancel(user=people.lead, analysis=analysis)
    assert not record_step(analysis=analysis, attempt=1, step="findings")
    assert not store_results(analysis=analysis, attempt=1, result=recording_result())
    assert not fail(analysis=analysis, attempt=1, code="no_repetition_found")
    assert not give_back(analysis=analysis, attempt=1, code="internal_error")
    analysis.refresh_from_db()
    assert (analysis.status, analysis.error_code) == (Status.CANCELLED, "cancelled")
    assert not Repetition.objects.exists()


def test_a_worker_from_before_the_cancel_does_not_end_the_next_attempt(people, sent):
    analysis = claimed(recording__patient=people.patient)
    assert cancel(user=people.lead, analysis=analysis)
    assert retry(user=people.lead, analysis=analysis)
    assert claim(analysis_id=analysis.uuid, worker="w:2").attempts == 1
    assert not store_results(analysis=analysis, attempt=1, result=recording_result())
    assert Analysis.objects.get().worker == "w:2"


@pytest.mark.parametrize("status", [Status.DONE, Status.FAILED, Status.NEEDS_ATTENTION])
def test_what_has_ended_is_not_cancelled(people, status):
    analysis = AnalysisFactory(recording__patient=people.patient, status=status)
    assert not cancel(user=people.lead, analysis=analysis)
    analysis.refresh_from_db()
    assert analysis.status == status


def test_a_message_is_sent_to_the_configured_broker_from_any_thread(db, settings):
    apps = []
    thread = threading.Thread(target=lambda: apps.append(current_app.main))
    thread.start()
    thread.join()
    assert apps == ["exfb"]


def test_a_broker_that_is_away_does_not_keep_an_upload_waiting(monkeypatch):
    """A closed port answers at once; the client must not ask again and again for seconds."""
    monkeypatch.delenv("CELERY_BROKER_URL", raising=False)  # Celery would prefer it to the address below
    options = exfb_settings(CELERY_BROKER_URL="redis://127.0.0.1:1/0")
    app = Celery("away", broker="redis://127.0.0.1:1/0", set_as_current=False)
    app.conf.broker_transport_options = options["CELERY_BROKER_TRANSPORT_OPTIONS"]
    app.conf.task_publish_retry = options["CELERY_TASK_PUBLISH_RETRY"]
    started = time.monotonic()
    with pytest.raises(OperationalError):
        app.send_task(queue.TASK_NAME, args=["x"], ignore_result=True)
    assert time.monotonic() - started < 3
