"""A person's baseline: who may mark what, how it is undone, and what is compared with it from then on."""

from typing import Any

import numpy as np
import pytest
from django.core.exceptions import PermissionDenied
from django.http import Http404

from feedback import pipeline
from feedback.baselines import (
    BaselineError,
    add_to_baseline,
    baseline_of,
    by_exercise,
    compared_with,
    motions,
    take_out_of_baseline,
)
from feedback.heartbeat import Beat
from feedback.models import Analysis, BaselineRepetition, Repetition
from feedback.motions import unpack_motion
from feedback.pipeline import AnalysisFailure, compares_with_baseline
from feedback.tasks import analyse
from feedback.verdicts import give_verdict
from ml.manifest import DEFAULT_RELEASE, release_folder
from patients.models import AccessLogEntry
from tests.factories import AnalysisFactory, People, RecordingFactory, RepetitionFactory
from tests.feedback.results import recording_result


def repetition(people: People, finding: str = "squat.correct", **fields: Any) -> Repetition:
    """A repetition of a recording of its own."""
    return RepetitionFactory(
        analysis=AnalysisFactory(recording__patient=people.patient, status="done"), finding=finding, **fields
    )


def marked(people: People) -> set[Repetition]:
    return {one.repetition for one in baseline_of(people.patient)}


def test_a_correct_repetition_is_marked_once_and_taken_out_again(people: People) -> None:
    one = repetition(people)
    assert add_to_baseline(user=people.colleague, repetition=one)
    assert not add_to_baseline(user=people.lead, repetition=one)
    assert BaselineRepetition.objects.get().marked_by == people.colleague
    assert take_out_of_baseline(user=people.lead, repetition=one)
    assert not take_out_of_baseline(user=people.lead, repetition=one)
    assert marked(people) == set()
    logged = AccessLogEntry.objects.filter(subject="baseline", subject_uuid=one.uuid).order_by("pk")
    assert [(entry.user, entry.action) for entry in logged] == [
        (people.colleague, "create"),
        (people.lead, "change"),
    ]


@pytest.mark.parametrize("act", [add_to_baseline, take_out_of_baseline])
def test_only_those_who_review_may(people: People, act: Any) -> None:
    one = repetition(people)
    for who in (people.reader, people.clinic_admin, people.patient_user):
        with pytest.raises(PermissionDenied):
            act(user=who, repetition=one)
    for who in (people.stranger, people.unassigned):
        with pytest.raises(Http404):
            act(user=who, repetition=one)
    assert marked(people) == set()


@pytest.mark.parametrize(
    ("finding", "abstained", "verdict", "allowed"),
    [
        ("squat.correct", False, None, True),
        ("squat.correct", True, None, False),
        ("squat.knees_inward", False, None, False),
        ("squat.knees_inward", False, ("overridden", "squat.correct"), True),
        ("squat.correct", False, ("overridden", "squat.knees_inward"), False),
        ("squat.correct", True, ("overridden", "squat.correct"), True),
        ("squat.correct", False, ("not_a_repetition", ""), False),
    ],
)
def test_only_what_counts_as_correct_can_be_a_baseline(
    people: People, finding: str, abstained: bool, verdict: tuple[str, str] | None, allowed: bool
) -> None:
    one = repetition(people, finding, abstained=abstained)
    if verdict:
        give_verdict(user=people.lead, repetition=one, decision=verdict[0], label=verdict[1])
    if allowed:
        assert add_to_baseline(user=people.lead, repetition=one)
    else:
        with pytest.raises(BaselineError, match="Decide first") as refused:
            add_to_baseline(user=people.lead, repetition=one)
        assert refused.value.code == "not_correct"
    assert marked(people) == ({one} if allowed else set())


def test_three_of_an_exercise_and_no_more(people: People) -> None:
    four = [repetition(people) for _ in range(4)]
    for one in four[:3]:
        add_to_baseline(user=people.lead, repetition=one)
    add_to_baseline(user=people.lead, repetition=repetition(people, "lunge.correct"))
    with pytest.raises(BaselineError, match="Take one out first") as refused:
        add_to_baseline(user=people.lead, repetition=four[3])
    assert refused.value.code == "baseline_full"
    take_out_of_baseline(user=people.lead, repetition=four[0])
    assert add_to_baseline(user=people.lead, repetition=four[3])


def test_a_verdict_that_names_a_mistake_takes_it_out(people: People) -> None:
    one, other, confirmed = repetition(people), repetition(people), repetition(people)
    for each in (one, other, confirmed):
        add_to_baseline(user=people.lead, repetition=each)
    give_verdict(user=people.colleague, repetition=confirmed, decision="confirmed")
    give_verdict(user=people.colleague, repetition=one, decision="overridden", label="squat.front_bent")
    give_verdict(user=people.colleague, repetition=other, decision="not_a_repetition")
    assert marked(people) == {confirmed}


def test_taking_back_the_verdict_that_made_it_correct_takes_it_out(people: People) -> None:
    one = repetition(people, "squat.knees_inward")
    give_verdict(user=people.lead, repetition=one, decision="overridden", label="squat.correct")
    add_to_baseline(user=people.lead, repetition=one)
    give_verdict(user=people.lead, repetition=one, decision="undone")
    assert marked(people) == set()


def test_the_next_recordings_are_compared_but_none_with_itself(people: People) -> None:
    squat, lunge = repetition(people), repetition(people, "lunge.correct")
    for one in (squat, lunge):
        add_to_baseline(user=people.lead, repetition=one)
    new = AnalysisFactory(recording__patient=people.patient)
    assert compared_with(new) == {"squat": [squat], "lunge": [lunge]}
    assert compared_with(squat.analysis) == {"lunge": [lunge]}
    assert compared_with(AnalysisFactory(recording__patient=people.other_patient)) == {}
    (motion,) = motions(compared_with(new))["squat"]
    assert np.array_equal(motion.positions, unpack_motion(squat.motion))
    assert motion.frame_rate == squat.frame_rate


def test_the_newest_three_count_where_there_are_more(people: People) -> None:
    """As after a recording was moved from one patient to another."""
    four = [repetition(people) for _ in range(4)]
    for one in four:
        BaselineRepetition.objects.create(repetition=one, marked_by=people.lead)
    kept = by_exercise(baseline_of(people.patient))["squat"]
    assert [one.repetition for one in kept] == four[:0:-1]


def test_the_shipped_release_compares_and_one_without_says_so(tmp_path: Any) -> None:
    assert compares_with_baseline(release_folder(DEFAULT_RELEASE))
    with pytest.raises(AnalysisFailure) as failed:
        compares_with_baseline(tmp_path)
    assert failed.value.code == "release_unusable"


@pytest.mark.parametrize("compares", [True, False])
def test_the_analysis_records_what_it_was_compared_with(
    people: People, monkeypatch: Any, compares: bool
) -> None:
    given = []

    def search(*arguments: Any) -> Any:
        given.append(arguments[-1])
        return recording_result()

    monkeypatch.setattr(Beat, "run", lambda self: None)
    monkeypatch.setattr(pipeline, "search", search)
    monkeypatch.setattr(pipeline, "judge", lambda recordings, _folder: list(recordings))
    monkeypatch.setattr(pipeline, "compares_with_baseline", lambda folder: compares)
    own, lunge = repetition(people), repetition(people, "lunge.correct")
    for one in (own, lunge):
        add_to_baseline(user=people.lead, repetition=one)
    analysis = AnalysisFactory(recording=RecordingFactory(patient=people.patient))
    analyse(str(analysis.uuid))
    analysis.refresh_from_db()
    assert analysis.status == Analysis.Status.DONE
    assert analysis.baseline == ([str(own.uuid)] if compares else None)
    assert {exercise: len(of) for exercise, of in given[0].items()} == (
        {"squat": 1, "lunge": 1} if compares else {}
    )
