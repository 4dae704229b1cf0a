"""The task claims, computes and keeps; whatever a recording does, the worker lives on and the row says so."""

import logging

import pytest
from celery.exceptions import SoftTimeLimitExceeded

from feedback import heartbeat, pipeline
from feedback.models import Analysis
from feedback.pipeline import AnalysisFailure
from feedback.queue import claim
from feedback.tasks import analyse
from tests.factories import AnalysisFactory, ModelReleaseFactory
from tests.feedback.results import recording_result

Status = Analysis.Status


@pytest.fixture(autouse=True)
def quiet_heart(monkeypatch):
    """No second connection in tests that run inside one transaction."""
    monkeypatch.setattr(heartbeat.Beat, "run", lambda self: None)


@pytest.fixture
def compute(monkeypatch):
    """Let the pipeline return or raise what a test says, for every recording or by its exercise."""
    calls = []

    def use(outcome):
        def search(sequence, exercise, release_folder, cuts, baselines):
            calls.append((len(sequence), exercise, release_folder.name))
            return outcome[exercise] if isinstance(outcome, dict) else outcome

        def judge(recordings, release_folder):
            for one in recordings:
                if isinstance(one, BaseException):
                    raise one
            return list(recordings)

        monkeypatch.setattr(pipeline, "search", search)
        monkeypatch.setattr(pipeline, "judge", judge)
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
    assert calls == [(180, "squat", "test-release")]
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


@pytest.fixture
def batches(settings):
    settings.BATCH_RECORDINGS = 4


@pytest.fixture
def judged(monkeypatch, compute):
    """What shares a batch, in order: the exercise of each."""
    compute({name: name for name in ("squat", "lunge", "plank")})
    calls = []

    def judge(recordings, release_folder):
        calls.append(list(recordings))
        return [recording_result() for _ in recordings]

    monkeypatch.setattr(pipeline, "judge", judge)
    return calls


def waiting(*exercises, **values):
    return [AnalysisFactory(recording__exercise=exercise, **values) for exercise in exercises]


def states(analyses):
    for analysis in analyses:
        analysis.refresh_from_db()
    return [(analysis.status, analysis.error_code) for analysis in analyses]


def test_waiting_recordings_share_a_batch_in_order_of_arrival(db, judged, batches):
    five = waiting("squat", "lunge", "plank", "squat", "lunge")
    analyse(str(five[4].uuid))
    assert judged == [["squat", "lunge", "plank", "squat"]]
    assert [state for state, _ in states(five)] == [Status.DONE] * 4 + [Status.QUEUED]
    assert [analysis.repetitions.count() for analysis in five] == [2, 2, 2, 2, 0]


def test_unless_it_is_set_each_is_computed_by_itself(db, judged):
    waiting("squat", "lunge")
    analyse("")
    assert judged == [["squat"]]


def test_only_recordings_for_the_same_release_share_a_batch(db, judged, batches):
    waiting("squat")
    waiting("lunge", release=ModelReleaseFactory(name="other", is_active=False))
    waiting("plank")
    analyse("")
    assert judged == [["squat"]]


def test_what_was_tried_before_is_computed_alone(db, judged, batches):
    waiting("squat")
    waiting("lunge", attempts=1)
    waiting("plank", "squat")
    for _ in range(3):
        analyse("")
    assert judged == [["squat"], ["lunge"], ["plank", "squat"]]


def test_a_bad_recording_of_a_batch_fails_alone(db, compute, batches):
    compute({"squat": recording_result(), "lunge": RuntimeError("of Pat Example")})
    three = waiting("squat", "lunge", "squat")
    three[0].recording.file.storage.delete(three[0].recording.file.name)
    analyse("")
    assert states(three) == [
        (Status.FAILED, "file_missing"),
        (Status.QUEUED, "internal_error"),
        (Status.DONE, ""),
    ]
    assert [analysis.repetitions.count() for analysis in three] == [0, 0, 2]


def test_a_result_that_cannot_be_kept_harms_no_other(db, compute, batches):
    far = recording_result()
    far.performed.positions[:] = 99.0
    compute({"squat": recording_result(), "lunge": far})
    three = waiting("squat", "lunge", "squat")
    analyse("")
    assert [state for state, _ in states(three)] == [Status.DONE, Status.QUEUED, Status.DONE]


def test_a_batch_that_never_ends_is_tried_again_one_by_one(db, judged, batches, monkeypatch):
    whole = pipeline.judge

    def judge(recordings, release_folder):
        if "lunge" in recordings:
            raise SoftTimeLimitExceeded
        return whole(recordings, release_folder)

    monkeypatch.setattr(pipeline, "judge", judge)
    two = waiting("squat", "lunge")
    analyse("")
    assert states(two) == [(Status.QUEUED, "took_too_long")] * 2
    analyse("")
    analyse("")
    assert states(two) == [(Status.DONE, ""), (Status.FAILED, "took_too_long")]
