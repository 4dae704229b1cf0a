"""What selectors return, to whom, and with how many queries."""

import datetime

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.http import Http404
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from feedback import selectors
from feedback.models import Analysis, ExerciseSession, Verdict
from feedback.status import WORKER_SILENT
from tests import factories as make


def session_of(patient, *, days=0, severity=ExerciseSession.Severity.ROUTINE, unreviewed=2, **recording):
    """A session with one recording of two analysed squats."""
    recording = make.RecordingFactory(patient=patient, recorded_at=make.days_ago(days), **recording)
    analysis = make.AnalysisFactory(recording=recording, status=Analysis.Status.DONE)
    for _ in range(2):
        make.CorrectionFactory(repetition__analysis=analysis)
    session = analysis.session
    session.severity, session.unreviewed_count, session.repetition_count = severity, unreviewed, 2
    session.save()
    return session


def read_all(sessions):
    """Use everything that a row of the worklist shows."""
    return [
        (session.patient.name, session.pain, a.recording.exercise, r.finding, r.verdict_decision)
        for session in sessions
        for a in session.shown_analyses
        for r in a.repetitions.all()
    ]


def test_worklist_is_sorted_by_severity_then_day_and_holds_only_unreviewed(people):
    severity = ExerciseSession.Severity
    routine = session_of(people.patient, days=9)
    late_pain = session_of(people.patient, days=1, severity=severity.PAIN, pain=7)
    early_pain = session_of(people.patient, days=3, severity=severity.PAIN)
    session_of(people.patient, days=5, unreviewed=0)
    assert list(selectors.worklist(people.lead)) == [early_pain, late_pain, routine]
    assert [session.pain for session in selectors.worklist(people.lead)] == [None, 7, None]


def test_worklist_takes_four_queries_however_long(people):
    session_of(people.patient)
    counts = []
    for days in (0, 1, 2, 3):
        if days:
            session_of(people.patient, days=days)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert len(read_all(selectors.worklist(people.lead))) == 2 * (days + 1)
        counts.append(len(queries))
    assert counts == [4, 4, 4, 4]


def test_worklist_reads_no_motion(people):
    session_of(people.patient)
    with CaptureQueriesContext(connection) as queries:
        read_all(selectors.worklist(people.lead))
    assert not any('"motion"' in query["sql"] for query in queries)


def test_worklist_of_a_patient_and_of_strangers_is_empty(people):
    session_of(people.patient)
    for user in (people.patient_user, people.stranger, people.unassigned, people.other_patient_user):
        assert not selectors.worklist(user).exists()
    assert selectors.worklist(people.reader).count() == 1


def test_worklist_tells_the_last_standing_verdict_of_the_patient(people):
    session = session_of(people.patient)
    first, second = session.analyses.get().repetitions.all()
    make.VerdictFactory(repetition=first, label="squat.front_bent", decision="overridden")
    make.VerdictFactory(repetition=second)
    make.VerdictFactory(repetition=second, decision="undone", label="")
    patient = selectors.worklist(people.lead).get().patient
    assert (patient.last_verdict_decision, patient.last_verdict_label) == ("overridden", "squat.front_bent")


def test_session_detail_takes_the_same_queries_for_one_recording_and_for_three(people):
    session = session_of(people.patient)

    def read():
        with CaptureQueriesContext(connection) as queries:
            shown, access = selectors.session_detail(people.lead, session.uuid)
            for analysis in shown.shown_analyses:
                for repetition in analysis.repetitions.all():
                    assert repetition.correction.verified
                    assert [str(v.clinician) for v in repetition.verdicts.all()] == []
        assert access.may_review
        return len(shown.shown_analyses), len(queries)

    before = read()
    session_of(people.patient)
    session_of(people.patient)
    after = read()
    assert (before[0], after[0]) == (1, 3)
    assert before[1] == after[1] <= 7


@pytest.mark.parametrize("name", ["stranger", "unassigned", "other_patient_user"])
def test_details_are_not_found_by_strangers(people, name):
    session = session_of(people.patient)
    analysis = session.analyses.get()
    repetition = analysis.repetitions.first()
    user = getattr(people, name)
    for find, uuid in (
        (selectors.session_detail, session.uuid),
        (selectors.analysis_for, analysis.uuid),
        (selectors.repetition_for, repetition.uuid),
    ):
        with pytest.raises(Http404):
            find(user, uuid)
    assert not selectors.sessions_for(user).exists()


def test_the_current_analysis_is_a_finished_one_then_the_active_releases(people):
    recording = make.RecordingFactory(patient=people.patient)
    old = make.ModelReleaseFactory(name="old", is_active=False)
    older = make.AnalysisFactory(recording=recording, release=old, status=Analysis.Status.DONE)
    newer = make.AnalysisFactory(recording=recording)
    assert selectors.current_analyses().get() == older
    newer.status = Analysis.Status.DONE
    newer.save()
    assert selectors.current_analyses().get() == newer


def test_label_is_the_verdicts_until_it_is_taken_back(people):
    repetition = make.RepetitionFactory(analysis__recording__patient=people.patient)

    def seen():
        found, _ = selectors.repetition_for(people.lead, repetition.uuid)
        return found.label, found.verdict_decision

    assert seen() == ("squat.knees_inward", None)
    make.VerdictFactory(repetition=repetition, decision="overridden", label="squat.correct")
    assert seen() == ("squat.correct", "overridden")
    make.VerdictFactory(repetition=repetition, decision="undone", label="")
    assert seen() == ("squat.knees_inward", None)


def test_a_patient_is_shown_verified_corrections_only(people):
    repetition = make.RepetitionFactory(analysis__recording__patient=people.patient)
    correction = make.CorrectionFactory(repetition=repetition)

    def shown(user):
        return selectors.shown_correction(*selectors.repetition_for(user, repetition.uuid))

    assert shown(people.patient_user) == correction
    make.VerdictFactory(repetition=repetition, decision="overridden", label="squat.correct")
    assert shown(people.patient_user) is None
    Verdict.objects.all().delete()
    repetition.abstained = True
    repetition.save()
    assert shown(people.patient_user) is None
    repetition.abstained = False
    repetition.save()
    correction.verified = False
    correction.save()
    assert shown(people.patient_user) is None
    assert shown(people.lead) == correction


def test_notes_of_verdicts_are_not_for_the_patient(people):
    repetition = make.RepetitionFactory(analysis__recording__patient=people.patient)
    verdict = make.VerdictFactory(repetition=repetition)
    assert list(selectors.verdicts_of(*selectors.repetition_for(people.reader, repetition.uuid))) == [verdict]
    with pytest.raises(PermissionDenied):
        selectors.verdicts_of(*selectors.repetition_for(people.patient_user, repetition.uuid))


def test_history_counts_labels_by_session_and_exercise(people):
    session = session_of(people.patient, days=7)
    analysis = session.analyses.get()
    first, second = analysis.repetitions.all()
    make.VerdictFactory(repetition=first, decision="overridden", label="squat.front_bent")
    make.VerdictFactory(repetition=second, decision="not_a_repetition", label="")
    make.RepetitionFactory(analysis=analysis, finding="squat.correct", abstained=True)
    make.RepetitionFactory(analysis=analysis, finding="lunge.correct")
    session_of(people.patient)
    session_of(people.other_patient)
    with CaptureQueriesContext(connection) as queries:
        lunges, squats, today = selectors.mistake_history(people.patient)
    assert len(queries) == 1
    assert (lunges.exercise, lunges.counts, lunges.unreviewed) == ("lunge", {"lunge.correct": 1}, 1)
    assert squats.counts == {"squat.front_bent": 1}
    assert (squats.total, squats.unreviewed, squats.not_sure) == (2, 1, 1)
    assert today.counts == {"squat.knees_inward": 2}
    assert [squats.session, today.day] == [session.uuid, timezone.localdate()]


def test_history_can_be_limited_to_an_exercise_and_days(people):
    early, late = session_of(people.patient, days=7), session_of(people.patient, days=2)
    make.RepetitionFactory(analysis=late.analyses.get(), finding="lunge.correct")
    history = selectors.mistake_history
    assert [entry.day for entry in history(people.patient, exercise="squat")] == [early.day, late.day]
    assert [entry.exercise for entry in history(people.patient, start=late.day)] == ["lunge", "squat"]
    assert [entry.session for entry in history(people.patient, end=early.day)] == [early.uuid]


def test_history_counts_a_recording_once_though_two_releases_analysed_it(people):
    session = session_of(people.patient)
    old = make.ModelReleaseFactory(name="old", is_active=False)
    recording = session.analyses.get().recording
    again = make.AnalysisFactory(recording=recording, release=old, status=Analysis.Status.DONE)
    make.RepetitionFactory(analysis=again, finding="squat.correct")
    assert [entry.counts for entry in selectors.mistake_history(people.patient)] == [
        {"squat.knees_inward": 2}
    ]


def test_status_tells_place_and_wait_from_the_queue(db):
    now = timezone.now()
    make.AnalysisFactory(
        status=Analysis.Status.DONE, started_at=now - datetime.timedelta(seconds=10), finished_at=now
    )
    make.AnalysisFactory(status=Analysis.Status.RUNNING, started_at=now)
    make.AnalysisFactory()
    analysis = make.AnalysisFactory()
    status = selectors.analysis_status(analysis)
    assert (status.place, status.worker_connected, status.expected_wait_seconds) == (2, False, None)
    make.WorkerFactory()
    make.WorkerFactory(seen_at=now - WORKER_SILENT * 2)
    status = selectors.analysis_status(analysis)
    assert (status.place, status.worker_connected) == (2, True)
    assert status.expected_wait_seconds == 30  # the running one, the one before, its own


def test_status_of_a_finished_analysis_expects_nothing(db):
    status = selectors.analysis_status(make.AnalysisFactory(status="failed", error_code="no_person"))
    assert (status.place, status.expected_wait_seconds, status.error_code) == (None, None, "no_person")


def test_patient_rows_tell_last_day_and_sessions_to_review(people):
    session_of(people.patient, days=3)
    late = session_of(people.patient, days=1)
    session_of(people.patient, days=2, unreviewed=0)
    row = selectors.patient_rows(people.lead).get()
    assert (row, row.last_day, row.unreviewed_sessions) == (people.patient, late.day, 2)


def test_patient_rows_are_sorted_by_name(people):
    first = make.PatientFactory(clinic=people.clinic, name="Ada")
    assert list(selectors.patient_rows(people.clinic_admin)) == [first, people.patient]
