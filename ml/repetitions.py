"""Find the repetitions in a prepared recording: cycles of squats and lunges, holds of planks."""

from itertools import pairwise
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d
from scipy.signal import find_peaks

from ml.angles import joint_angles
from ml.poses.sequence import PoseSequence
from ml.preprocess import is_lying

#: A repetition bends the knees by at least this much more than standing does ...
LEAST_BEND_DEGREES = 20.0
#: ... and by at least this share of the recording's large repetitions.
LEAST_SHARE = 0.45
SMOOTHING_S = 0.1
#: A repetition begins where the knee has left its straightest by this share of the bend.
EDGE_SHARE = 0.1
#: A long hold is cut into windows of at most this, so that each can be judged.
LONGEST_HOLD_S = 10.0
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
    """Down and up again, by the bend of the knees."""
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
        start, end = _edges(bend, int(before), int(peak), int(after))
        if end - start >= distance:
            spans.append(Span(start, end, "cycle"))
    return spans


def _bend(sequence: PoseSequence) -> Array:
    """Knee flexion, both sides together, smoothed; degrees (F,)."""
    angles = joint_angles(sequence.positions)
    bend = (angles["left_knee_flexion"] + angles["right_knee_flexion"]) / 2.0
    return gaussian_filter1d(bend, SMOOTHING_S * sequence.frame_rate, mode="nearest")


def _edges(bend: Array, before: int, peak: int, after: int) -> tuple[int, int]:
    """Where the knee leaves and regains its straightest around one peak."""
    left = before + int(np.argmin(bend[before : peak + 1]))
    right = peak + int(np.argmin(bend[peak : after + 1]))
    start_level = bend[left] + EDGE_SHARE * (bend[peak] - bend[left])
    end_level = bend[right] + EDGE_SHARE * (bend[peak] - bend[right])
    start = peak
    while start > left and bend[start] > start_level:
        start -= 1
    end = peak
    while end < right and bend[end] > end_level:
        end += 1
    return start, end + 1


def _holds(sequence: PoseSequence) -> list[Span]:
    n_windows = int(np.ceil(sequence.duration / LONGEST_HOLD_S))
    edges = np.linspace(0, len(sequence), n_windows + 1).round().astype(int)
    return [Span(int(a), int(b), "hold") for a, b in pairwise(edges)]
