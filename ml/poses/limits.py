"""How much of a file is read at most. Handed to the readers, which know no settings."""

from dataclasses import dataclass

from ml.poses.errors import PoseFormatError

MIN_FRAMES = 15


@dataclass(frozen=True)
class Limits:
    """The limits of one reading.

    Parameters
    ----------
    size_bytes : int
        Of the file, and of what an archive unpacks to.
    frames : int
    people : int
        In one frame; a crowd is no recording of a patient.
    seconds : float
        Length of the recording.
    """

    size_bytes: int = 128 * 2**20
    frames: int = 60_000
    people: int = 8
    seconds: float = 1200.0

    @property
    def lines(self) -> int:
        """A line for each joint of each frame is the longest table."""
        return self.frames * 40

    @property
    def values(self) -> int:
        """A pose file of the most frames, with a hand's and a face's points besides, has fewer numbers."""
        return self.frames * 600

    def check_frames(self, n_frames: int) -> None:
        """Refuse a recording that is too short to hold a repetition or too long to handle."""
        if n_frames < MIN_FRAMES:
            raise PoseFormatError(
                "too_few_frames",
                f"The recording has {n_frames} frame{'' if n_frames == 1 else 's'}; a repetition needs at "
                f"least {MIN_FRAMES}. Record the whole exercise.",
            )
        if n_frames > self.frames:
            raise self.too_long(f"The recording has {n_frames} frames")

    def check_duration(self, n_frames: int, frame_rate: float) -> None:
        """Refuse a recording that lasts too long; frame_rate in Hz."""
        if n_frames > self.seconds * frame_rate:
            raise PoseFormatError(
                "too_many_frames",
                f"The recording lasts {n_frames / frame_rate:.0f} s; at most {self.seconds:g} s are read. "
                "Cut it to the exercise.",
            )

    def too_long(self, what: str) -> PoseFormatError:
        """Return the refusal of a file that holds too much; `what` says how much."""
        return PoseFormatError(
            "too_many_frames", f"{what}; at most {self.frames} frames are read. Cut it into shorter ones."
        )


USUAL_LIMITS = Limits()
