"""A release against the active one on what clinicians reviewed: whose recordings, what counts, how far."""

from typing import Any

import pytest
from django.core.exceptions import PermissionDenied

from feedback import release_comparison
from feedback.models import Analysis, ModelRelease
from feedback.reanalysis import Asked
from feedback.release_comparison import comparison, request_comparison
from feedback.verdicts import give_verdict
from tests.factories import AnalysisFactory, ModelReleaseFactory, People, RepetitionFactory

Status = Analysis.Status


@pytest.fixture
def active(db: None) -> ModelRelease:
    return ModelReleaseFactory()


@pytest.fixture
def trial(active: ModelRelease) -> ModelRelease:
    return ModelReleaseFactory(name="exfb-3", is_active=False)


def reviewed(people: People, findings: list[str], labels: list[str | None]) -> Analysis:
    """A recording that the active release analysed; None: not judged, "": not a repetition."""
    analysis = AnalysisFactory(recording__patient=people.patient, status=Status.DONE)
    for finding, label in zip(findings, labels, strict=True):
        repetition = RepetitionFactory(analysis=analysis, finding=finding)
        if label is not None:
            decision = "overridden" if label else "not_a_repetition"
            give_verdict(user=people.lead, repetition=repetition, decision=decision, label=label)
    return analysis


def tried(analysis: Analysis, trial: ModelRelease, findings: list[str]) -> Analysis:
    other = AnalysisFactory(
        recording=analysis.recording, session=analysis.session, release=trial, status=Status.DONE
    )
    for finding in findings:
        RepetitionFactory(analysis=other, finding=finding)
    return other


def test_both_are_set_beside_what_clinicians_said(
    people: People, active: ModelRelease, trial: ModelRelease
) -> None:
    right, bent, inward = "squat.correct", "squat.front_bent", "squat.knees_inward"
    one = reviewed(people, [right, right, inward, bent], [right, bent, inward, None])
    tried(one, trial, [right, bent, right, right])
    found = comparison(people.lead, trial, active)
    assert [tuple(row) for row in found.rows] == [(right, 1, 1, 1), (inward, 1, 1, 0), (bent, 1, 0, 1)]
    assert (found.repetitions, found.agreeing) == (3, (2, 2))
    assert (found.recordings, found.done, found.is_open) == (1, 1, False)
    assert found.sentence.endswith("The difference may be chance.")


def test_what_is_no_repetition_is_right_only_if_it_is_not_found(
    people: People, active: ModelRelease, trial: ModelRelease
) -> None:
    one = reviewed(people, ["squat.correct"] * 2, ["squat.correct", ""])
    tried(one, trial, ["squat.correct"])
    assert [tuple(row) for row in comparison(people.lead, trial, active).rows] == [
        ("squat.correct", 1, 1, 1),
        ("not_a_repetition", 1, 0, 1),
    ]


def test_not_sure_is_no_agreement(people: People, active: ModelRelease, trial: ModelRelease) -> None:
    one = reviewed(people, ["squat.correct"], ["squat.correct"])
    tried(one, trial, ["squat.correct"]).repetitions.update(abstained=True)
    found = comparison(people.lead, trial, active)
    assert (found.agreeing, found.not_sure) == ((1, 0), (0, 1))


@pytest.mark.parametrize(
    ("better", "worse", "chance"), [(0, 0, True), (5, 0, True), (6, 0, False), (9, 1, False), (8, 2, True)]
)
def test_a_small_difference_is_called_chance(better: int, worse: int, chance: bool) -> None:
    """By the exact binomial test: 6 of 6 has probability 2/64."""
    found = release_comparison.Comparison(ModelRelease(name="a"), ModelRelease(name="b"))
    found.pairs["squat.correct"] = [(False, True)] * better + [(True, False)] * worse + [(True, True)]
    assert found.is_chance is chance
    assert ("more often" in found.sentence) is not chance


def test_it_is_asked_for_by_an_admin_over_their_own_clinic(
    people: People, active: ModelRelease, trial: ModelRelease, monkeypatch: Any
) -> None:
    one = reviewed(people, ["squat.correct"], ["squat.correct"])
    reviewed(people, ["squat.correct"], [None])  # nobody has reviewed it
    other = AnalysisFactory(recording__patient=people.other_patient, status=Status.DONE)
    give_verdict(
        user=people.stranger,
        repetition=RepetitionFactory(analysis=other, finding="squat.correct"),
        decision="confirmed",
    )
    for who in (people.lead, people.stranger, people.patient_user):
        with pytest.raises(PermissionDenied):
            request_comparison(user=who, release=trial, active=active)
    assert not comparison(people.lead, trial, active).requested
    assert request_comparison(user=people.clinic_admin, release=trial, active=active) == Asked(1, 0)
    queued = Analysis.objects.get(release=trial)
    assert (queued.recording, queued.priority) == (one.recording, Analysis.Priority.AGAIN)
    found = comparison(people.lead, trial, active)
    assert (found.recordings, found.done, found.is_open, found.sentence) == (1, 0, True, "")
    assert comparison(people.stranger, trial, active).recordings == 1
    assert not comparison(people.stranger, trial, active).requested


def test_what_cannot_be_analysed_does_not_keep_it_open(
    people: People, active: ModelRelease, trial: ModelRelease
) -> None:
    reviewed(people, ["squat.correct"], ["squat.correct"])
    request_comparison(user=people.clinic_admin, release=trial, active=active)
    Analysis.objects.filter(release=trial).update(status=Status.FAILED)
    found = comparison(people.lead, trial, active)
    assert (found.failed, found.is_open) == (1, False)


def test_as_many_queries_for_many_recordings_as_for_one(
    people: People, active: ModelRelease, trial: ModelRelease, django_assert_num_queries: Any
) -> None:
    for _ in range(2):
        tried(reviewed(people, ["squat.correct"] * 2, ["squat.correct"] * 2), trial, ["squat.correct"] * 2)
        with django_assert_num_queries(4):
            comparison(people.lead, trial, active)
