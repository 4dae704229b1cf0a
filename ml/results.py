"""What an analysis says: findings, corrections, and why a recording cannot be judged. Loads no network."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ml.poses.sequence import PoseSequence
from ml.preprocess import Prepared
from ml.repetitions import Span

LOW_CONFIDENCE, UNLIKE_TRAINING, POOR_QUALITY = "low_confidence", "unlike_training", "poor_quality"


class AnalysisError(ValueError):
    """A readable recording that holds nothing to judge.

    Parameters
    ----------
    code : str
        One of `CODES`; stable, machine-readable.
    message : str
        A full sentence that names the fault and what to do.
    """

    CODES = ("no_repetition_found", "unknown_exercise")

    def __init__(self, code: str, message: str) -> None:
        if code not in self.CODES:
            raise AssertionError(f"unlisted analysis code {code!r}")
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(frozen=True)
class Searched:
    """A prepared recording in which the repetitions have been found, and that is still to be judged.

    Parameters
    ----------
    prepared : Prepared
    spans : tuple of Span
    exercise : str
        The one that was said, else that of most repetitions.
    baselines : mapping of str to sequence of PoseSequence
        By exercise, repetitions of this person that were marked correct, prepared.
    """

    prepared: Prepared
    spans: tuple[Span, ...]
    exercise: str
    baselines: Mapping[str, Sequence[PoseSequence]]

    @property
    def repetitions(self) -> list[PoseSequence]:
        return [self.prepared.sequence.cut(span.start_frame, span.end_frame) for span in self.spans]


@dataclass(frozen=True)
class Finding:
    """What the release says of one repetition.

    Parameters
    ----------
    code : str
        The likeliest class, also where the release abstains.
    probability : float
        Its calibrated probability.
    probabilities : dict
        Of each class that could be: of the exercise where that is known. They sum to 1.
    abstained : bool
    abstained_reason : str
        Empty, `low_confidence`, `unlike_training`, or `poor_quality` (of the whole recording).
    """

    code: str
    probability: float
    probabilities: dict[str, float]
    abstained: bool
    abstained_reason: str


@dataclass(frozen=True)
class CorrectionResult:
    """How this person would look doing it right.

    Parameters
    ----------
    positions : ndarray of float32, shape (F, 19, 3)
        Metres, in the world frame of the repetition and at its frames.
    verified : bool
        The judge calls it correct and no check failed.
    failed_checks : tuple of str
        Of `ml.correction.CHECKS`.
    largest_shift_m : float
        How far the joint that moves most is from where it was, at the worst frame.
    joints : tuple of str
        Those moved most, most first.
    judged : str
        The class code that the judge gives to the corrected motion.
    """

    positions: NDArray[np.float32]
    verified: bool
    failed_checks: tuple[str, ...]
    largest_shift_m: float
    joints: tuple[str, ...]
    judged: str


@dataclass(frozen=True)
class RepetitionResult:
    """A repetition of a recording, frames `[start_frame, end_frame)`.

    `correction` is None where the finding is a correct execution, and where the release abstains.
    """

    index: int
    start_frame: int
    end_frame: int
    exercise: str
    finding: Finding
    correction: CorrectionResult | None


@dataclass(frozen=True)
class RecordingResult:
    """A whole recording: the release's name, the exercise, the prepared motion, and its repetitions."""

    release: str
    exercise: str
    performed: PoseSequence
    filled: dict[str, float]
    repetitions: tuple[RepetitionResult, ...]


Prediction = tuple[Finding, CorrectionResult | None]
