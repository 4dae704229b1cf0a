"""Planks: the stretches that a lying person holds in one posture, told from the rests between them.

A hold is one repetition however long it lasts. Resting, a person kneels or lets the knees or hips down.
"""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d
from scipy.signal import find_peaks

from ml.poses.sequence import PoseSequence
from ml.skeletons import EC3D_19

SHORTEST_HOLD_S = 3.0
SHORTEST_REST_S = 0.7
#: Knees lower than the hips, than this, and than this share of their height in the plank, are on the ground.
KNEES_DOWN_M = 0.13
KNEES_DOWN_SHARE = 0.7
#: Hips or knees that bend out of the body's line by so much more in a second change the posture.
POSTURE_CHANGE_M = 0.06
LIKE_POSTURE_M = 0.05
KNEELING_DEGREES = 25.0
#: On all fours the knees are bent by about 90 degrees; no plank bends them so far.
MOST_BENT_KNEES = 60.0
SMOOTHING_S = 0.3
#: Hips and knees rise by at least this, and by this many times their own spread, from resting to holding.
LEAST_RISE_M = 0.04
LEAST_GAP_IN_SPREADS = 3.0

Array = NDArray[np.float64]


def find_holds(sequence: PoseSequence, lying: NDArray[np.bool_], knee_bend: Array) -> list[tuple[int, int]]:
    """Return `[start, end)` of each hold of a prepared recording.

    `lying` (F,) is where the person lies, `knee_bend` (F,) the mean flexion of the knees in degrees.
    """
    if not lying.any():
        return []
    rate = sequence.frame_rate
    changes = _posture_changes(sequence)
    merged: list[list[int]] = []
    for start, end in runs(_is_held(_heights(sequence), lying, knee_bend, SHORTEST_HOLD_S * rate)):
        if merged and start - merged[-1][1] < SHORTEST_REST_S * rate:
            merged[-1][1] = end
        else:
            merged.append([start, end])
    pieces = [
        piece
        for start, end in merged
        for piece in _in_one_posture(sequence, [start, *(c for c in changes if start < c < end), end])
        if piece[1] - piece[0] >= SHORTEST_HOLD_S * rate
    ]
    return _with_straight_knees(knee_bend, pieces)


def _heights(sequence: PoseSequence) -> Array:
    """Smoothed heights of the hips and of the knees, (F, 2)."""
    knees = EC3D_19.indices("left_knee", "right_knee")
    heights = np.stack(
        [sequence.joint("mid_hip")[:, 2], sequence.positions[:, knees, 2].mean(axis=1)], axis=1
    )
    return gaussian_filter1d(heights, SMOOTHING_S * sequence.frame_rate, axis=0, mode="nearest")


def _bows(sequence: PoseSequence) -> Array:
    """How far hips are above the line from shoulders to ankles, and knees above that from hips on, (F, 2).

    The body itself tells it: a floor that the sensor moves up and down is no change of posture.
    """
    hips = sequence.joint("mid_hip")
    shoulders, knees, ankles = (
        (sequence.joint(f"left_{part}") + sequence.joint(f"right_{part}")) / 2
        for part in ("shoulder", "knee", "ankle")
    )
    bows = np.stack([_above(hips, shoulders, ankles), _above(knees, hips, ankles)], axis=1)
    return gaussian_filter1d(bows, SMOOTHING_S * sequence.frame_rate, axis=0, mode="nearest")


def _above(point: Array, start: Array, end: Array) -> Array:
    """How much higher a point (F, 3) is than the nearest one of a line, (F,)."""
    line = end - start
    share = ((point - start) * line).sum(axis=1) / np.maximum((line * line).sum(axis=1), 1e-9)
    return np.asarray((point - start - share[:, None] * line)[:, 2])


def _is_held(heights: Array, lying: NDArray[np.bool_], bend: Array, shortest: float) -> NDArray[np.bool_]:
    """Whether the plank is held, (F,): resting, a person kneels or lets the knees down to the ground.

    Hips and knees of a plank with rests have two heights; Otsu's threshold lies between them. Where one
    height explains the recording nobody rests, nor where the knees are straight and off the ground.
    """
    if lying.sum() < 2:
        return lying
    height = (heights[:, 0] + 2.0 * heights[:, 1]) / 3.0
    threshold, gap, spread = _two_levels(height[lying])
    low, high = lying & (height <= threshold), lying & (height > threshold)
    if gap < LEAST_RISE_M or gap < LEAST_GAP_IN_SPREADS * spread:
        return lying
    kneeling = min(np.median(bend[low]), np.median(bend[high])) + KNEELING_DEGREES
    held = lying.copy()
    for start, end in runs(low) + runs(high):
        held[start:end] = np.median(bend[start:end]) < kneeling
    # What is high for a moment only is the way down and up again, and then the low is the plank.
    if any(end - start >= shortest for start, end in runs(held & high)):
        knees_down = min(KNEES_DOWN_M, KNEES_DOWN_SHARE * float(np.median(heights[held & high, 1])))
        for start, end in runs(low):
            hips, knees = np.median(heights[start:end], axis=0)
            held[start:end] &= knees > min(knees_down, hips)
    return held


def _posture_changes(sequence: PoseSequence) -> list[int]:
    """The frames about which hips or knees go up or down for good: from one hold into another posture."""
    half = max(1, round(0.5 * sequence.frame_rate))
    bows = np.pad(_bows(sequence), ((half, half), (0, 0)), mode="edge")
    moved = np.abs(bows[2 * half :] - bows[: -2 * half]).max(axis=1)
    peaks, _ = find_peaks(moved, height=POSTURE_CHANGE_M, distance=2 * half)
    return [int(peak) for peak in peaks]


def _in_one_posture(sequence: PoseSequence, edges: list[int]) -> list[tuple[int, int]]:
    """The pieces between edges; neighbours of like posture are one, the sensor having lost itself between."""
    bows = _bows(sequence)
    pieces = [(edges[0], edges[1])]
    for piece in pairwise(edges[1:]):
        before = np.median(bows[slice(*pieces[-1])], axis=0)
        if np.abs(np.median(bows[slice(*piece)], axis=0) - before).max() < LIKE_POSTURE_M:
            pieces[-1] = (pieces[-1][0], piece[1])
        else:
            pieces.append(piece)
    return pieces


def _with_straight_knees(bend: Array, pieces: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Leave out pieces in which the knees are bent as in kneeling, or far more than in the straightest."""
    bends = [float(np.median(bend[start:end])) for start, end in pieces]
    most = min(MOST_BENT_KNEES, min(bends, default=0.0) + KNEELING_DEGREES)
    return [piece for piece, bend in zip(pieces, bends, strict=True) if bend < most]


def _two_levels(values: Array) -> tuple[float, float, float]:
    """Otsu's threshold, the distance of the two means it parts, and the spread within the two."""
    candidates = np.linspace(values.min(), values.max(), 102)[1:-1]
    best = (float(candidates[0]), 0.0, np.inf)
    for threshold in candidates:
        low, high = values[values <= threshold], values[values > threshold]
        if len(low) and len(high):
            spread = float(np.sqrt((low.var() * len(low) + high.var() * len(high)) / len(values)))
            if spread < best[2]:
                best = (float(threshold), float(high.mean() - low.mean()), spread)
    return best


def runs(mask: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """`[start, end)` of each stretch of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]]).astype(int)))
    return [(int(start), int(end)) for start, end in edges.reshape(-1, 2)]
