"""The task claims, computes and keeps; whatever a recording does, the worker lives on and the row says so."""

import logging

import pytest
from celery.exceptions import SoftTimeLimitExceeded

from feedback import heartbeat, pipeline
from feedback.models import Analysis
from feedback.pipeline import AnalysisFailure
from feedback.queue import claim
from feedback.tasks import analyse
from tests.factories import AnalysisFactory
from tests.feedback.results import recording_result

Status = Analysis.Status


@pytest.fixture(autouse=True)
def quiet_heart(monkeypatch):
    """No second connection in tests that run inside one transaction."""
    monkeypatch.setattr(heartbeat.Beat, "run", lambda self: None)


@pytest.fixture
def compute(monkeypatch):
    """Let the pipeline return or raise what a test says; the calls are noted."""
    calls = []

    def use(outcome):
        def analyse_file(file, exercise, release_folder, on_step, cuts, *, baselines, corrections):
            calls.append((file.read(1), exercise, release_folder.name))
            on_step("findings")
            if isinstance(outcome, BaseException):
                raise outcome
            return outcome

        monkeypatch.setattr(pipeline, "analyse_file", analyse_file)
        monkeypatch.setattr(pipeline, "compares_with_baseline", lambda folder: False)
        return calls

    return use


def after(analysis: Analysis) -> Analysis:
    analyse(str(analysis.uuid))
    analysis.refresh_from_db()
    return analysis


def test_a_recording_is_analysed(db, compute):
    calls = compute(recording_result())
    analysis = after(AnalysisFactory(recording__exercise="squat"))
    assert calls == [(b"{", "squat", "test-release")]
    assert (analysis.status, analysis.attempts, analysis.repetitions.count()) == (Status.DONE, 1, 2)


def test_a_second_message_does_nothing(db, compute):
    calls = compute(recording_result())
    analysis = after(AnalysisFactory())
    after(analysis)
    assert len(calls) == 1
    assert analysis.repetitions.count() == 2


def test_a_message_for_a_taken_or_deleted_analysis_does_nothing(db, compute):
    calls = compute(recording_result())
    taken, deleted = AnalysisFactory(), AnalysisFactory()
    claim(analysis_id=taken.uuid, worker="w:1")
    deleted.delete()
    analyse(str(taken.uuid))
    analyse(str(deleted.uuid))
    assert calls == []


def test_a_recording_that_cannot_be_analysed_fails_at_once_with_its_code(db, compute):
    compute(AnalysisFailure("no_repetition_found", "None."))
    analysis = after(AnalysisFactory())
    assert (analysis.status, analysis.error_code) == (Status.FAILED, "no_repetition_found")


def test_a_computation_that_never_ends_is_stopped(db, compute):
    compute(SoftTimeLimitExceeded())
    analysis = after(AnalysisFactory())
    assert (analysis.status, analysis.error_code) == (Status.FAILED, "took_too_long")


def test_a_file_that_is_gone_is_named(db, compute):
    compute(recording_result())
    analysis = AnalysisFactory()
    analysis.recording.file.storage.delete(analysis.recording.file.name)
    assert after(analysis).error_code == "file_missing"


@pytest.mark.parametrize("error", [RuntimeError("of Pat Example"), MemoryError("of Pat Example")])
def test_an_unforeseen_error_is_tried_three_times_and_then_set_aside(db, compute, caplog, error):
    calls = compute(error)
    analysis = AnalysisFactory()
    with caplog.at_level(logging.ERROR):
        for _ in range(4):
            after(analysis)
    assert len(calls) == 3
    assert (analysis.status, analysis.error_code) == (Status.NEEDS_ATTENTION, "internal_error")
    assert str(analysis.uuid) in caplog.text
    assert type(error).__name__ in caplog.text
    assert "Pat Example" not in caplog.text
