"""How far clinicians agree with each other on the repetitions that two of them reviewed."""

from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property
from itertools import combinations, groupby
from typing import TYPE_CHECKING

from django.db.models import Exists, OuterRef

from feedback.agreement import NOT_A_REPETITION, Kappa, cohens_kappa, judged_by
from feedback.models import ModelRelease, Verdict
from patients.models import Clinic

if TYPE_CHECKING:
    from patients.permissions import AnyUser


@dataclass
class PairAgreement:
    """Two clinicians on one exercise: what each said of the same repetitions, and how often."""

    exercise: str
    names: tuple[str, str]
    verdicts: Counter[tuple[str, str]] = field(default_factory=Counter)

    @property
    def total(self) -> int:
        return self.verdicts.total()

    @property
    def same(self) -> int:
        return sum(n for (first, second), n in self.verdicts.items() if first == second)

    @property
    def same_share(self) -> float:
        return self.same / self.total

    @cached_property
    def kappa(self) -> Kappa | None:
        return cohens_kappa(self.verdicts)


def between_clinicians(
    user: "AnyUser", release: ModelRelease | None = None, clinic: Clinic | None = None
) -> list[PairAgreement]:
    """Return the agreement of each two clinicians who judged the same repetitions, most first. One query.

    Of each clinician the newest verdict on a repetition counts; one that was taken back does not. Of two
    mistakes at once the first counts.
    """
    newer = Verdict.objects.filter(
        repetition=OuterRef("repetition"), clinician=OuterRef("clinician"), pk__gt=OuterRef("pk")
    )
    others = Verdict.objects.filter(repetition=OuterRef("repetition")).exclude(
        clinician=OuterRef("clinician")
    )
    rows = (
        judged_by(user, release, clinic)
        .exclude(decision=Verdict.Decision.UNDONE)
        .filter(~Exists(newer), Exists(others))
        .select_related("clinician", "repetition")
        .defer("repetition__motion")
        .order_by("repetition_id", "at", "pk")
    )
    found: dict[tuple[str, int, int], PairAgreement] = {}
    for _repetition, group in groupby(rows, key=lambda verdict: verdict.repetition_id):
        for first, second in combinations(group, 2):
            # The two in one order, whoever judged first, so that each pair is one row.
            a, b = sorted((first, second), key=lambda one: one.clinician_id)
            key = (a.repetition.exercise, a.clinician_id, b.clinician_id)
            names = (str(a.clinician), str(b.clinician))
            found.setdefault(key, PairAgreement(key[0], names)).verdicts[_said(a), _said(b)] += 1
    return sorted(found.values(), key=lambda one: -one.total)


def _said(verdict: Verdict) -> str:
    return NOT_A_REPETITION if verdict.decision == Verdict.Decision.NOT_A_REPETITION else verdict.label
