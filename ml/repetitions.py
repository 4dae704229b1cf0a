"""Find the repetitions in a prepared recording: cycles of squats and lunges, holds of planks."""

from itertools import pairwise
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d
from scipy.signal import find_peaks

from ml.angles import joint_angles
from ml.poses.sequence import PoseSequence
from ml.preprocess import LYING_ELEVATION_DEGREES, elevation_degrees, is_lying
from ml.skeletons import EC3D_19

#: A repetition bends the legs by at least this much more than standing does ...
LEAST_BEND_DEGREES = 30.0
#: ... and by at least this share of the recording's large repetitions.
LEAST_SHARE = 0.25
SMOOTHING_S = 0.1
#: A repetition reaches out to this share of its bend, and on for as long as the legs bend this fast.
EDGE_SHARE = 0.1
EDGE_DEGREES_PER_S = 20.0
#: A long hold is cut into windows of at most this, so that each can be judged.
LONGEST_HOLD_S = 15.0
SHORTEST_HOLD_S = 2.0
SHORTEST_REST_S = 0.7
#: Knees lower than this are on the ground. Hips or knees that rise or sink by so much in a second change
#: the posture.
KNEES_DOWN_M = 0.11
POSTURE_CHANGE_M = 0.06
LIKE_POSTURE_M = 0.05
KNEELING_DEGREES = 25.0
#: A plank recording shorter than this was cut to be one hold.
SHORTEST_WITH_RESTS_S = 6.0
HOLD_SMOOTHING_S = 0.3
#: Hips and knees rise by at least this, and by this many times their own spread, from resting to holding.
LEAST_RISE_M = 0.04
LEAST_GAP_IN_SPREADS = 3.0
SHORTEST_REPETITION_S = 0.6

Array = NDArray[np.float64]


class Span(NamedTuple):
    """One repetition: the frames `[start_frame, end_frame)`, and whether it is a movement or a hold."""

    start_frame: int
    end_frame: int
    kind: Literal["cycle", "hold"]


def find_repetitions(sequence: PoseSequence) -> list[Span]:
    """Return the repetitions of one recording, in order and without overlap.

    Parameters
    ----------
    sequence : PoseSequence
        Prepared (`ml.preprocess.prepare`): no NaN, z up, on the ground.

    Returns
    -------
    list of Span
        Empty if the person neither bends the knees nor holds a plank.
    """
    if is_lying(sequence.positions):
        return _holds(sequence)
    return _cycles(sequence)


def _cycles(sequence: PoseSequence) -> list[Span]:
    """Down and up again, by the bend of knees and hips."""
    bend = _bend(sequence)
    rest = float(np.percentile(bend, 5))
    large = float(np.percentile(bend, 97)) - rest
    least = max(LEAST_BEND_DEGREES, LEAST_SHARE * large)
    distance = max(1, round(SHORTEST_REPETITION_S * sequence.frame_rate))
    padded = np.concatenate([[rest], bend, [rest]])
    peaks, _ = find_peaks(padded, prominence=least, distance=distance)
    peaks = np.clip(peaks - 1, 0, len(bend) - 1)
    spans = []
    for i, peak in enumerate(peaks):
        before = peaks[i - 1] if i else 0
        after = peaks[i + 1] if i + 1 < len(peaks) else len(bend) - 1
        start, end = _edges(bend, int(before), int(peak), int(after), sequence.frame_rate)
        if end - start >= distance:
            spans.append(Span(start, end, "cycle"))
    return spans


def _bend(sequence: PoseSequence) -> Array:
    """Knees and, counting half, hips, smoothed; degrees (F,). A stiff-legged bow is a repetition too."""
    angles = joint_angles(sequence.positions)
    knees = angles["left_knee_flexion"] + angles["right_knee_flexion"]
    hips = angles["left_hip_flexion"] + angles["right_hip_flexion"]
    bend = knees / 2.0 + hips / 4.0
    return gaussian_filter1d(bend, SMOOTHING_S * sequence.frame_rate, mode="nearest")


def _edges(bend: Array, before: int, peak: int, after: int, frame_rate: float) -> tuple[int, int]:
    """Where the knee leaves and regains its straightest around one peak."""
    left = before + int(np.argmin(bend[before : peak + 1]))
    right = peak + int(np.argmin(bend[peak : after + 1]))
    start_level = bend[left] + EDGE_SHARE * (bend[peak] - bend[left])
    end_level = bend[right] + EDGE_SHARE * (bend[peak] - bend[right])
    slowest = EDGE_DEGREES_PER_S / frame_rate
    start = peak
    while start > left and (bend[start] > start_level or bend[start] - bend[start - 1] > slowest):
        start -= 1
    end = peak
    while end < right and (bend[end] > end_level or bend[end] - bend[end + 1] > slowest):
        end += 1
    return start, end + 1


def _holds(sequence: PoseSequence) -> list[Span]:
    """The stretches in one posture with the knees up, cut into windows that are short enough to judge."""
    rate = sequence.frame_rate
    if sequence.duration < SHORTEST_WITH_RESTS_S:
        return [Span(0, len(sequence), "hold")]
    changes = _posture_changes(sequence)
    merged: list[list[int]] = []
    for start, end in _runs(_is_held(sequence)):
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
    spans = []
    for start, end in _with_straight_knees(sequence, pieces):
        n_windows = int(np.ceil((end - start) / (LONGEST_HOLD_S * rate)))
        edges = np.linspace(start, end, n_windows + 1).round().astype(int)
        spans += [Span(int(a), int(b), "hold") for a, b in pairwise(edges)]
    return spans


def _knee_bend(sequence: PoseSequence) -> Array:
    angles = joint_angles(sequence.positions)
    return (angles["left_knee_flexion"] + angles["right_knee_flexion"]) / 2.0


def _heights(sequence: PoseSequence) -> Array:
    """Smoothed heights of the hips and of the knees, (F, 2)."""
    knees = EC3D_19.indices("left_knee", "right_knee")
    heights = np.stack(
        [sequence.joint("mid_hip")[:, 2], sequence.positions[:, knees, 2].mean(axis=1)], axis=1
    )
    return gaussian_filter1d(heights, HOLD_SMOOTHING_S * sequence.frame_rate, axis=0, mode="nearest")


def _is_held(sequence: PoseSequence) -> NDArray[np.bool_]:
    """Whether the plank is held, (F,): resting, a person kneels or lets the knees down to the ground.

    Hips and knees of a plank with rests have two heights; Otsu's threshold lies between them. Where one
    height explains the recording, or the lower one has straight knees off the ground, nobody rests.
    """
    lying = elevation_degrees(sequence.positions) < LYING_ELEVATION_DEGREES
    if lying.sum() < 2:
        return lying
    heights, bend = _heights(sequence), _knee_bend(sequence)
    height = (heights[:, 0] + 2.0 * heights[:, 1]) / 3.0
    threshold, gap, spread = _two_levels(height[lying])
    low, high = lying & (height <= threshold), lying & (height > threshold)
    if gap < LEAST_RISE_M or gap < LEAST_GAP_IN_SPREADS * spread:
        return lying
    kneeling = np.median(bend[low]) > np.median(bend[high]) + KNEELING_DEGREES
    return high if kneeling or np.median(heights[low, 1]) < KNEES_DOWN_M else lying


def _posture_changes(sequence: PoseSequence) -> list[int]:
    """The frames about which hips or knees go up or down for good: from one hold into another posture."""
    half = max(1, round(0.5 * sequence.frame_rate))
    heights = np.pad(_heights(sequence), ((half, half), (0, 0)), mode="edge")
    moved = np.abs(heights[2 * half :] - heights[: -2 * half]).max(axis=1)
    peaks, _ = find_peaks(moved, height=POSTURE_CHANGE_M, distance=2 * half)
    return [int(peak) for peak in peaks]


def _in_one_posture(sequence: PoseSequence, edges: list[int]) -> list[tuple[int, int]]:
    """The pieces between edges; neighbours of like height are one, the sensor having lost itself between."""
    heights = _heights(sequence)
    pieces = [(edges[0], edges[1])]
    for piece in pairwise(edges[1:]):
        before = np.median(heights[slice(*pieces[-1])], axis=0)
        if np.abs(np.median(heights[slice(*piece)], axis=0) - before).max() < LIKE_POSTURE_M:
            pieces[-1] = (pieces[-1][0], piece[1])
        else:
            pieces.append(piece)
    return pieces


def _with_straight_knees(sequence: PoseSequence, pieces: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Leave out pieces in which the knees are bent far more than in the straightest: kneeling is no plank."""
    bend = _knee_bend(sequence)
    bends = [float(np.median(bend[start:end])) for start, end in pieces]
    return [piece for piece, bend in zip(pieces, bends, strict=True) if bend < min(bends) + KNEELING_DEGREES]


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


def _runs(mask: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """`[start, end)` of each stretch of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]]).astype(int)))
    return [(int(start), int(end)) for start, end in edges.reshape(-1, 2)]
