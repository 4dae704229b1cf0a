"""Find the repetitions in a prepared recording: squats and lunges by their cycles, planks by their holds.

One setting for all recordings: nothing is told of the sensor, the exercise or the number of repetitions.
`python -m ml.repetition_figures` measures how well that goes.
"""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from ml.cycles import find_movements, squats_and_lunges
from ml.holds import find_holds, runs
from ml.poses.sequence import PoseSequence
from ml.posture import Posture, posture
from ml.preprocess import LYING_ELEVATION_DEGREES, is_lying

#: Who lies does so for a while, with the trunk lowered; a deep bow of a moment is none.
SHORTEST_LYING_S = 1.0
LYING_TRUNK_DEGREES = 40.0
#: A recording of lying shorter than this was cut to be one hold.
SHORTEST_WITH_RESTS_S = 6.0


class Span(NamedTuple):
    """One repetition: the frames `[start_frame, end_frame)`, and its exercise (`ml.catalogue.EXERCISES`)."""

    start_frame: int
    end_frame: int
    exercise: str


class HasExercise(Protocol):
    """What is counted by its exercise."""

    @property
    def exercise(self) -> str: ...


def find_repetitions(sequence: PoseSequence, exercise: str | None = None) -> list[Span]:
    """Return the repetitions of one recording, in order and without overlap.

    Parameters
    ----------
    sequence : PoseSequence
        Prepared (`ml.preprocess.prepare`): no NaN, z up, on the ground.
    exercise : str, optional
        Which one it is, if somebody said so. They are believed: of a plank only the holds are kept, of any
        other exercise only the movements.

    Returns
    -------
    list of Span
        Each with its own exercise. A hold is one repetition however long. Empty where the person does none
        of the exercises: walks, sits down, moves the arms.
    """
    spans = _find(sequence)
    if exercise is None:
        return spans
    of_its_kind = [span for span in spans if (span.exercise == "plank") == (exercise == "plank")]
    return [span._replace(exercise=exercise) for span in of_its_kind]


def exercise_of_most(spans: Sequence[HasExercise]) -> str | None:
    """Return the exercise of most repetitions, the first of them where two are alike; None without any."""
    counts = Counter(span.exercise for span in spans)
    return counts.most_common(1)[0][0] if counts else None


def _find(sequence: PoseSequence) -> list[Span]:
    if is_lying(sequence.positions) and sequence.duration < SHORTEST_WITH_RESTS_S:
        return [Span(0, len(sequence), "plank")]
    seen = posture(sequence)
    lying = _lying(seen, sequence.frame_rate)
    movements = [
        movement
        for start, end in runs(~lying)
        for movement in find_movements(seen, start, end, sequence.frame_rate)
    ]
    found = [Span(*span) for span in squats_and_lunges(seen, movements, sequence.frame_rate)]
    found += [Span(start, end, "plank") for start, end in find_holds(sequence, lying, seen.knee_bend)]
    return sorted(found)


def _lying(seen: Posture, frame_rate: float) -> NDArray[np.bool_]:
    """Where the person lies, (F,), without moments of it."""
    low = (seen.elevation < LYING_ELEVATION_DEGREES) & (seen.trunk_lean > LYING_TRUNK_DEGREES)
    lying = np.zeros_like(low)
    for start, end in runs(low):
        if end - start >= SHORTEST_LYING_S * frame_rate:
            lying[start:end] = True
    return lying
