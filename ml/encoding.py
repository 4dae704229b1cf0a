"""How exfb's own network sees a repetition, and how its change becomes metres again.

A repetition is put into a frame that keeps gravity and the trunk's lean (the published frame loses both by
turning every frame by itself): heading aligned once, lengths divided by the person's own leg, time stretched
to a fixed number of frames and never padded. Joints are told relative to the pelvis; the pelvis's own node
holds its path, its height counted from the lower ankle, so that a floor estimate cannot shift every joint at
once.

Sensors differ most in head and feet: the head is often missing, and the foot's length is 0.13 of the leg in
one data set and 0.29 in another. So the nose is put on the neck and toes and heels keep the foot's direction
only, at one length for all. In a change they follow neck and ankle.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ml.dct import cosines_at, dct_time
from ml.poses.sequence import PoseSequence
from ml.skeletons import EC3D_19

N_FRAMES = 64
N_COEFFICIENTS = 25
N_NODES = 3 * len(EC3D_19)

#: Toe and heel as seen from the ankle along the foot, in leg lengths; of a usual adult foot.
TOE_AHEAD, HEEL_BEHIND = 0.20, 0.06

_J = {name: EC3D_19.index(name) for name in EC3D_19.joints}
PELVIS = _J["mid_hip"]
_LEGS = [EC3D_19.indices(f"left_{joint}", f"right_{joint}") for joint in ("hip", "knee", "ankle")]
#: The joint whose change another one takes over.
FOLLOWS = {
    "nose": "neck",
    "left_big_toe": "left_ankle",
    "left_heel": "left_ankle",
    "right_big_toe": "right_ankle",
    "right_heel": "right_ankle",
}


class Placement(NamedTuple):
    """What was taken out of a repetition: `right` (3,), its horizontal unit vector, and the leg in metres."""

    right: NDArray[np.float64]
    leg_length: float

    @property
    def axes(self) -> NDArray[np.float64]:
        """Rows right, forward, up: turns world vectors into the encoded frame by `vectors @ axes.T`."""
        up = np.array([0.0, 0.0, 1.0])
        return np.stack([self.right, np.cross(up, self.right), up])


def placement(positions: NDArray[np.floating]) -> Placement:
    """Find heading and leg length of a repetition, positions (F, 19, 3) in metres."""
    leg = leg_length(positions)
    sides = (
        positions[:, _J["right_hip"]]
        - positions[:, _J["left_hip"]]
        + positions[:, _J["right_shoulder"]]
        - positions[:, _J["left_shoulder"]]
    )
    right = np.mean(sides, axis=0)  # not the median: by axis it would depend on how the axes lie
    # Lying, the body's length shows the heading far better than hips that one camera sees behind each other.
    feet = (positions[:, _J["left_ankle"]] + positions[:, _J["right_ankle"]]) / 2
    along = np.mean(positions[:, _J["neck"]] - feet, axis=0)
    lying = max(0.0, float(np.hypot(along[0], along[1])) / leg - 0.8)
    right = right + lying * np.array([along[1], -along[0], 0.0])
    length = float(np.hypot(right[0], right[1]))
    if length < 1e-6:
        return Placement(np.array([1.0, 0.0, 0.0]), leg)
    return Placement(np.array([right[0], right[1], 0.0]) / length, leg)


def leg_length(positions: NDArray[np.floating]) -> float:
    """Return thigh plus shank in metres: median over the frames, mean of both sides."""
    hips, knees, ankles = (positions[:, joints] for joints in _LEGS)
    lengths = np.linalg.norm(hips - knees, axis=-1) + np.linalg.norm(knees - ankles, axis=-1)
    return max(float(np.median(lengths, axis=0).mean()), 1e-3)


def encode(repetitions: Sequence[PoseSequence]) -> NDArray[np.float32]:
    """Turn repetitions into the network's input.

    Parameters
    ----------
    repetitions : sequence of PoseSequence
        Each one repetition on skeleton EC3D_19, canonical frame, no missing values.

    Returns
    -------
    ndarray, shape (B, 57, 25)
        DCT coefficients over time, in leg lengths; nodes are all x, all y, all z (right, forward, up).
        Unchanged by where the person stands, heads, how tall they are and at what pace or frame rate they
        move.
    """
    encoded = np.empty((len(repetitions), N_NODES, N_COEFFICIENTS), dtype=np.float32)
    for i, repetition in enumerate(repetitions):
        if not np.isfinite(repetition.positions).all():
            raise ValueError(
                "a repetition with missing values cannot be encoded; prepare the recording first"
            )
        nodes = _seen(repetition.positions)  # (64, 19, 3)
        encoded[i] = dct_time(nodes.transpose(2, 1, 0).reshape(N_NODES, N_FRAMES), N_COEFFICIENTS)
    return encoded


def decode_change(change: NDArray[np.floating], positions: NDArray[np.floating]) -> NDArray[np.float64]:
    """Turn the network's change of one repetition into metres in the world frame, at its own frames.

    Parameters
    ----------
    change : ndarray, shape (57, 25)
    positions : ndarray, shape (F, 19, 3)
        The repetition that was encoded.

    Returns
    -------
    ndarray, shape (F, 19, 3)
        What to add to `positions`, in metres.
    """
    place = placement(positions)
    instants = np.linspace(0, N_FRAMES - 1, len(positions))
    cosines = cosines_at(instants, N_FRAMES, N_COEFFICIENTS)  # (F, K)
    relative = (cosines @ change.T).reshape(len(positions), 3, len(EC3D_19)).transpose(0, 2, 1)
    return world_change(relative) @ place.axes * place.leg_length


def world_change(relative: NDArray[np.floating]) -> NDArray[np.float64]:
    """Turn pelvis-relative changes (F, 19, 3) into changes of place; followers move as their leader."""
    moved = relative + relative[:, [PELVIS]]
    moved[:, PELVIS] = relative[:, PELVIS]
    for joint, leader in FOLLOWS.items():
        moved[:, _J[joint]] = moved[:, _J[leader]]
    return moved


def _seen(positions: NDArray[np.floating]) -> NDArray[np.float64]:
    place = placement(positions)
    pelvis = positions[:, [PELVIS]]
    seen = positions - pelvis
    ankles = positions[:, [_J["left_ankle"], _J["right_ankle"]]]
    floor = np.percentile(ankles[..., 2].min(axis=1), 10)
    origin = np.mean(pelvis, axis=0)
    origin[:, 2] = floor
    seen[:, [PELVIS]] = pelvis - origin
    seen = seen @ place.axes.T / place.leg_length
    seen[:, _J["nose"]] = seen[:, _J["neck"]]
    for side in ("left", "right"):
        ankle, toe, heel = (_J[f"{side}_{joint}"] for joint in ("ankle", "big_toe", "heel"))
        foot = seen[:, toe] - seen[:, heel]
        foot = foot / np.maximum(np.linalg.norm(foot, axis=1, keepdims=True), 1e-6)
        seen[:, toe] = seen[:, ankle] + TOE_AHEAD * foot
        seen[:, heel] = seen[:, ankle] - HEEL_BEHIND * foot
    return resample(seen, N_FRAMES)


def resample(x: NDArray[np.floating], n_frames: int) -> NDArray[np.float64]:
    """Stretch (F, ...) to so many frames, read in straight lines between its own."""
    at = np.linspace(0, len(x) - 1, n_frames)
    before = np.minimum(at.astype(int), max(len(x) - 2, 0))
    after = np.minimum(before + 1, len(x) - 1)
    share = (at - before).reshape(-1, *[1] * (x.ndim - 1))
    return np.asarray((1 - share) * x[before] + share * x[after])
