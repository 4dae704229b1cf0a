"""What posture a person is in, frame by frame: the signals that repetitions are found and told apart by.

All are angles, or lengths in leg lengths, and seen from the person, so that they do not depend on who moves,
where, towards which side of the room, or how often the sensor looks.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from ml.angles import joint_angles
from ml.encoding import leg_length
from ml.poses.sequence import PoseSequence
from ml.preprocess import elevation_degrees

Array = NDArray[np.float64]

SMOOTHING_S = 0.1
#: Where a person faces changes slowly; the line of the shoulders is noisy from the side.
HEADING_SMOOTHING_S = 0.3

#: Mass and centre of each segment (Winter 2009): from the first joint, by this share, to the second. Head
#: and trunk are one, since many sensors see no head; both sides alike.
_TRUNK_MASS, _TRUNK_CENTRE = 0.578, 0.62
_SEGMENTS = (
    ("shoulder", "elbow", 0.028, 0.436),
    ("elbow", "wrist", 0.022, 0.682),
    ("hip", "knee", 0.100, 0.433),
    ("knee", "ankle", 0.061, 0.606),
)


@dataclass(frozen=True)
class Posture:
    """The signals of a recording, each (F,).

    Parameters
    ----------
    bend : ndarray
        Degrees, smoothed: the mean bend of the knees and half that of the hips. A stiff-legged bow counts.
    elevation : ndarray
        Degrees: how steeply the neck is above the ankles.
    trunk_lean : ndarray
        Degrees from the vertical.
    knee_bend, straighter_knee, bent_knee : ndarray
        Degrees of flexion: the mean of the knees, the less and the more bent one.
    height : ndarray
        The pelvis above the lower ankle.
    ahead : ndarray
        The left ankle ahead of the right one (negative: behind), to where the person faces.
    apart : ndarray
        The ankles apart, sideways.
    lifted : ndarray
        How much higher one ankle is than the other.
    weight : ndarray
        The body's centre of mass ahead of the middle of the ankles.
    """

    bend: Array
    elevation: Array
    trunk_lean: Array
    knee_bend: Array
    straighter_knee: Array
    bent_knee: Array
    height: Array
    ahead: Array
    apart: Array
    lifted: Array
    weight: Array


def posture(sequence: PoseSequence) -> Posture:
    """Measure a prepared recording (`ml.preprocess.prepare`)."""
    rate = sequence.frame_rate
    angles = joint_angles(sequence.positions)
    knees = np.stack([angles["left_knee_flexion"], angles["right_knee_flexion"]])
    hips = angles["left_hip_flexion"] + angles["right_hip_flexion"]
    leg = leg_length(sequence.positions)
    left, right = sequence.joint("left_ankle"), sequence.joint("right_ankle")
    to_right = _to_right(sequence)
    forward = np.stack([-to_right[:, 1], to_right[:, 0]], axis=1)
    between = (left - right) / leg
    weight = (_centre_of_mass(sequence) - (left + right) / 2) / leg
    return Posture(
        bend=_smooth(knees.mean(axis=0) + hips / 4.0, SMOOTHING_S * rate),
        elevation=elevation_degrees(sequence.positions),
        trunk_lean=angles["trunk_lean"],
        knee_bend=knees.mean(axis=0),
        straighter_knee=knees.min(axis=0),
        bent_knee=knees.max(axis=0),
        height=(sequence.joint("mid_hip")[:, 2] - np.minimum(left[:, 2], right[:, 2])) / leg,
        ahead=(between[:, :2] * forward).sum(axis=1),
        apart=np.abs((between[:, :2] * to_right).sum(axis=1)),
        lifted=np.abs(between[:, 2]),
        weight=(weight[:, :2] * forward).sum(axis=1),
    )


def _smooth(values: Array, frames: float) -> Array:
    return np.asarray(gaussian_filter1d(values, frames, axis=0, mode="nearest"))


def _to_right(sequence: PoseSequence) -> Array:
    """The horizontal unit vector to the person's right, smoothed, (F, 2)."""
    across = sum(
        sequence.joint(f"right_{part}") - sequence.joint(f"left_{part}") for part in ("hip", "shoulder")
    )
    across = _smooth(np.asarray(across)[:, :2], HEADING_SMOOTHING_S * sequence.frame_rate)
    return across / np.maximum(np.linalg.norm(across, axis=1, keepdims=True), 1e-9)


def _centre_of_mass(sequence: PoseSequence) -> Array:
    """The centre of mass (F, 3) of trunk, arms and legs; feet, which hardly move, are left out."""
    joint = sequence.joint
    centre = _TRUNK_MASS * (_TRUNK_CENTRE * joint("neck") + (1 - _TRUNK_CENTRE) * joint("mid_hip"))
    total = _TRUNK_MASS
    for upper, lower, mass, share in _SEGMENTS:
        for side in ("left", "right"):
            centre = centre + mass * (
                (1 - share) * joint(f"{side}_{upper}") + share * joint(f"{side}_{lower}")
            )
            total += mass
    return centre / total
