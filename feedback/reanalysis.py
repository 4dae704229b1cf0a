"""Has recordings analysed again by another release, and says what that one would find otherwise.

Nothing that a clinician has reviewed changes by it: `feedback.selectors.current_analyses` sees to that.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from feedback.models import Analysis, ModelRelease, Repetition, Verdict
from feedback.queue import request_analysis
from feedback.releases import release_in_use
from feedback.sentences import NOT_SURE, class_name, listed, shown_codes
from ml.catalogue import is_correct
from patients.models import AccessLogEntry, Patient, Recording, User
from patients.permissions import log_access, require, require_administered_clinics

#: So many recordings may wait to be analysed again, of the whole site; new ones go before them.
MOST_WAITING = 500
#: Two repetitions are the same one if they share at least so much of the time that either takes.
SAME_SHARE = 0.5


class Asked(NamedTuple):
    """How many recordings were queued, and how many more there were than could be."""

    queued: int
    left: int


def analyse_patient_again(*, user: User, patient: Patient) -> Asked:
    """Queue a patient's recordings for the active release, where it has not analysed them yet."""
    require(user, patient, "may_review")
    release = release_in_use()
    return Asked(0, 0) if release is None else queue_again(user, release, patient.recordings.all())


def analyse_clinic_again(*, user: User, release: ModelRelease) -> Asked:
    """Queue the recordings of the clinics that a person administers, the newest first."""
    clinics = require_administered_clinics(user)
    return queue_again(user, release, Recording.objects.filter(patient__clinic__in=clinics))


def queue_again(user: User, release: ModelRelease, recordings: QuerySet[Recording]) -> Asked:
    """Queue those of the recordings that a release has not analysed yet, as far as there is room."""
    known = Analysis.objects.filter(recording=OuterRef("pk"), reading=OuterRef("reading"), release=release)
    missing = recordings.filter(~Exists(known)).select_related("patient")
    waiting = Analysis.objects.filter(
        priority=Analysis.Priority.AGAIN, status__in=(Analysis.Status.QUEUED, Analysis.Status.RUNNING)
    )
    room = max(0, MOST_WAITING - waiting.count())
    with transaction.atomic():
        chosen = list(missing.order_by("-recorded_at", "-pk")[:room])
        for recording in chosen:
            request_analysis(recording=recording, release=release, priority=Analysis.Priority.AGAIN)
        for patient in {recording.patient for recording in chosen}:
            log_access(user, patient, AccessLogEntry.Action.CHANGE, "reanalysis", patient.uuid)
        return Asked(len(chosen), missing.count())


class Span(NamedTuple):
    """When a repetition happened in its recording, in seconds, and what was found."""

    start: float
    end: float
    found: str

    @classmethod
    def of(cls, repetition: Repetition) -> "Span":
        rate = repetition.frame_rate
        found = NOT_SURE if repetition.abstained else repetition.finding
        return cls(repetition.start_frame / rate, repetition.end_frame / rate, found)

    def is_same(self, other: "Span") -> bool:
        """Tell whether two are one repetition, cut a little differently."""
        shared = min(self.end, other.end) - max(self.start, other.start)
        either = max(self.end, other.end) - min(self.start, other.start)
        return shared >= SAME_SHARE * either


def agrees(found: str, said: Iterable[str]) -> bool:
    """Tell whether a release names one of what was said; of two mistakes at once, either is right."""
    return any(found == code or (is_correct(found) and is_correct(code)) for code in said)


def matching(span: Span, others: Iterable[Span]) -> Span | None:
    """Return which of other repetitions is the same one."""
    return next((other for other in others if span.is_same(other)), None)


def would_differ(analyses: Sequence[Analysis]) -> dict[int, list[str]]:
    """Return, by the key of a shown analysis, what each newer release would say otherwise. One query.

    Expects `feedback.selectors.session_detail`; its caller has checked that the person may read it.
    """
    by_recording = {analysis.recording_id: analysis for analysis in analyses}
    rows = (
        Repetition.objects.filter(analysis__recording__in=by_recording, analysis__status=Analysis.Status.DONE)
        .exclude(analysis__in=[analysis.pk for analysis in analyses])
        .select_related("analysis__release")
        .defer("motion")
        .order_by("analysis__release__created_at", "index")
    )
    found = defaultdict[tuple[int, ModelRelease], list[Span]](list)
    for row in rows:
        found[row.analysis.recording_id, row.analysis.release].append(Span.of(row))
    sentences = defaultdict[int, list[str]](list)
    for (recording_id, release), spans in found.items():
        shown = by_recording[recording_id]
        if release.is_active or release.created_at > shown.release.created_at:
            sentences[shown.pk].append(_sentence(release, shown.repetitions.all(), spans))
    return dict(sentences)


def _sentence(release: ModelRelease, shown: Iterable[Repetition], spans: list[Span]) -> str:
    """Return "exfb-3 would say: knees fall inward in 4; correct in 7 and 8."."""
    left, differing = list(spans), defaultdict[str, list[str]](list)
    for repetition in shown:
        theirs = matching(Span.of(repetition), left)
        if theirs:
            left.remove(theirs)
        if clause := _otherwise(repetition, theirs):
            differing[clause].append(str(repetition.index))
    clauses = [clause % {"numbers": listed(numbers)} for clause, numbers in differing.items()]
    if left:
        clauses.append(
            ngettext("%(n)d repetition more", "%(n)d repetitions more", len(left)) % {"n": len(left)}
        )
    if not clauses:
        return _("%(release)s would say the same.") % {"release": release.name}
    return _("%(release)s would say: %(what)s.") % {"release": release.name, "what": "; ".join(clauses)}


def _otherwise(repetition: Repetition, theirs: Span | None) -> str:
    """Return what another release says of a repetition, with a place for its number; "" for the same."""
    is_none = repetition.verdict_decision == Verdict.Decision.NOT_A_REPETITION
    if theirs is None:
        return "" if is_none else _("no repetition in %(numbers)s")
    ours = shown_codes(repetition)
    if not is_none and agrees(theirs.found, ours):
        return ""
    return _("{finding} in %(numbers)s").format(finding=class_name(theirs.found).lower())
