"""Repetitions moved, split, merged, deleted and added by a clinician, and what follows of it.

A clinician sends the whole list of cuts of a recording. What is in it already is kept with all that was said
of it; for the rest the analysis is queued again, and a worker looks at the new cuts with the same release.
Only when it is done do the old repetitions make way, in one transaction; they and their verdicts are kept.
Another release that looks at the recording later finds the repetitions where the clinician said they are.
"""

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple
from uuid import UUID

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from feedback import wording
from feedback.models import Analysis, Repetition
from feedback.refusals import Refusal
from patients.models import AccessLogEntry, User
from patients.permissions import log_access, require

SHORTEST_S = 0.3
MAX_CUTS = 500
_Status, _Step = Analysis.Status, Analysis.Step


class CutError(Refusal):
    """A list of cuts is refused."""

    SENTENCES = wording.CUTS


class CutConflict(CutError):
    """Others changed the repetitions meanwhile, or a change is still being looked at."""


class Cut(NamedTuple):
    """Frames `[start_frame, end_frame)` of a recording, and the exercise."""

    start_frame: int
    end_frame: int
    exercise: str


def current_repetitions(analysis: Analysis) -> QuerySet[Repetition]:
    """Return the repetitions that count, in order, without their motion."""
    return analysis.repetitions.filter(superseded_at__isnull=True).defer("motion").order_by("index")


def cuts_of(analysis: Analysis) -> list[Cut]:
    """Return where the repetitions are to be: as a clinician asked, else as they are."""
    if analysis.cuts is not None:
        return [Cut(*cut) for cut in analysis.cuts]
    return [_cut(repetition) for repetition in current_repetitions(analysis)]


def is_cut_anew(repetition: Repetition) -> bool:
    """Tell whether a repetition is gone, or will be as soon as a worker has looked at the new cuts."""
    row = Repetition.objects.filter(pk=repetition.pk)
    superseded_at, cuts = row.values_list("superseded_at", "analysis__cuts").get()
    return superseded_at is not None or (cuts is not None and list(_cut(repetition)) not in cuts)


def cut_anew(
    *, user: User, analysis: Analysis, cuts: Sequence[Cut], seen: Sequence[UUID]
) -> tuple[Analysis, bool]:
    """Say where the repetitions of a recording are; return the analysis and whether there is work to do.

    `seen` are the repetitions that the clinician saw: where these are not the ones that are, somebody has cut
    them meanwhile, and `CutConflict` is raised. Nothing is done where the cuts are as they were.
    """
    from feedback.queue import announce  # which in turn asks this module for the cuts that are kept

    patient = analysis.recording.patient
    require(user, patient, "may_review")
    cuts = _checked(cuts, analysis)
    with transaction.atomic():
        held = Analysis.objects.select_for_update().get(pk=analysis.pk)
        repetitions = list(current_repetitions(held))
        if not _may_be_cut(held):
            raise CutConflict("being_analysed")
        if {repetition.uuid for repetition in repetitions} != set(seen):
            raise CutConflict("cut_meanwhile")
        if cuts == [_cut(repetition) for repetition in repetitions]:
            return held, False
        held.cuts, held.cut_by = [list(cut) for cut in cuts], user
        held.status, held.step, held.attempts = _Status.QUEUED, _Step.WAITING, 0
        held.worker = held.error_code = ""
        held.queued_at = held.announced_at = timezone.now()
        held.started_at = held.heartbeat_at = held.finished_at = None
        held.save()
        log_access(user, patient, AccessLogEntry.Action.CHANGE, "repetitions", held.uuid)
        transaction.on_commit(partial(announce, held.uuid))
    return held, True


def keep_cuts(analysis: Analysis) -> None:
    """Have a release look at a recording where clinicians said its repetitions are. In a transaction.

    `analysis` is new; of others of this reading that were cut by hand the one that was cut last counts.
    """
    by_hand = (
        Q(cuts__isnull=False)
        | Q(repetitions__cut_by__isnull=False)
        | Q(repetitions__superseded_at__isnull=False)
    )
    others = Analysis.objects.filter(recording=analysis.recording_id, reading=analysis.reading)
    last = others.exclude(pk=analysis.pk).filter(by_hand).order_by("-queued_at").first()
    if last is not None:
        whose = current_repetitions(last).filter(cut_by__isnull=False).values_list("cut_by", flat=True)
        analysis.cuts = [list(cut) for cut in cuts_of(last)]
        analysis.cut_by_id = last.cut_by_id or whose.last()
        analysis.save(update_fields=["cuts", "cut_by"])


def new_cuts(analysis: Analysis) -> list[Cut] | None:
    """Return those cuts that a worker is to look at; None where it is to find the repetitions itself."""
    if analysis.cuts is None:
        return None
    kept = {_cut(repetition) for repetition in current_repetitions(analysis)}
    return [cut for cut in cuts_of(analysis) if cut not in kept]


def make_way(analysis: Analysis) -> dict[Cut, int]:
    """Supersede what is cut anew and number the rest; return the number of each cut. In a transaction."""
    numbers = {cut: number for number, cut in enumerate(cuts_of(analysis), start=1)}
    repetitions = list(current_repetitions(analysis))
    gone = [repetition.pk for repetition in repetitions if _cut(repetition) not in numbers]
    Repetition.objects.filter(pk__in=gone).update(superseded_at=timezone.now())
    kept = [repetition for repetition in repetitions if repetition.pk not in gone]
    # No two may have one number, not even on the way.
    Repetition.objects.filter(pk__in=[one.pk for one in kept]).update(index=F("index") + MAX_CUTS)
    for repetition in kept:
        repetition.index = numbers[_cut(repetition)]
    Repetition.objects.bulk_update(kept, ["index"])
    return numbers


def _may_be_cut(analysis: Analysis) -> bool:
    """An analysis that is done, or that found nothing where a clinician sees something."""
    nothing_found = (analysis.status, analysis.error_code) == (_Status.FAILED, "no_repetition_found")
    return analysis.status == _Status.DONE or nothing_found


def _cut(repetition: Repetition) -> Cut:
    return Cut(repetition.start_frame, repetition.end_frame, repetition.exercise)


def _checked(cuts: Sequence[Cut], analysis: Analysis) -> list[Cut]:
    """Return the cuts in order of time, or refuse them."""
    recording, exercises = analysis.recording, analysis.release.exercises
    if len(cuts) > MAX_CUTS:
        raise CutError("too_many_cuts", most=MAX_CUTS)
    ordered = sorted(cuts)
    end_before = 0
    for cut in ordered:
        if cut.exercise not in exercises:
            raise CutError("no_such_exercise", choices=", ".join(exercises))
        if not 0 <= cut.start_frame < cut.end_frame <= recording.frames:
            raise CutError("outside_recording", frames=recording.frames)
        if (cut.end_frame - cut.start_frame) / recording.frame_rate < SHORTEST_S:
            raise CutError("cut_too_short", seconds=SHORTEST_S)
        if cut.start_frame < end_before:
            raise CutError("cuts_overlap")
        end_before = cut.end_frame
    return ordered
