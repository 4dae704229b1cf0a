"""Repetitions cut anew: what is unchanged is kept, the rest is looked at again, and no verdict is lost."""

from dataclasses import replace

import pytest
from django.core.exceptions import PermissionDenied

from feedback.models import Analysis, Repetition, Verdict
from feedback.queue import cancel, claim, request_analysis
from feedback.recut import Cut, CutConflict, CutError, current_repetitions, cut_anew, cuts_of, new_cuts
from feedback.results import store_results
from feedback.selectors import current_analyses, judged_repetitions
from feedback.verdicts import VerdictConflict, give_verdict
from tests import factories as make
from tests.feedback.results import recording_result

Status = Analysis.Status
FIRST, SECOND = Cut(0, 30, "squat"), Cut(30, 60, "squat")


@pytest.fixture
def analysis(people):
    found = make.AnalysisFactory(recording__patient=people.patient, status=Status.DONE, exercise="squat")
    for number, cut in enumerate((FIRST, SECOND), start=1):
        make.RepetitionFactory(
            analysis=found,
            index=number,
            start_frame=cut.start_frame,
            end_frame=cut.end_frame,
            exercise="squat",
        )
    return found


def seen(analysis):
    return [repetition.uuid for repetition in current_repetitions(analysis)]


def ask(user, analysis, *cuts, saw=None):
    return cut_anew(user=user, analysis=analysis, cuts=cuts, seen=seen(analysis) if saw is None else saw)


def work(analysis):
    """What a worker does: look at the new cuts, and keep what it finds."""
    held = claim(analysis_id=analysis.uuid, worker="a")
    cuts = new_cuts(held)
    result = recording_result(["squat.correct"] * len(cuts))
    found = [
        replace(one, start_frame=cut.start_frame, end_frame=cut.end_frame, exercise=cut.exercise)
        for one, cut in zip(result.repetitions, cuts, strict=True)
    ]
    assert store_results(
        analysis=held, attempt=held.attempts, result=replace(result, repetitions=tuple(found))
    )
    return cuts


def test_what_is_unchanged_is_kept_and_the_rest_is_looked_at(people, analysis):
    first, second = current_repetitions(analysis)
    verdict, _ = give_verdict(user=people.lead, repetition=first, decision="confirmed")
    earlier, later = Cut(30, 44, "squat"), Cut(44, 60, "lunge")
    held, queued = ask(people.lead, analysis, later, FIRST, earlier)
    assert (queued, held.status) == (True, Status.QUEUED)
    assert seen(held) == [first.uuid, second.uuid], "nothing is gone before a worker has looked at it"
    assert work(held) == [earlier, later]
    held.refresh_from_db()
    assert (held.status, held.cuts, held.cut_by) == (Status.DONE, None, None)
    now = list(current_repetitions(held))
    assert [Cut(one.start_frame, one.end_frame, one.exercise) for one in now] == [FIRST, earlier, later]
    assert [one.index for one in now] == [1, 2, 3]
    assert now[0] == first
    assert list(now[0].verdicts.all()) == [verdict]
    assert [one.cut_by for one in now] == [None, people.lead, people.lead]
    second.refresh_from_db()
    assert second.superseded_at is not None


def test_repetitions_are_merged_deleted_and_added(people, analysis):
    merged = Cut(0, 60, "squat")
    ask(people.lead, analysis, merged)
    work(analysis)
    assert cuts_of(analysis) == [merged]
    ask(people.lead, analysis)
    assert work(analysis) == []
    assert cuts_of(analysis) == []
    ask(people.lead, analysis, SECOND)
    work(analysis)
    assert cuts_of(analysis) == [SECOND]
    assert Repetition.objects.filter(analysis=analysis).count() == 4
    analysis.session.refresh_from_db()
    assert analysis.session.repetition_count == 1


def test_a_verdict_on_what_is_cut_anew_is_refused_and_those_given_are_kept(people, analysis):
    first, second = current_repetitions(analysis)
    given, _ = give_verdict(user=people.lead, repetition=second, decision="confirmed")
    ask(people.colleague, analysis, FIRST)
    for _ in ("while it waits", "when it is done"):
        with pytest.raises(VerdictConflict) as refused:
            give_verdict(user=people.lead, repetition=second, decision="not_a_repetition")
        assert refused.value.code == "cut_anew"
        if analysis.repetitions.filter(superseded_at__isnull=True).count() == 2:
            give_verdict(user=people.lead, repetition=first, decision="confirmed")
            work(analysis)
    assert list(Verdict.objects.filter(repetition=second)) == [given]
    # The same verdict sent again is still answered as kept.
    again = give_verdict(user=people.lead, repetition=second, decision="confirmed", uuid=given.uuid)
    assert again == (given, False)


def test_who_saw_other_repetitions_is_told(people, analysis):
    before = seen(analysis)
    ask(people.lead, analysis, FIRST)
    with pytest.raises(CutConflict) as refused:
        ask(people.colleague, analysis, SECOND, saw=before)
    assert refused.value.code == "being_analysed"
    work(analysis)
    with pytest.raises(CutConflict) as refused:
        ask(people.colleague, analysis, SECOND, saw=before)
    assert refused.value.code == "cut_meanwhile"


def test_the_same_cuts_are_no_work(people, analysis):
    assert ask(people.lead, analysis, SECOND, FIRST)[1] is False
    analysis.refresh_from_db()
    assert analysis.status == Status.DONE


@pytest.mark.parametrize(
    ("cuts", "code"),
    [
        ([Cut(0, 10**6, "squat")], "outside_recording"),
        ([Cut(20, 20, "squat")], "outside_recording"),
        ([Cut(0, 40, "squat"), Cut(39, 60, "squat")], "cuts_overlap"),
        ([Cut(0, 4, "squat")], "cut_too_short"),
        ([Cut(0, 40, "handstand")], "no_such_exercise"),
        ([FIRST] * 501, "too_many_cuts"),
    ],
)
def test_what_cannot_be_is_refused(people, analysis, cuts, code):
    with pytest.raises(CutError) as refused:
        ask(people.lead, analysis, *cuts)
    assert refused.value.code == code
    assert "{" not in refused.value.message
    analysis.refresh_from_db()
    assert analysis.status == Status.DONE


def test_where_nothing_was_found_a_clinician_may_mark_it(people):
    failed = make.AnalysisFactory(
        recording__patient=people.patient, status=Status.FAILED, error_code="no_repetition_found"
    )
    ask(people.lead, failed, FIRST)
    work(failed)
    failed.refresh_from_db()
    assert (failed.status, failed.exercise, failed.error_code) == (Status.DONE, "squat", "")


def test_cancelling_leaves_the_repetitions_as_they_were(people, analysis):
    ask(people.lead, analysis, FIRST)
    held = Analysis.objects.get(pk=analysis.pk)
    assert cancel(user=people.lead, analysis=held)
    held.refresh_from_db()
    assert (held.status, held.cuts) == (Status.DONE, None)
    assert cuts_of(held) == [FIRST, SECOND]


def test_a_recording_is_shown_while_it_is_cut_anew(people, analysis):
    other = make.ModelReleaseFactory(name="other", is_active=False)
    make.AnalysisFactory(
        recording=analysis.recording, session=analysis.session, release=other, status=Status.DONE
    )
    shown = current_analyses().get()
    ask(people.lead, shown, Cut(5, 55, "squat"))
    assert current_analyses().get() == shown
    assert set(judged_repetitions()) == set(current_repetitions(analysis))


def test_another_release_finds_the_repetitions_where_they_were_cut(people, analysis):
    moved = Cut(32, 58, "squat")
    ask(people.lead, analysis, FIRST, moved)
    work(analysis)
    trial = make.ModelReleaseFactory(name="trial", is_active=False)
    again = request_analysis(recording=analysis.recording, release=trial)
    assert current_analyses().get() == analysis, "nothing is to be seen of it before it is done"
    assert work(again) == [FIRST, moved]
    assert cuts_of(again) == [FIRST, moved]
    assert {one.cut_by for one in current_repetitions(again)} == {people.lead}
    # One that only lost a repetition is kept as well, and the analysis cut last counts.
    ask(people.lead, analysis, moved)
    work(analysis)
    third = request_analysis(
        recording=analysis.recording, release=make.ModelReleaseFactory(name="third", is_active=False)
    )
    assert cuts_of(third) == [moved]
    assert cancel(user=people.lead, analysis=third)
    third.refresh_from_db()
    assert third.status == Status.CANCELLED, "it has nothing yet that could be left as it was"


def test_what_nobody_cut_is_looked_for_by_another_release(people, analysis):
    other = make.ModelReleaseFactory(name="other", is_active=False)
    assert request_analysis(recording=analysis.recording, release=other).cuts is None


def test_a_learned_exercise_is_cut_where_the_release_knows_it(people, analysis):
    raised = Cut(0, 30, "standing_leg_raise")
    with pytest.raises(CutError) as refused:
        ask(people.lead, analysis, raised)
    assert refused.value.code == "no_such_exercise"
    release = analysis.release
    release.classes = [*release.classes, "standing_leg_raise.correct"]
    release.save()
    ask(people.lead, Analysis.objects.get(pk=analysis.pk), raised)
    work(analysis)
    assert cuts_of(analysis) == [raised]


def test_readers_change_nothing(people, analysis):
    with pytest.raises(PermissionDenied):
        ask(people.reader, analysis, FIRST)
