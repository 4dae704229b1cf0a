"""What a session says to the patient: what went right, the one thing to fix, and whether one has looked."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from feedback.desk import CAMERAS
from feedback.models import Analysis, ExerciseSession, Repetition, Verdict
from feedback.sentences import shown_codes
from feedback.wording import exercise_name
from ml.catalogue import is_correct


@dataclass(frozen=True)
class ExerciseResult:
    """The repetitions of one exercise in a session."""

    exercise: str
    total: int
    right: int

    @property
    def name(self) -> str:
        return exercise_name(self.exercise)


class PlainResult:
    """A session in plain words. Expects `shown_analyses` as `feedback.selectors` gives them."""

    def __init__(self, session: ExerciseSession) -> None:
        self.session = session
        self.analyses: Sequence[Analysis] = session.shown_analyses

    @cached_property
    def repetitions(self) -> list[Repetition]:
        """All repetitions but those that a clinician called none."""
        return [
            repetition
            for analysis in self.analyses
            for repetition in analysis.repetitions.all()
            if repetition.verdict_decision != Verdict.Decision.NOT_A_REPETITION
        ]

    @cached_property
    def known(self) -> list[Repetition]:
        """Those of which something can be said: the model was sure, or a clinician judged."""
        return [one for one in self.repetitions if one.verdict_decision or not one.abstained]

    @property
    def unsure(self) -> int:
        return len(self.repetitions) - len(self.known)

    @property
    def is_open(self) -> bool:
        return any(analysis.is_open for analysis in self.analyses)

    @property
    def is_reviewed(self) -> bool:
        return bool(self.repetitions) and all(one.verdict_decision for one in self.repetitions)

    @cached_property
    def by_exercise(self) -> list[ExerciseResult]:
        """How many were right, of each exercise, in the order of the recordings."""
        exercises = dict.fromkeys(one.exercise for one in self.known)
        return [
            ExerciseResult(exercise, len(labels), sum(map(is_correct, labels)))
            for exercise in exercises
            for labels in [[one.label for one in self.known if one.exercise == exercise]]
        ]

    @cached_property
    def mistake(self) -> str:
        """The code of the mistake that was made most often: the one thing to fix. Empty if there is none."""
        mistakes = Counter(code for one in self.known for code in shown_codes(one) if not is_correct(code))
        return mistakes.most_common(1)[0][0] if mistakes else ""

    @property
    def camera(self) -> str:
        """From where the thing to fix shows."""
        return CAMERAS.get(self.mistake.split(".")[-1], "side")

    @property
    def mistake_count(self) -> int:
        return len(self.with_mistake)

    @property
    def with_mistake(self) -> list[Repetition]:
        """The repetitions with that mistake, the clearest first."""
        return sorted(
            (one for one in self.known if self.mistake in shown_codes(one)), key=lambda one: -one.probability
        )
