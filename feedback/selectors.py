"""Reads of sessions, analyses, repetitions and verdicts, already narrowed to what the person may see."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db.models import (
    Case,
    Count,
    Exists,
    F,
    IntegerField,
    Max,
    OuterRef,
    Prefetch,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Coalesce
from django.http import Http404

from feedback.models import Analysis, ExerciseSession, ModelRelease, Repetition, Verdict
from feedback.shown import shown_correction
from feedback.status import AnalysisStatus, analysis_status
from patients.models import Patient, Recording
from patients.permissions import Access, access_to, visible_patients

if TYPE_CHECKING:
    from patients.permissions import AnyUser

__all__ = [
    "AnalysisStatus",
    "HistoryEntry",
    "active_release",
    "analysis_for",
    "analysis_status",
    "current_analyses",
    "judged_repetitions",
    "mistake_history",
    "patient_rows",
    "repetition_for",
    "session_detail",
    "sessions_for",
    "shown_correction",
    "standing_verdicts",
    "verdicts_of",
    "waiting_sessions",
    "with_repetitions",
    "worklist",
]


def active_release() -> ModelRelease | None:
    """Return the release that new recordings are analysed with. One query."""
    return ModelRelease.objects.filter(is_active=True).first()


def standing_verdicts() -> QuerySet[Verdict]:
    """Return, of each repetition, the newest verdict, unless that one took the earlier ones back."""
    newer = Verdict.objects.filter(repetition=OuterRef("repetition"), pk__gt=OuterRef("pk"))
    return Verdict.objects.exclude(decision=Verdict.Decision.UNDONE).filter(~Exists(newer))


def current_analyses() -> QuerySet[Analysis]:
    """Return one analysis of each recording, as it is read now: what a person is shown of it.

    A finished one (also while it is cut anew) comes before one that is waiting or failed; then one that a
    clinician has reviewed, so that no other release ever changes a reviewed finding; then the active
    release's, then that of the release that was in use last, and last one that is only on trial.
    """
    reviewed = standing_verdicts().filter(repetition__analysis=OuterRef("pk"))
    found = Repetition.objects.filter(analysis=OuterRef("pk"))
    best = (
        Analysis.objects.filter(recording=OuterRef("recording"), reading=OuterRef("recording__reading"))
        .annotate(
            unfinished=Case(
                When(Q(status=Analysis.Status.DONE) | (Q(cuts__isnull=False) & Exists(found)), then=0),
                default=1,
                output_field=IntegerField(),
            ),
            reviewed=Exists(reviewed),
        )
        .order_by(
            "unfinished",
            "-reviewed",
            "-release__is_active",
            F("release__activated_at").desc(nulls_last=True),
            "-queued_at",
            "-pk",
        )
    )
    return Analysis.objects.filter(pk=Subquery(best.values("pk")[:1])).order_by(
        "recording__recorded_at", "recording_id"
    )


def judged_repetitions() -> QuerySet[Repetition]:
    """Return the repetitions that count, without those cut anew since, as `_every_repetition` does."""
    return _every_repetition().filter(superseded_at__isnull=True)


def _every_repetition() -> QuerySet[Repetition]:
    """Return repetitions without their motion, each with what counts of it.

    Annotations: `verdict_decision`, `verdict_label` and `verdict_second_label` (None without a standing
    verdict), and what counts: `label`, the verdict's where a clinician gave one, else the model's finding,
    and `second_label`, the other mistake where a clinician saw two at once, else "".
    """
    standing = standing_verdicts().filter(repetition=OuterRef("pk"))
    return Repetition.objects.defer(
        "motion"
    ).annotate(  # type: ignore[no-redef]
        verdict_decision=Subquery(standing.values("decision")[:1]),
        verdict_label=Subquery(standing.values("label")[:1]),
        verdict_second_label=Subquery(standing.values("second_label")[:1]),
        label=Case(When(verdict_decision__in=Verdict.JUDGED, then=F("verdict_label")), default=F("finding")),
        second_label=Coalesce(F("verdict_second_label"), Value("")),
    )


def sessions_for(user: "AnyUser") -> QuerySet[ExerciseSession]:
    """Return the sessions that a person may read, newest first, each with its patient and greatest `pain`."""
    visible = ExerciseSession.objects.filter(patient__in=visible_patients(user))
    return _with_pain(visible.select_related("patient"))


def _with_pain(sessions: QuerySet[ExerciseSession]) -> QuerySet[ExerciseSession]:
    pain = (
        Recording.objects.filter(analyses__session=OuterRef("pk"))
        .order_by()
        .values("analyses__session")
        .annotate(greatest=Max("pain"))
        .values("greatest")
    )
    return sessions.annotate(pain=Subquery(pain))  # type: ignore[no-redef]


def with_repetitions(sessions: QuerySet[ExerciseSession]) -> QuerySet[ExerciseSession]:
    """Add to each session `shown_analyses`: its recordings' current analyses with judged repetitions.

    Two queries more, however many sessions there are.
    """
    analyses = (
        current_analyses()
        .select_related("recording")
        .prefetch_related(Prefetch("repetitions", judged_repetitions()))
    )
    shown = Prefetch("analyses", analyses, to_attr="shown_analyses")
    return sessions.prefetch_related(shown)  # type: ignore[no-redef]


def waiting_sessions(user: "AnyUser") -> QuerySet[ExerciseSession]:
    """Return the sessions that wait for a person's review, severest first, then the one that waits longest.

    Plain rows, to count, to sort and to page through. A person's own record never lies in their own worklist.
    """
    # Whose they are is asked once, of the patients, not of each session.
    patients = visible_patients(user).exclude(user__isnull=False, user_id=user.pk or 0)
    waiting = ExerciseSession.objects.filter(patient__in=patients, unreviewed_count__gt=0)
    return waiting.order_by("severity", "day", "pk")


def worklist(user: "AnyUser") -> QuerySet[ExerciseSession]:
    """Return `waiting_sessions` with all that a row of the worklist shows.

    Each has `pain`, `shown_analyses`, and `patient` with `last_verdict_decision`, `last_verdict_label` and
    `last_verdict_at` of the newest standing verdict in any session. Four queries, however many rows.
    """
    last = standing_verdicts().filter(repetition__analysis__session__patient=OuterRef("pk"))
    newest = last.order_by("-at", "-pk")[:1]
    # Looked up for the patients of a page, not for every session that is sorted.
    patients = Patient.objects.annotate(
        last_verdict_decision=Subquery(newest.values("decision")),
        last_verdict_label=Subquery(newest.values("label")),
        last_verdict_at=Subquery(newest.values("at")),
    )
    waiting = _with_pain(waiting_sessions(user)).prefetch_related(Prefetch("patient", patients))
    return with_repetitions(waiting)


def session_detail(user: "AnyUser", session_uuid: UUID) -> tuple[ExerciseSession, Access]:
    """Return a session and what the person may do for its patient; 404 for a stranger.

    `shown_analyses` holds the current analysis of each recording (with `recording` and `release`); its
    `repetitions.all()` have their correction (without the motion) and their verdicts, newest first.
    """
    repetitions = (
        judged_repetitions()
        .select_related("correction", "baseline_mark")
        .defer("motion", "correction__motion")
        .prefetch_related(Prefetch("verdicts", Verdict.objects.select_related("clinician")))
    )
    analyses = (
        current_analyses()
        .select_related("recording__patient", "release")
        .prefetch_related(Prefetch("repetitions", repetitions))
    )
    shown = Prefetch("analyses", analyses, to_attr="shown_analyses")
    session = sessions_for(user).filter(uuid=session_uuid).prefetch_related(shown).first()  # type: ignore[no-redef]
    access = access_to(user, session.patient) if session else None
    if session is None or access is None:
        raise Http404
    return session, access


def analysis_for(user: "AnyUser", analysis_uuid: UUID) -> tuple[Analysis, Access]:
    """Return an analysis and what the person may do for its patient; 404 for a stranger."""
    analysis = (
        Analysis.objects.filter(uuid=analysis_uuid, recording__patient__in=visible_patients(user))
        .select_related("recording__patient", "session", "release")
        .first()
    )
    access = access_to(user, analysis.recording.patient) if analysis else None
    if analysis is None or access is None:
        raise Http404
    return analysis, access


def repetition_for(user: "AnyUser", repetition_uuid: UUID) -> tuple[Repetition, Access]:
    """Return a repetition with its motion and correction, and what the person may do; 404 for a stranger."""
    repetition = (
        _every_repetition()
        .defer(None)
        .filter(uuid=repetition_uuid, analysis__recording__patient__in=visible_patients(user))
        .select_related("correction", "baseline_mark", "analysis__recording__patient", "analysis__session")
        .first()
    )
    access = access_to(user, repetition.analysis.recording.patient) if repetition else None
    if repetition is None or access is None:
        raise Http404
    return repetition, access


def verdicts_of(repetition: Repetition, access: Access) -> QuerySet[Verdict]:
    """Return what clinicians said of a repetition, newest first. Their notes are not for the patient: 403."""
    if access.is_own:
        raise PermissionDenied
    return repetition.verdicts.select_related("clinician")


def patient_rows(user: "AnyUser") -> QuerySet[Patient]:
    """Return patients by name, each with `last_day` and `unreviewed_sessions`. One query."""
    rows = visible_patients(user).annotate(
        last_day=Max("sessions__day"),
        unreviewed_sessions=Count("sessions", filter=Q(sessions__unreviewed_count__gt=0)),
    )
    return rows.order_by("name", "pk")


@dataclass
class HistoryEntry:
    """What one session held of one exercise; without a `session`, what several did from `day` on.

    `counts` is by class code, correct executions included, and says what clinicians said where they did,
    else what the model found; a repetition with two mistakes at once counts under both. `not_sure` are
    abstained ones that nobody has judged; `unreviewed` are all without a verdict. What a clinician called no
    repetition is left out.
    """

    session: UUID | None
    day: date
    exercise: str
    sessions: int = 1
    total: int = 0
    unreviewed: int = 0
    not_sure: int = 0
    counts: dict[str, int] = field(default_factory=dict)


def mistake_history(
    patient: Patient, exercise: str | None = None, start: date | None = None, end: date | None = None
) -> list[HistoryEntry]:
    """Return how a patient's mistakes change: one entry a session and exercise, oldest first. One query.

    `start` and `end` are days, both included. The caller has checked that the person may read the patient.
    """
    repetitions = judged_repetitions().filter(
        analysis__in=current_analyses().filter(recording__patient=patient).order_by().values("pk")
    )
    if exercise:
        repetitions = repetitions.filter(exercise=exercise)
    if start:
        repetitions = repetitions.filter(analysis__session__day__gte=start)
    if end:
        repetitions = repetitions.filter(analysis__session__day__lte=end)
    rows = (
        repetitions.order_by()
        .values_list(  # type: ignore[misc]
            "analysis__session__uuid",
            "analysis__session__day",
            "exercise",
            "label",
            "second_label",
            "abstained",
            "verdict_decision",
        )
        .annotate(number=Count("pk"))
    )
    return _entries(rows)


def _entries(rows: Iterable[tuple[UUID, date, str, str, str, bool, str | None, int]]) -> list[HistoryEntry]:
    entries: dict[tuple[date, UUID, str], HistoryEntry] = {}
    for session, day, exercise, label, second, abstained, decision, number in rows:
        if decision == Verdict.Decision.NOT_A_REPETITION:
            continue
        entry = entries.setdefault((day, session, exercise), HistoryEntry(session, day, exercise))
        entry.total += number
        if decision is None:
            entry.unreviewed += number
        if decision is None and abstained:
            entry.not_sure += number
            continue
        for code in (label, second) if second else (label,):
            entry.counts[code] = entry.counts.get(code, 0) + number
    return [entries[key] for key in sorted(entries)]
