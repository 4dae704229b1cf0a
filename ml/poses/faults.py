"""What is wrong in a recording, by joint and frame, and its repair: gaps, jumps, exchanged sides."""

from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ml.poses.assemble import refuse_gaps
from ml.poses.body import seen
from ml.poses.sequence import PoseSequence

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
Kind = Literal["gap", "jump", "swap"]

#: A joint that is farther than this from the median of its own half second jumped (a person does not).
JUMP_M = 0.12
JUMP_WINDOW_S = 0.5
#: So many frames of a window suffice for its median.
WINDOW_FRAMES = 15
#: Sides are exchanged between two frames if that shortens the steps of both joints to less than this share,
#: and by more than this length.
SWAP_SHARE, SWAP_M = 0.5, 0.15


class Fault(NamedTuple):
    """A joint that was lost, jumped or changed sides in the frames `[start_frame, end_frame)`."""

    joint: str
    kind: Kind
    start_frame: int
    end_frame: int


class Repaired(NamedTuple):
    """The recording without gaps, what was wrong with it, and the share of each joint that was filled in."""

    sequence: PoseSequence
    faults: tuple[Fault, ...]
    filled: dict[str, float]


def repair(sequence: PoseSequence) -> Repaired:
    """Give sides their joints back, take jumps out, and fill the gaps by straight lines.

    Parameters
    ----------
    sequence : PoseSequence
        As a reader gave it; NaN where a joint was not seen.

    Returns
    -------
    Repaired
        `sequence` has as many frames and no NaN. A joint that is estimated from another has its faults too.

    Raises
    ------
    PoseFormatError
        `missing_values` if a joint was not seen often enough for its path to be known.
    """
    joints = sequence.skeleton.joints
    lost: Mask = np.asarray(~np.isfinite(sequence.positions).all(axis=-1))
    swapped = _exchanged(sequence)
    righted = np.where(swapped[..., None], sequence.mirrored_joints().positions, sequence.positions)
    jumped = _jumps(righted, sequence.frame_rate)
    known = np.where(jumped[..., None], np.nan, righted)
    positions = _filled(known, joints, sequence.frame_rate)
    share = (~np.isfinite(known).all(axis=-1)).mean(axis=0)
    masks: dict[Kind, Mask] = {"gap": lost, "jump": jumped & ~lost, "swap": swapped}
    faults = tuple(
        Fault(joints[i], kind, int(start), int(end))
        for kind, mask in masks.items()
        for i in np.flatnonzero(mask.any(axis=0))
        for start, end in _runs(mask[:, i])
    )
    return Repaired(
        sequence.with_positions(positions),
        faults,
        {joints[i]: float(share[i]) for i in np.flatnonzero(share)},
    )


def _runs(mask: Mask) -> NDArray[np.intp]:
    """The stretches of true values, as rows of start and end (exclusive)."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]]).astype(np.int8)))
    return edges.reshape(-1, 2)


def _exchanged(sequence: PoseSequence) -> Mask:
    """In which frames a joint of one side holds that of the other, (F, J).

    Between two frames exchanged sides show as a step of both joints that exchanging them undoes. The side on
    which a joint is most of the time is its own.
    """
    sides = np.array([(i, j) for i, j in enumerate(sequence.skeleton.mirrored) if i < j])
    pairs = _last_seen(sequence.positions[:, sides])  # (F, P, 2, 3)
    stay = np.linalg.norm(np.diff(pairs, axis=0), axis=-1).sum(axis=-1)
    cross = np.linalg.norm(pairs[1:] - pairs[:-1, :, ::-1], axis=-1).sum(axis=-1)
    flips = (cross < SWAP_SHARE * stay) & (stay - cross > SWAP_M)
    state = np.cumsum(np.concatenate([np.zeros((1, len(sides)), dtype=int), flips]), axis=0) % 2 == 1
    state ^= state.mean(axis=0) > 0.5
    result = np.zeros(sequence.positions.shape[:2], dtype=bool)
    result[:, sides] = state[..., None]
    return result


def _last_seen(paths: Array) -> Array:
    """Paths of pairs (F, P, 2, 3) with what was last seen in place of each gap; NaN before the first."""
    known = np.isfinite(paths).all(axis=(2, 3))
    if known.all():
        return paths
    place = np.maximum.accumulate(np.where(known, np.arange(len(paths))[:, None], -1))
    held = np.take_along_axis(paths, np.maximum(place, 0)[..., None, None], axis=0)
    return np.where((place >= 0)[..., None, None], held, np.nan)


def _jumps(positions: Array, frame_rate: float) -> Mask:
    """Where a joint jumped away from the median of its neighbourhood in time, (F, J).

    The body as a whole is taken out first, so that one who walks does not jump where the recording ends.
    """
    with np.errstate(all="ignore"):
        centre = _nanmedian(positions.swapaxes(1, 2))
    own = positions - np.where(np.isfinite(centre), centre, 0.0)[:, None]
    half = max(1, round(JUMP_WINDOW_S * frame_rate / 2))
    step = max(1, -(-2 * half // WINDOW_FRAMES))
    half = step * (half // step) or step
    padded = np.pad(own, ((half, half), (0, 0), (0, 0)), mode="reflect" if len(own) > half else "edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * half + 1, axis=0)[..., ::step]
    distance = np.linalg.norm(own - _nanmedian(windows), axis=-1)
    return distance > _jump_threshold(distance)


def _nanmedian(values: Array) -> Array:
    """Median along the last axis of what is known, NaN where nothing is; quick where nothing is missing."""
    median = np.median(values, axis=-1)
    gappy = np.isnan(median) & np.isfinite(values).any(axis=-1)
    if gappy.any():
        median[gappy] = np.nanmedian(values[gappy], axis=-1)
    return np.asarray(median)


def _jump_threshold(distance: Array) -> Array:
    """A fast limb leaves its own median regularly: three times its usual distance is no jump, (J,)."""
    if np.isfinite(distance).all():
        usual = np.percentile(distance, 90, axis=0)
    else:
        usual = np.array(
            [np.percentile(d[np.isfinite(d)], 90) if np.isfinite(d).any() else 0.0 for d in distance.T]
        )
    return np.maximum(JUMP_M, 3.0 * usual)


def _filled(positions: Array, joints: tuple[str, ...], frame_rate: float) -> Array:
    """Straight lines over the gaps; the first and last value held at the ends."""
    result = positions.copy()
    frames = np.arange(len(positions))
    for i, joint in enumerate(joints):
        known = seen(positions[:, i])
        if known.all():
            continue
        refuse_gaps(joint, known, frame_rate)
        for axis in range(3):
            result[:, i, axis] = np.interp(frames, frames[known], positions[known, i, axis])
    return result
