"""What clinicians say of a repetition: who may, what is refused, and how it changes the session."""

import uuid

import pytest
from django.core.exceptions import PermissionDenied
from django.http import Http404

from feedback.models import ExerciseSession, Verdict
from feedback.selectors import mistake_history
from feedback.sessions import refresh_session
from feedback.verdicts import VerdictConflict, VerdictError, give_verdict, labels_for
from patients.models import AccessLogEntry
from tests.factories import AnalysisFactory, RecordingFactory, RepetitionFactory, days_ago

Severity = ExerciseSession.Severity
BENT = {"decision": "overridden", "label": "squat.front_bent"}


def repetition_of(people, *, days=0, pain=None, **values):
    """A repetition in a finished analysis of the patient, some days ago."""
    recording = RecordingFactory(patient=people.patient, pain=pain, recorded_at=days_ago(days))
    analysis = AnalysisFactory(recording=recording, status="done")
    repetition = RepetitionFactory(analysis=analysis, **values)
    refresh_session(session=analysis.session)
    return repetition


def session_of(repetition):
    return ExerciseSession.objects.get(pk=repetition.analysis.session_id)


def test_a_confirmed_finding_keeps_the_findings_label(people):
    repetition = repetition_of(people)
    verdict, _ = give_verdict(
        user=people.lead, repetition=repetition, decision="confirmed", label="squat.correct"
    )
    assert (verdict.decision, verdict.label) == ("confirmed", "squat.knees_inward")
    assert session_of(repetition).unreviewed_count == 0
    assert AccessLogEntry.objects.get(subject="verdict").user == people.lead


def test_an_override_names_another_class(people):
    repetition = repetition_of(people)
    verdict, _ = give_verdict(
        user=people.colleague,
        repetition=repetition,
        decision="overridden",
        label="squat.front_bent",
        note=" a ",
    )
    assert (verdict.decision, verdict.label, verdict.note) == ("overridden", "squat.front_bent", "a")


def test_choosing_what_the_model_found_confirms_it(people):
    verdict, _ = give_verdict(
        user=people.lead,
        repetition=repetition_of(people),
        decision="overridden",
        label="squat.knees_inward",
    )
    assert verdict.decision == "confirmed"


def test_of_an_abstained_one_the_clinician_chooses_the_class(people):
    repetition = repetition_of(people, abstained=True)
    with pytest.raises(VerdictError) as refused:
        give_verdict(user=people.lead, repetition=repetition, decision="confirmed")
    assert refused.value.code == "nothing_to_confirm"
    verdict, _ = give_verdict(
        user=people.lead, repetition=repetition, decision="overridden", label="squat.knees_inward"
    )
    assert verdict.decision == "overridden"


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"decision": "overridden", "label": ""}, "unknown_label"),
        ({"decision": "overridden", "label": "lunge.not_low_enough"}, "unknown_label"),
        ({"decision": "overridden", "label": "squat.invented"}, "unknown_label"),
        ({"decision": "perhaps"}, "unknown_decision"),
        ({"decision": "undone"}, "nothing_to_undo"),
        ({**BENT, "reason": "why not"}, "unknown_reason"),
        ({**BENT, "second_label": "lunge.not_low_enough"}, "unknown_label"),
        ({**BENT, "second_label": "squat.front_bent"}, "not_two_mistakes"),
        ({**BENT, "second_label": "squat.correct"}, "not_two_mistakes"),
        ({"decision": "confirmed", "note": "x" * 501}, "note_too_long"),
    ],
)
def test_what_is_refused(people, values, code):
    with pytest.raises(VerdictError) as refused:
        give_verdict(user=people.lead, repetition=repetition_of(people), **values)
    assert refused.value.code == code
    assert not Verdict.objects.exists()


def test_a_class_that_the_release_learned_may_be_chosen(people):
    repetition = repetition_of(people)
    repetition.analysis.release.classes.append("squat.heels_lift")
    assert "squat.heels_lift" in labels_for(repetition)
    assert all(label.startswith("squat.") for label in labels_for(repetition))


def test_saying_it_again_adds_nothing_and_taking_it_back_adds_a_row(people):
    repetition = repetition_of(people)
    first, created = give_verdict(user=people.lead, repetition=repetition, decision="confirmed")
    assert created
    assert give_verdict(user=people.lead, repetition=repetition, decision="confirmed") == (first, False)
    give_verdict(user=people.lead, repetition=repetition, decision="undone")
    assert Verdict.objects.count() == 2
    assert session_of(repetition).unreviewed_count == 1
    with pytest.raises(VerdictError):
        give_verdict(user=people.lead, repetition=repetition, decision="undone")


def test_what_is_no_repetition_does_not_count(people):
    repetition = repetition_of(people)
    give_verdict(user=people.lead, repetition=repetition, decision="not_a_repetition")
    session = session_of(repetition)
    assert (session.repetition_count, session.unreviewed_count, session.severity) == (0, 0, Severity.ROUTINE)


@pytest.mark.parametrize(
    ("who", "refusal"),
    [
        ("reader", PermissionDenied),
        ("patient_user", PermissionDenied),
        ("clinic_admin", PermissionDenied),
        ("stranger", Http404),
        ("unassigned", Http404),
    ],
)
def test_who_may_not_judge(people, who, refusal):
    with pytest.raises(refusal):
        give_verdict(user=getattr(people, who), repetition=repetition_of(people), decision="confirmed")
    assert not Verdict.objects.exists()


def test_a_mistake_is_new_once_and_then_repeated(people):
    first = repetition_of(people, days=3)
    second = repetition_of(people, days=2)
    other = repetition_of(people, days=1, finding="squat.front_bent")
    assert [session_of(r).severity for r in (first, second, other)] == [
        Severity.NEW,
        Severity.REPEATED,
        Severity.NEW,
    ]


def test_an_earlier_day_that_comes_later_makes_the_mistake_repeated(people):
    later = repetition_of(people, days=1)
    assert session_of(later).severity == Severity.NEW
    repetition_of(people, days=2)
    assert session_of(later).severity == Severity.REPEATED


def test_overriding_to_correct_makes_a_session_routine_and_the_next_one_new(people):
    first, second = repetition_of(people, days=2), repetition_of(people, days=1)
    give_verdict(user=people.lead, repetition=first, decision="overridden", label="squat.correct")
    assert session_of(first).severity == Severity.ROUTINE
    assert session_of(second).severity == Severity.NEW


@pytest.mark.parametrize(
    ("values", "severity"),
    [
        ({"pain": 4}, Severity.PAIN),
        ({"pain": 3}, Severity.NEW),
        ({"abstained": True}, Severity.NOT_SURE),
        ({"abstained": True, "pain": 9}, Severity.PAIN),
        ({"finding": "squat.correct"}, Severity.ROUTINE),
    ],
)
def test_what_comes_first(people, values, severity):
    assert session_of(repetition_of(people, **values)).severity == severity


def test_a_not_sure_that_was_judged_is_no_longer_not_sure(people):
    repetition = repetition_of(people, abstained=True)
    give_verdict(user=people.lead, repetition=repetition, decision="overridden", label="squat.front_bent")
    assert session_of(repetition).severity == Severity.NEW


def test_two_mistakes_at_once_are_kept_in_one_order_and_both_count(people):
    for labels in (("squat.front_bent", "squat.knees_inward"), ("squat.knees_inward", "squat.front_bent")):
        repetition = repetition_of(people)
        verdict, _ = give_verdict(
            user=people.lead,
            repetition=repetition,
            decision="overridden",
            label=labels[0],
            second_label=labels[1],
            reason="seen",
        )
        assert (verdict.label, verdict.second_label) == ("squat.knees_inward", "squat.front_bent")
        assert (verdict.decision, verdict.reason) == ("overridden", "seen")
    (entry,) = mistake_history(people.patient)
    assert (entry.total, entry.counts) == (2, {"squat.knees_inward": 2, "squat.front_bent": 2})


def test_a_second_mistake_is_no_longer_new_the_next_time(people):
    first, second = repetition_of(people, days=2), repetition_of(people, days=1, finding="squat.front_bent")
    assert session_of(second).severity == Severity.NEW
    give_verdict(user=people.lead, repetition=first, **BENT, second_label="squat.knees_inward")
    assert session_of(second).severity == Severity.REPEATED


def test_a_confirmed_finding_needs_no_reason_and_keeps_none(people):
    verdict, _ = give_verdict(
        user=people.lead, repetition=repetition_of(people), decision="confirmed", reason="seen"
    )
    assert verdict.reason == ""
    verdict, _ = give_verdict(
        user=people.lead, repetition=repetition_of(people), decision="not_a_repetition", reason="tracking"
    )
    assert verdict.reason == "tracking"


def test_what_is_sent_again_with_the_same_id_is_kept_once(people):
    repetition, chosen = repetition_of(people), uuid.uuid4()
    values = {"user": people.lead, "repetition": repetition, "uuid": chosen, "seen": None}
    verdict, created = give_verdict(**values, decision="confirmed")
    assert (verdict.uuid, created) == (chosen, True)
    give_verdict(user=people.colleague, repetition=repetition, **BENT)
    # It comes late, once more: it is known, and not taken for an answer to the colleague.
    assert give_verdict(**values, decision="confirmed") == (verdict, False)
    assert Verdict.objects.count() == 2


@pytest.mark.parametrize("who", ["colleague", "lead"])
def test_an_id_that_another_verdict_has_is_refused(people, who):
    taken, _ = give_verdict(user=people.lead, repetition=repetition_of(people), decision="confirmed")
    with pytest.raises(VerdictError) as refused:
        give_verdict(
            user=getattr(people, who),
            repetition=repetition_of(people) if who == "lead" else taken.repetition,
            decision="confirmed",
            uuid=taken.uuid,
        )
    assert refused.value.code == "id_taken"


def test_of_two_clinicians_at_once_the_second_is_asked(people):
    repetition = repetition_of(people)
    first, _ = give_verdict(user=people.colleague, repetition=repetition, decision="confirmed", seen=None)
    for said in (BENT, {"decision": "not_a_repetition"}):
        with pytest.raises(VerdictConflict) as told:
            give_verdict(user=people.lead, repetition=repetition, **said, seen=None)
        assert told.value.standing == first
    assert Verdict.objects.get() == first
    # Having seen it, they may say otherwise; and who says the same is not asked.
    second, _ = give_verdict(user=people.lead, repetition=repetition, **BENT, seen=first.uuid)
    third, _ = give_verdict(user=people.colleague, repetition=repetition, **BENT, seen=first.uuid)
    assert list(repetition.verdicts.all()) == [third, second, first]


def test_taking_back_what_another_one_said_meanwhile_is_asked(people):
    repetition = repetition_of(people)
    mine, _ = give_verdict(user=people.lead, repetition=repetition, decision="confirmed")
    theirs, _ = give_verdict(user=people.colleague, repetition=repetition, **BENT)
    with pytest.raises(VerdictConflict) as told:
        give_verdict(user=people.lead, repetition=repetition, decision="undone", seen=mine.uuid)
    assert told.value.standing == theirs
