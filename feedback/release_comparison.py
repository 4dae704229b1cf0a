"""Compares a release with the active one on sessions that clinicians have reviewed.

Workers make it: the reviewed recordings are analysed by both releases as any recording is, behind new ones.
The comparison is then only read, and is as far as the analyses are.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from math import comb
from typing import TYPE_CHECKING, NamedTuple

from django.db.models import Exists, OuterRef, QuerySet
from django.utils.translation import gettext as _

from feedback.models import Analysis, ModelRelease, Repetition, Verdict
from feedback.reanalysis import Asked, Span, agrees, matching, queue_again
from feedback.selectors import current_analyses, judged_repetitions, standing_verdicts
from feedback.sentences import NOT_SURE
from ml.catalogue import CODES
from patients.models import Patient, Recording, User
from patients.permissions import require_administered_clinics, visible_patients

if TYPE_CHECKING:
    from patients.permissions import AnyUser

#: The newest reviewed recordings; what is older says less of how people move now.
MOST_RECORDINGS = 200
NOT_A_REPETITION = "not_a_repetition"
_SURE = 0.05


class Row(NamedTuple):
    """One class: of so many repetitions that clinicians call it, how many does each release?"""

    code: str
    reviewed: int
    active: int
    release: int


@dataclass
class Comparison:
    """How far two releases agree with clinicians on the repetitions of the same recordings."""

    active: ModelRelease
    release: ModelRelease
    recordings: int = 0
    done: int = 0
    failed: int = 0
    requested: bool = False
    #: By class: (the active one agrees, the other one agrees), once for each reviewed repetition.
    pairs: dict[str, list[tuple[bool, bool]]] = field(default_factory=lambda: defaultdict(list))
    #: Repetitions on which each says that it is not sure, and recordings that each compared with a baseline.
    not_sure: tuple[int, int] = (0, 0)
    with_baseline: tuple[int, int] = (0, 0)

    @property
    def is_open(self) -> bool:
        return self.requested and self.done + self.failed < self.recordings

    @property
    def repetitions(self) -> int:
        return sum(map(len, self.pairs.values()))

    @property
    def rows(self) -> list[Row]:
        places = {code: place for place, code in enumerate(CODES)}
        return [
            Row(code, len(pairs), sum(a for a, _b in pairs), sum(b for _a, b in pairs))
            for code, pairs in sorted(self.pairs.items(), key=lambda item: (places.get(item[0], 99), item[0]))
        ]

    @property
    def agreeing(self) -> tuple[int, int]:
        return sum(row.active for row in self.rows), sum(row.release for row in self.rows)

    @property
    def is_chance(self) -> bool:
        """Whether a difference as large could well be chance: the exact test of McNemar on what differs."""
        every = [pair for pairs in self.pairs.values() for pair in pairs]
        better, worse = every.count((False, True)), every.count((True, False))
        return _sign_test(better, worse) >= _SURE

    @property
    def sentence(self) -> str:
        """The result in one sentence; empty while there is none."""
        if not self.repetitions:
            return ""
        ours, theirs = self.agreeing
        words: dict[str, object] = {"active": self.active.name, "release": self.release.name}
        words |= {"n": self.repetitions, "ours": ours, "theirs": theirs}
        if self.is_chance:
            return (
                _(
                    "Of %(n)d reviewed repetitions %(release)s names %(theirs)d as the clinicians did, "
                    "%(active)s %(ours)d. The difference may be chance."
                )
                % words
            )
        better = (
            _(
                "%(release)s agrees with the clinicians more often: in %(theirs)d of %(n)d reviewed "
                "repetitions, %(active)s in %(ours)d."
            )
            if theirs > ours
            else _(
                "%(release)s agrees with the clinicians less often: in %(theirs)d of %(n)d reviewed "
                "repetitions, %(active)s in %(ours)d."
            )
        )
        return better % words


def _sign_test(one: int, other: int) -> float:
    """Return how probable a split at least as uneven is if either way is equally likely (two-sided)."""
    n, least = one + other, min(one, other)
    return min(1.0, 2 * sum(comb(n, k) for k in range(least + 1)) / 2**n)


def _reviewed(patients: QuerySet[Patient]) -> list[int]:
    """Return the keys of the newest recordings of which a clinician has judged a repetition."""
    verdicts = standing_verdicts().filter(repetition__analysis__recording=OuterRef("pk"))
    reviewed = Recording.objects.filter(Exists(verdicts), patient__in=patients)
    return list(reviewed.order_by("-recorded_at", "-pk").values_list("pk", flat=True)[:MOST_RECORDINGS])


def request_comparison(*, user: User, release: ModelRelease, active: ModelRelease) -> Asked:
    """Queue the reviewed recordings of the clinics that a person administers, for both releases."""
    clinics = require_administered_clinics(user)
    recordings = Recording.objects.filter(pk__in=_reviewed(Patient.objects.filter(clinic__in=clinics)))
    asked = [queue_again(user, one, recordings) for one in (release, active)]
    return Asked(sum(one.queued for one in asked), sum(one.left for one in asked))


def comparison(user: "AnyUser", release: ModelRelease, active: ModelRelease) -> Comparison:
    """Return how far the comparison is, and what it says, over the patients whom a person may see.

    Four queries. A recording counts once both releases have analysed it; reviewed is what clinicians said of
    the repetitions that they were shown.
    """
    found = Comparison(active, release)
    recordings = _reviewed(visible_patients(user))
    states = defaultdict[int, dict[int, str]](dict)
    baselines = [0, 0]
    rows = Analysis.objects.filter(recording__in=recordings, release__in=(active, release))
    for recording_id, release_id, status, baseline in rows.values_list(
        "recording_id", "release_id", "status", "baseline"
    ):
        states[recording_id][release_id] = status
        baselines[release_id == release.pk] += bool(baseline)
    both = [pk for pk in recordings if _are(states[pk], Analysis.Status.DONE)]
    found.recordings, found.done = len(recordings), len(both)
    found.failed = sum(_has_failed(states[pk]) for pk in recordings)
    found.requested = any(release.pk in of for of in states.values())
    found.with_baseline = (baselines[0], baselines[1])
    if both:
        _compare(found, both)
    return found


def _are(states: dict[int, str], status: str) -> bool:
    return len(states) == 2 and set(states.values()) == {status}


def _has_failed(states: dict[int, str]) -> bool:
    open_ones = (Analysis.Status.QUEUED, Analysis.Status.RUNNING, Analysis.Status.DONE)
    return any(status not in open_ones for status in states.values())


def _compare(found: Comparison, recordings: Sequence[int]) -> None:
    """Set the two releases' findings beside the verdicts."""
    theirs = defaultdict[tuple[int, int], list[Span]](list)
    rows = Repetition.objects.filter(
        analysis__recording__in=recordings, analysis__release__in=(found.active, found.release)
    )
    for row in rows.select_related("analysis").defer("motion"):
        theirs[row.analysis.release_id, row.analysis.recording_id].append(Span.of(row))
    judged = judged_repetitions().filter(
        analysis__in=current_analyses().filter(recording__in=recordings).order_by().values("pk"),
        verdict_decision__isnull=False,
    )
    unsure = [0, 0]
    for row in judged.select_related("analysis"):
        code = NOT_A_REPETITION if row.verdict_decision == Verdict.Decision.NOT_A_REPETITION else row.label
        said = [
            _said(Span.of(row), theirs[one.pk, row.analysis.recording_id])
            for one in (found.active, found.release)
        ]
        for i in range(2):
            unsure[i] += said[i] == NOT_SURE
        judged_as = [one for one in (code, row.second_label) if one]
        found.pairs[code].append((agrees(said[0], judged_as), agrees(said[1], judged_as)))
    found.not_sure = (unsure[0], unsure[1])


def _said(span: Span, others: Iterable[Span]) -> str:
    match = matching(span, others)
    return NOT_A_REPETITION if match is None else match.found
