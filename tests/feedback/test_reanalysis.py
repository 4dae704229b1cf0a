"""Recordings analysed again by another release: how many, for whom, what is shown, and what would differ."""

from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.http import Http404

from feedback import reanalysis
from feedback.models import Analysis, ModelRelease, Repetition
from feedback.queue import claim_next
from feedback.reanalysis import Asked, Span, analyse_clinic_again, analyse_patient_again, would_differ
from feedback.releases import activate_release
from feedback.selectors import current_analyses, session_detail
from feedback.sessions import refresh_session
from feedback.verdicts import give_verdict
from patients.models import AccessLogEntry
from tests.factories import (
    AnalysisFactory,
    ModelReleaseFactory,
    People,
    RecordingFactory,
    RepetitionFactory,
)


@pytest.fixture
def newer(db: None) -> ModelRelease:
    ModelReleaseFactory()
    return ModelReleaseFactory(name="exfb-3", is_active=False)


def analysed(people: People, findings: list[str]) -> Analysis:
    analysis = AnalysisFactory(recording__patient=people.patient, status="done", exercise="squat")
    for finding in findings:
        RepetitionFactory(analysis=analysis, finding=finding)
    return analysis


def again(analysis: Analysis, release: ModelRelease, findings: list[str], **fields: Any) -> Analysis:
    """The same recording, analysed by another release."""
    other = AnalysisFactory(
        recording=analysis.recording, session=analysis.session, release=release, status="done", **fields
    )
    for index, finding in enumerate(findings, start=1):
        if finding:
            RepetitionFactory(analysis=other, finding=finding, index=index, start_frame=(index - 1) * 90 + 5)
    return other


def test_a_patients_recordings_are_queued_for_the_active_release_once(
    people: People, newer: ModelRelease
) -> None:
    for _ in range(2):
        analysed(people, ["squat.correct"])
    activate_release(release=newer)
    assert analyse_patient_again(user=people.colleague, patient=people.patient) == Asked(2, 0)
    assert analyse_patient_again(user=people.lead, patient=people.patient) == Asked(0, 0)
    queued = Analysis.objects.filter(release=newer)
    assert {(one.status, one.priority) for one in queued} == {("queued", Analysis.Priority.AGAIN)}
    entry = AccessLogEntry.objects.get(subject="reanalysis")
    assert (entry.user, entry.action, entry.patient) == (people.colleague, "change", people.patient)


def test_only_who_reviews_may_ask_for_a_patient(people: People) -> None:
    for who in (people.reader, people.clinic_admin, people.patient_user):
        with pytest.raises(PermissionDenied):
            analyse_patient_again(user=who, patient=people.patient)
    with pytest.raises(Http404):
        analyse_patient_again(user=people.stranger, patient=people.patient)


def test_an_admin_asks_for_their_own_clinic_alone(people: People, newer: ModelRelease) -> None:
    mine = analysed(people, ["squat.correct"])
    RecordingFactory(patient=people.other_patient)
    assert analyse_clinic_again(user=people.clinic_admin, release=newer) == Asked(1, 0)
    assert Analysis.objects.get(release=newer).recording == mine.recording
    for who in (people.lead, people.stranger, people.patient_user):
        with pytest.raises(PermissionDenied):
            analyse_clinic_again(user=who, release=newer)


def test_what_waits_is_bounded_and_the_newest_come_first(
    people: People, newer: ModelRelease, monkeypatch: Any
) -> None:
    monkeypatch.setattr(reanalysis, "MOST_WAITING", 2)
    recordings = [RecordingFactory(patient=people.patient) for _ in range(3)]
    assert analyse_clinic_again(user=people.clinic_admin, release=newer) == Asked(2, 1)
    assert {one.recording for one in Analysis.objects.all()} == set(recordings[1:])
    assert analyse_clinic_again(user=people.clinic_admin, release=newer) == Asked(0, 1)


def test_new_recordings_go_first(people: People, newer: ModelRelease) -> None:
    RecordingFactory(patient=people.patient)
    analyse_clinic_again(user=people.clinic_admin, release=newer)
    new = AnalysisFactory(recording__patient=people.patient)
    assert claim_next(worker="w:1") == new
    second = claim_next(worker="w:1")
    assert second is not None
    assert second.priority == Analysis.Priority.AGAIN


def shown(analysis: Analysis) -> Analysis:
    return current_analyses().get(recording=analysis.recording)


def test_a_release_on_trial_changes_nothing_that_is_shown(people: People, newer: ModelRelease) -> None:
    first = analysed(people, ["squat.correct"])
    again(first, newer, ["squat.knees_inward"])
    assert shown(first) == first
    # Not even where the active release has not seen the recording.
    activate_release(release=ModelReleaseFactory(name="exfb-later", is_active=False))
    assert shown(first) == first


def test_what_has_been_reviewed_stays_whichever_release_is_active(
    people: People, newer: ModelRelease
) -> None:
    reviewed, other = analysed(people, ["squat.correct"]), analysed(people, ["squat.correct"])
    give_verdict(user=people.lead, repetition=reviewed.repetitions.get(), decision="confirmed")
    for one in (reviewed, other):
        again(one, newer, ["squat.knees_inward"])
    refresh_session(session=reviewed.session)
    activate_release(release=newer)
    assert shown(reviewed) == reviewed
    assert shown(other).release == newer
    session = reviewed.session
    session.refresh_from_db()
    assert (session.repetition_count, session.unreviewed_count) == (2, 1)
    # Once the verdict is taken back, nothing is reviewed there.
    give_verdict(user=people.lead, repetition=reviewed.repetitions.get(), decision="undone")
    assert shown(reviewed).release == newer


def test_choosing_a_release_counts_its_sessions_anew(people: People, newer: ModelRelease) -> None:
    first = analysed(people, ["squat.correct"])
    again(first, newer, ["squat.knees_inward", "squat.correct"])
    refresh_session(session=first.session)
    first.session.refresh_from_db()
    assert first.session.unreviewed_count == 1
    activate_release(release=newer)
    first.session.refresh_from_db()
    assert first.session.unreviewed_count == 2


def sentences(people: People, analysis: Analysis) -> list[str]:
    session, _access = session_detail(people.lead, analysis.session.uuid)
    return would_differ(session.shown_analyses).get(analysis.pk, [])


@pytest.mark.parametrize(
    ("theirs", "sentence"),
    [
        (["squat.correct", "squat.knees_inward", "squat.correct"], "exfb-3 would say the same."),
        (
            ["squat.correct", "squat.correct", "squat.front_bent"],
            "exfb-3 would say: correct in 2; trunk bent forward in 3.",
        ),
        (
            ["squat.front_bent", "squat.knees_inward", "squat.front_bent"],
            "exfb-3 would say: trunk bent forward in 1 and 3.",
        ),
        (["squat.correct", "", "squat.correct"], "exfb-3 would say: no repetition in 2."),
        (
            ["squat.correct", "squat.knees_inward", "squat.correct", "squat.correct"],
            "exfb-3 would say: 1 repetition more.",
        ),
    ],
)
def test_it_is_said_what_a_newer_release_finds_otherwise(
    people: People, newer: ModelRelease, theirs: list[str], sentence: str
) -> None:
    first = analysed(people, ["squat.correct", "squat.knees_inward", "squat.correct"])
    again(first, newer, theirs)
    assert sentences(people, first) == [sentence]


def test_a_verdict_counts_as_what_is_shown(people: People, newer: ModelRelease) -> None:
    first = analysed(people, ["squat.correct", "squat.correct"])
    one, two = first.repetitions.all()
    give_verdict(user=people.lead, repetition=one, decision="overridden", label="squat.front_bent")
    give_verdict(user=people.lead, repetition=two, decision="not_a_repetition")
    again(first, newer, ["squat.front_bent"])
    assert sentences(people, first) == ["exfb-3 would say the same."]


def test_where_it_is_not_sure_that_is_said(people: People, newer: ModelRelease) -> None:
    first = analysed(people, ["squat.correct"])
    Repetition.objects.filter(analysis=again(first, newer, ["squat.correct"])).update(abstained=True)
    assert sentences(people, first) == ["exfb-3 would say: not sure in 1."]


def test_an_older_release_has_nothing_to_say(people: People) -> None:
    older = ModelReleaseFactory(name="exfb-1", is_active=False)
    first = analysed(people, ["squat.correct"])
    again(first, older, ["squat.knees_inward"])
    assert sentences(people, first) == []


def test_one_query_however_many(people: People, newer: ModelRelease, django_assert_num_queries: Any) -> None:
    for _ in range(3):
        again(analysed(people, ["squat.correct"] * 3), newer, ["squat.knees_inward"] * 3)
    session, _access = session_detail(people.lead, Analysis.objects.all()[0].session.uuid)
    with django_assert_num_queries(1):
        assert len(would_differ(session.shown_analyses)) == 3


@pytest.mark.parametrize(
    ("start", "end", "same"),
    [(0, 2, True), (0.5, 2.5, True), (1.5, 3.5, False), (2, 4, False), (0, 4.1, False)],
)
def test_a_repetition_is_the_same_if_it_shares_half_of_the_time(start: float, end: float, same: bool) -> None:
    assert Span(0, 2, "").is_same(Span(start, end, "")) is same
