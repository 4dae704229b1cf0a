"""What is known of a recording besides positions, how each was known, and what a person corrected."""

from dataclasses import dataclass
from typing import Literal, NamedTuple

#: The file states it, its format fixes it, the body shows it, it is usually so, a person said it.
Known = Literal["file", "format", "body", "usual", "person"]
#: What a person is asked to confirm.
ASKED: tuple[Known, ...] = ("body", "usual")


class Fact(NamedTuple):
    """One thing known of a recording.

    Parameters
    ----------
    about : str
        `frame rate`, `unit`, `axes`, `sides`, `person`, `skeleton`, or a joint's name with how it was made.
    value : str
        In words and units: `30 Hz`, `mm`, `y up`.
    known : {"file", "format", "body", "usual", "person"}
        How it is known.
    how : str
        The same in words, for people: `from how the body stands`.
    """

    about: str
    value: str
    known: Known
    how: str = ""

    def in_words(self) -> str:
        """Return the fact as one line."""
        return f"{self.about}: {self.value}" + (f", {self.how}" if self.how else "")


@dataclass(frozen=True)
class Corrections:
    """What a person said of a recording; it counts more than the file and than what the body shows.

    Parameters
    ----------
    frame_rate : float, optional
        Hz.
    unit : str, optional
        One of `ml.poses.assemble.UNITS`.
    up : str, optional
        The file's axis that points up: `x`, `-x`, `y`, `-y`, `z` or `-z`.
    swap_sides : bool
        Left is right: as in a mirrored video.
    person : int, optional
        Which of several people, from 1, in the file's order.
    """

    frame_rate: float | None = None
    unit: str | None = None
    up: str | None = None
    swap_sides: bool = False
    person: int | None = None


AS_READ = Corrections()
