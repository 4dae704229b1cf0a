"""A repetition somebody labelled, and the refusal of data that cannot be used."""

import hashlib
from dataclasses import dataclass

import numpy as np

from ml.poses.errors import PoseFormatError
from ml.poses.sequence import PoseSequence
from ml.preprocess import prepare


class DatasetError(ValueError):
    """A data set cannot be used; the message names the fault and what to do.

    Parameters
    ----------
    code : str
        One of `CODES`.
    message : str
    """

    CODES = (
        "bad_source",
        "not_found",
        "bad_layout",
        "unsafe",
        "unknown_label",
        "bad_recording",
        "unknown_person",
        "too_few",
        "learned_from",
    )

    def __init__(self, code: str, message: str) -> None:
        if code not in self.CODES:
            raise AssertionError(f"unlisted data set code {code!r}")
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(frozen=True)
class LabelledRepetition:
    """One repetition somebody labelled.

    Parameters
    ----------
    source : str
        The file or video it is from.
    index : int
        Its number in the source, from 0.
    person : str
        Whoever moves; repetitions of a person are never split between training and test.
    labels : tuple of str
        Class codes: one, or two for two mistakes at once.
    sequence : PoseSequence
        Prepared (`ml.preprocess.prepare`).
    truth : PoseSequence or None
        The true correction as the same sensor sees it, prepared; known of simulated mistakes only.
    named : bool
        False where the data does not say who moves, so that `person` stands for all of the source.
    """

    source: str
    index: int
    person: str
    labels: tuple[str, ...]
    sequence: PoseSequence
    truth: PoseSequence | None = None
    named: bool = True

    @property
    def label(self) -> str:
        """The code, or `a+b` for two at once."""
        return "+".join(self.labels)

    @property
    def fingerprint(self) -> str:
        """Tells the motion from every other, and nothing of who moves."""
        rounded = np.round(self.sequence.positions, 4) + 0.0
        return hashlib.sha256(np.ascontiguousarray(rounded).tobytes()).hexdigest()[:16]


def prepared_motion(sequence: PoseSequence, where: str) -> PoseSequence:
    """Prepare a recording, or refuse it by name as `bad_recording`."""
    try:
        return prepare(sequence).sequence
    except PoseFormatError as error:
        raise DatasetError("bad_recording", f"{where}: {error.message}") from error
