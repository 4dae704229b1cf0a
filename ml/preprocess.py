"""From a pose sequence as read to the performed motion: gaps filled, noise out, on the ground, facing +y."""

from dataclasses import replace
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d
from scipy.signal import butter, sosfiltfilt

from ml.poses.faults import Fault, repair
from ml.poses.quality import Quality, grade
from ml.poses.sequence import PoseSequence
from ml.skeletons import EC3D_19

#: Movement of these exercises lies under 3 Hz; what is above this is jitter of the sensor.
LOW_PASS_HZ = 5.0
#: A person whose neck is seen from the feet lower than this lies (plank) instead of standing.
LYING_ELEVATION_DEGREES = 45.0
#: Getting down and up again takes time too: this share of lying makes a recording one of lying.
LYING_SHARE = 0.4

#: A point of support this much above its usual height is lifted; one slower than this stands.
LIFTED_M = 0.06
STANDING_M_PER_S = 0.15
#: The slow wandering that is taken out of a restored path, in recordings long enough to have one.
WANDER_S = 4.0
DRIFTING_S = 8.0

_SOLES = EC3D_19.indices("left_heel", "left_big_toe", "right_heel", "right_big_toe")
_HANDS = EC3D_19.indices("left_wrist", "right_wrist")
_NECK, _PELVIS = EC3D_19.indices("neck", "mid_hip")
_ANKLES = EC3D_19.indices("left_ankle", "right_ankle")
_RIGHT = EC3D_19.indices("right_shoulder", "right_hip")
_LEFT = EC3D_19.indices("left_shoulder", "left_hip")

Array = NDArray[np.float64]


class Prepared(NamedTuple):
    """The performed motion, the share of frames in which each joint had to be filled in, faults and grade."""

    sequence: PoseSequence
    filled: dict[str, float]
    faults: tuple[Fault, ...]
    quality: Quality


def prepare(sequence: PoseSequence) -> Prepared:
    """Clean one recording without changing its frames: what is stored, shown, cut and judged.

    Parameters
    ----------
    sequence : PoseSequence
        Canonical axes, metres; NaN where a joint was not seen.

    Returns
    -------
    Prepared
        `sequence` has as many frames and the same frame rate; no NaN; the ground at z = 0; heading turned
        once for the whole recording so that the person faces +y; the pelvis of the first frame above
        x = y = 0. A standing person faces where hips and shoulders point; a lying one (plank) from the feet
        to the head. `filled` maps each joint with filled frames to their share; `faults` and `quality` are
        those of the recording as it came (`ml.poses.faults`, `ml.poses.quality`).

    Raises
    ------
    PoseFormatError
        `missing_values` if a joint was not seen often enough.
    """
    repaired = repair(sequence)
    positions = _low_passed(repaired.sequence.positions, sequence.frame_rate)
    if not sequence.travels:
        positions = positions - positions[:, _PELVIS, None]
        positions = positions + _pelvis_path(positions, sequence.frame_rate)[:, None]
    positions = _on_the_ground(_facing_forward(positions))
    performed = replace(sequence, positions=positions, travels=True)
    return Prepared(performed, repaired.filled, repaired.faults, grade(repaired))


def is_lying(positions: Array) -> bool:
    """Tell whether the recording is of a person who lies (plank); positions (F, 19, 3), z up."""
    return bool(np.mean(elevation_degrees(positions) < LYING_ELEVATION_DEGREES) > LYING_SHARE)


def elevation_degrees(positions: Array) -> Array:
    """Return how steeply the neck is above the ankles, (F,): 90 standing, near 15 in a plank."""
    neck = positions[:, _NECK] - positions[:, _ANKLES].mean(axis=1)
    return np.degrees(np.arctan2(neck[:, 2], np.hypot(neck[:, 0], neck[:, 1])))


def _low_passed(positions: Array, frame_rate: float) -> Array:
    """Zero-phase Butterworth; a recording too slow to hold such noise is left as it is."""
    if frame_rate <= 2.2 * LOW_PASS_HZ:
        return positions
    padding = min(len(positions) - 1, round(frame_rate))
    return sosfiltfilt(_low_pass(frame_rate), positions, axis=0, padlen=padding)


@lru_cache(maxsize=32)  # there are few frame rates
def _low_pass(frame_rate: float) -> Array:
    return np.asarray(butter(2, LOW_PASS_HZ, fs=frame_rate, output="sos"))


def _support(positions: Array) -> list[int]:
    """The joints that stand on the ground in this recording."""
    return _SOLES + _HANDS if is_lying(positions) else _SOLES


def _pelvis_path(positions: Array, frame_rate: float) -> Array:
    """Where the pelvis of a pelvis-centred recording went, (F, 3): the points that stand do not move.

    The height follows from the lowest point of support. Horizontally the pelvis moves against the points of
    support, above all against those that are low and move least: what moves against the pelvis faster than
    the others is the foot that is stepping. Noise in these steps adds up, so over many seconds the middle of
    all points of support, which cannot drift, has the say.
    """
    points = positions[:, _support(positions)]
    middle = points[..., :2].mean(axis=1)
    height = points[..., 2] - points[..., 2].min(axis=1, keepdims=True)
    # Each point stands at a height of its own: joints are not soles, and a tilted camera tilts the ground.
    height -= np.percentile(height, 30, axis=0)
    low = 1.0 / (1.0 + np.exp((height - LIFTED_M) / 0.02)) + 1e-3
    steps = np.diff(points[..., :2], axis=0)
    speed = frame_rate * gaussian_filter1d(np.linalg.norm(steps, axis=-1), 0.07 * frame_rate, axis=0)
    weight = (np.minimum(low[1:], low[:-1]) / (speed**2 + STANDING_M_PER_S**2))[..., None]
    moved = (steps * weight).sum(axis=1) / weight.sum(axis=1)
    walked = np.concatenate([np.zeros((1, 2)), np.cumsum(moved, axis=0)])
    if len(positions) > DRIFTING_S * frame_rate:
        walked -= gaussian_filter1d(walked - middle, WANDER_S * frame_rate, axis=0, mode="nearest")
    return np.concatenate([-walked, -points[..., 2].min(axis=1)[:, None]], axis=1)


def _facing_forward(positions: Array) -> Array:
    """Turn the whole recording about the vertical so that the person faces +y, and start above (0, 0)."""
    forward = _heading(positions)
    cos, sin = forward[1], forward[0]
    turn = np.array([[cos, -sin, 0.0], [sin, cos, 0.0], [0.0, 0.0, 1.0]])
    turned = positions @ turn.T
    start = turned[0, _PELVIS] * np.array([1.0, 1.0, 0.0])
    return turned - start


def _heading(positions: Array) -> Array:
    """The horizontal unit vector the person faces over the whole recording, (2,)."""
    if is_lying(positions):
        forward = (positions[:, _NECK] - positions[:, _ANKLES].mean(axis=1))[:, :2]
    else:
        to_right = (positions[:, _RIGHT] - positions[:, _LEFT]).sum(axis=1)[:, :2]
        forward = np.stack([-to_right[:, 1], to_right[:, 0]], axis=1)
    mean = forward.mean(axis=0)
    length = float(np.linalg.norm(mean))
    return mean / length if length > 1e-9 else np.array([0.0, 1.0])


def _on_the_ground(positions: Array) -> Array:
    lowest = positions[:, _support(positions), 2].min(axis=1)
    return positions - np.array([0.0, 0.0, float(np.median(lowest))])
