"""How far the model and the clinicians agree: counted in SQL, told as a table and as Cohen's kappa."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from math import sqrt
from typing import TYPE_CHECKING, NamedTuple

from django.db.models import Count, QuerySet

from feedback.models import ModelRelease, Repetition, Verdict
from feedback.selectors import current_analyses, standing_verdicts
from feedback.sentences import NOT_SURE
from feedback.wording import exercises_in_order
from ml.catalogue import CODES
from patients.models import Clinic
from patients.permissions import visible_patients

if TYPE_CHECKING:
    from patients.permissions import AnyUser

NOT_A_REPETITION = "not_a_repetition"
#: (what the model said, what the clinician said) and how often.
Pairs = Mapping[tuple[str, str], int]
_Z = 1.96
#: Fewer pairs than this say too little for an interval of a large-sample formula.
_FEWEST = 20


class Kappa(NamedTuple):
    """Cohen's kappa; without an interval where too few repetitions were judged, or where all agree."""

    value: float
    interval: tuple[float, float] | None
    n: int


def cohens_kappa(pairs: Pairs) -> Kappa | None:
    """Return the agreement beyond chance; None where one of the two always said the same.

    The standard error is that of Fleiss, Cohen and Everitt (1969), Psychological Bulletin 72, 323-327.
    """
    n = sum(pairs.values())
    share = {pair: number / n for pair, number in pairs.items()} if n else {}
    rows, columns = defaultdict[str, float](float), defaultdict[str, float](float)
    for (row, column), p in share.items():
        rows[row] += p
        columns[column] += p
    observed = sum(p for (row, column), p in share.items() if row == column)
    expected = sum(p * columns[code] for code, p in rows.items())
    if sum(p > 0 for p in rows.values()) < 2 or sum(p > 0 for p in columns.values()) < 2:
        return None
    kappa = (observed - expected) / (1 - expected)
    if n < _FEWEST or observed > 1 - 1e-9:
        return Kappa(kappa, None, n)
    rest = 1 - kappa
    agreeing = sum(
        p * (1 - (rows[row] + columns[row]) * rest) ** 2
        for (row, column), p in share.items()
        if row == column
    )
    differing = rest**2 * sum(
        p * (columns[row] + rows[column]) ** 2 for (row, column), p in share.items() if row != column
    )
    variance = (agreeing + differing - (kappa - expected * rest) ** 2) / (n * (1 - expected) ** 2)
    reach = _Z * sqrt(max(0.0, variance))
    return Kappa(kappa, (max(-1.0, kappa - reach), min(1.0, kappa + reach)), n)


class MistakeRow(NamedTuple):
    """One class: how often the model named it, how often the clinicians, how often both."""

    code: str
    model: int
    clinicians: int
    both: int
    kappa: Kappa | None


class ConfusionRow(NamedTuple):
    """What the clinicians said of the repetitions of which the model said one thing."""

    code: str
    cells: list[tuple[int, bool]]  # the number, and whether it means agreement
    total: int


@dataclass
class ExerciseAgreement:
    """Model against clinicians on one exercise. `total` and `abstained` count unreviewed repetitions too."""

    exercise: str
    total: int = 0
    abstained: int = 0
    #: Verdicts on repetitions that the model abstained from are under `NOT_SURE`.
    verdicts: Counter[tuple[str, str]] = field(default_factory=Counter)
    #: The other mistake where a clinician saw two at once; one that the model named is the first.
    seconds: Counter[tuple[str, str]] = field(default_factory=Counter)

    @property
    def reviewed(self) -> int:
        return self.verdicts.total()

    @cached_property
    def pairs(self) -> dict[tuple[str, str], int]:
        """Both named a class."""
        return {
            pair: n
            for pair, n in self.verdicts.items()
            if pair[0] != NOT_SURE and pair[1] != NOT_A_REPETITION
        }

    @property
    def abstained_share(self) -> float | None:
        return self.abstained / self.total if self.total else None

    @property
    def committed(self) -> int:
        """Reviewed repetitions of which the model had named a class."""
        return sum(n for (said, _), n in self.verdicts.items() if said != NOT_SURE)

    @property
    def overridden(self) -> int:
        """Of these, the ones of which a clinician said something else."""
        return self.committed - sum(n for (said, judged), n in self.pairs.items() if said == judged)

    @property
    def overridden_share(self) -> float | None:
        return self.overridden / self.committed if self.committed else None

    @cached_property
    def kappa(self) -> Kappa | None:
        return cohens_kappa(self.pairs)

    @cached_property
    def columns(self) -> list[str]:
        """What clinicians could say: the classes that occur, then that it is no repetition."""
        return [*self._codes, *([NOT_A_REPETITION] if self._judged[NOT_A_REPETITION] else [])]

    @cached_property
    def rows(self) -> list[ConfusionRow]:
        """What the model said: the classes that occur, then that it was not sure."""
        said = [*self._codes, *([NOT_SURE] if any(row == NOT_SURE for row, _ in self.verdicts) else [])]
        return [
            ConfusionRow(
                row,
                [(self.verdicts[row, column], row == column) for column in self.columns],
                sum(self.verdicts[row, column] for column in self.columns),
            )
            for row in said
        ]

    @cached_property
    def mistakes(self) -> list[MistakeRow]:
        """Each class against all others."""
        return [
            MistakeRow(
                code,
                model=sum(n for (said, _), n in self.pairs.items() if said == code),
                clinicians=sum(n for (_, judged), n in self._named.items() if judged == code),
                both=self.pairs.get((code, code), 0),
                kappa=cohens_kappa(_against_the_rest(self.pairs, self._seconds, code)),
            )
            for code in self._codes
        ]

    @cached_property
    def _seconds(self) -> dict[tuple[str, str], int]:
        return {pair: n for pair, n in self.seconds.items() if pair[0] != NOT_SURE}

    @cached_property
    def _named(self) -> Counter[tuple[str, str]]:
        """All that clinicians named, the second of two mistakes too."""
        return Counter(self.pairs) + Counter(self._seconds)

    @cached_property
    def _judged(self) -> Counter[str]:
        judged = Counter[str]()
        for (_, column), n in self.verdicts.items():
            judged[column] += n
        return judged

    @cached_property
    def _codes(self) -> list[str]:
        pairs = [*self.verdicts, *self.seconds]
        seen = {code for pair in pairs for code in pair} - {NOT_SURE, NOT_A_REPETITION}
        return sorted(seen, key=lambda code: (CODES.index(code) if code in CODES else len(CODES), code))


def _against_the_rest(pairs: Pairs, seconds: Pairs, code: str) -> Counter[tuple[str, str]]:
    two = Counter[tuple[str, str]]()
    for (said, judged), n in pairs.items():
        two[code if said == code else "", code if judged == code else ""] += n
    for (said, judged), n in seconds.items():  # counted above by the first mistake: now it is named as well
        if judged == code:
            two[code if said == code else "", ""] -= n
            two[code if said == code else "", code] += n
    return two


def compared_repetitions(
    user: "AnyUser", release: ModelRelease | None, clinic: Clinic | None
) -> QuerySet[Repetition]:
    """Return the repetitions that count: of all patients whom a clinician may see, but not their own."""
    patients = visible_patients(user).exclude(user=user.pk)
    if clinic is not None:
        patients = patients.filter(clinic=clinic)
    found = Repetition.objects.filter(
        analysis__recording__patient__in=patients.order_by().values("pk"), superseded_at__isnull=True
    )
    if release is not None:
        return found.filter(analysis__release=release)
    # What another release would find is no result that anybody is shown.
    return found.filter(analysis__in=current_analyses().order_by().values("pk"))


def judged_by(user: "AnyUser", release: ModelRelease | None, clinic: Clinic | None) -> QuerySet[Verdict]:
    """Return every verdict on the repetitions that count."""
    repetitions = compared_repetitions(user, release, clinic).order_by().values("pk")
    return Verdict.objects.filter(repetition__in=repetitions)


def agreement(
    user: "AnyUser", release: ModelRelease | None = None, clinic: Clinic | None = None
) -> list[ExerciseAgreement]:
    """Return the agreement on each exercise over the patients whom a clinician may see. Two queries."""
    repetitions = compared_repetitions(user, release, clinic)
    verdicts = standing_verdicts().filter(repetition__in=repetitions.order_by().values("pk"))
    counted = repetitions.order_by().values_list("exercise", "abstained").annotate(n=Count("pk"))
    judged = (
        verdicts.order_by()
        .values_list(
            "repetition__exercise",
            "repetition__abstained",
            "repetition__finding",
            "decision",
            "label",
            "second_label",
        )
        .annotate(n=Count("pk"))
    )
    return _collected(counted, judged)


def _collected(
    counted: Iterable[tuple[str, bool, int]], judged: Iterable[tuple[str, bool, str, str, str, str, int]]
) -> list[ExerciseAgreement]:
    found: dict[str, ExerciseAgreement] = {}
    for exercise, abstained, n in counted:
        one = found.setdefault(exercise, ExerciseAgreement(exercise))
        one.total += n
        one.abstained += n if abstained else 0
    for exercise, abstained, finding, decision, label, second, n in judged:
        said = NOT_SURE if abstained else finding
        answer = NOT_A_REPETITION if decision == Verdict.Decision.NOT_A_REPETITION else label
        found[exercise].verdicts[said, answer] += n
        if second:
            found[exercise].seconds[said, second] += n
    return [found[exercise] for exercise in exercises_in_order(found)]
