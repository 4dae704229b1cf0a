"""The pose sequence: what every reader returns and everything after it takes."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ml.poses.facts import ASKED, Fact
from ml.skeletons import EC3D_19, Skeleton


@dataclass(frozen=True)
class PoseSequence:
    """One person's motion in the canonical world frame.

    Right-handed: x to the person's right, y forward, z up against gravity; metres; Hz.

    Parameters
    ----------
    positions : ndarray of float, shape (F, J, 3)
        Joint positions in metres. NaN where a joint was not seen.
    frame_rate : float
        Frames per second.
    skeleton : Skeleton
        The joints, in the order of axis 1.
    format : str
        Name of the format it was read from (`mediapipe_csv`, `exfb_json`, ...), or `simulated`.
    estimated : frozenset of str
        Joints that the source does not have and that were put in from their neighbours.
    travels : bool
        False where the source is centred on the pelvis in every frame and the path through the room is lost.
    facts : tuple of Fact
        Frame rate, unit, axes and the like, each with how it was known.

    Raises
    ------
    ValueError
        If the shape does not fit the skeleton, or the frame rate is not a positive number.
    """

    positions: NDArray[np.float64]
    frame_rate: float
    skeleton: Skeleton = EC3D_19
    format: str = "array"
    estimated: frozenset[str] = frozenset()
    travels: bool = True
    facts: tuple[Fact, ...] = ()

    def __post_init__(self) -> None:
        expected = (len(self.skeleton), 3)
        if self.positions.ndim != 3 or self.positions.shape[1:] != expected:
            raise ValueError(f"positions have shape {self.positions.shape}, not (F, {expected[0]}, 3)")
        if not (np.isfinite(self.frame_rate) and self.frame_rate > 0):
            raise ValueError(f"frame rate {self.frame_rate} is not a positive number")

    @property
    def inferred(self) -> tuple[str, ...]:
        """Return what the file did not state and the reader worked out, in words."""
        return tuple(fact.in_words() for fact in self.facts if fact.known != "file")

    @property
    def asked(self) -> tuple[Fact, ...]:
        """Return what a person should confirm, since neither file nor format says it."""
        return tuple(fact for fact in self.facts if fact.known in ASKED)

    def __len__(self) -> int:
        return len(self.positions)

    @property
    def duration(self) -> float:
        """Seconds from the first frame to the end of the last."""
        return len(self) / self.frame_rate

    def joint(self, name: str) -> NDArray[np.float64]:
        """Return the path of one joint, shape (F, 3)."""
        return self.positions[:, self.skeleton.index(name)]

    def cut(self, start_frame: int, end_frame: int) -> "PoseSequence":
        """Return the frames `[start_frame, end_frame)` as a sequence of their own."""
        return replace(self, positions=self.positions[start_frame:end_frame])

    def with_positions(
        self, positions: NDArray[np.float64], frame_rate: float | None = None
    ) -> "PoseSequence":
        """Return the same recording with other positions, and another frame rate if one is given."""
        return replace(self, positions=positions, frame_rate=frame_rate or self.frame_rate)

    def mirrored_joints(self) -> "PoseSequence":
        """Return the same positions with left and right joints exchanged."""
        return self.with_positions(self.positions[:, list(self.skeleton.mirrored)])

    def mirrored(self) -> "PoseSequence":
        """Return the motion as seen in a mirror: x negated, left and right joints exchanged."""
        return self.with_positions(self.mirrored_joints().positions * np.array([-1.0, 1.0, 1.0]))
