"""A long hold is one repetition and one finding, but is looked at in windows as long as those learned from.

The network sees a repetition at a fixed number of frames. A minute of holding a plank, squeezed into as many
as a few seconds fill, would show slow sagging as a movement and hide everything that comes and goes.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ml.poses.sequence import PoseSequence
from ml.preprocess import is_lying

#: As long as the longest holds that releases learn from.
WINDOW_S = 12.5
#: Neighbours share this much, over which the change of one goes over into that of the next.
SHARED = 0.25


def windows(sequence: PoseSequence) -> list[slice]:
    """Return the frames of each window of a repetition: all of them, but for a long hold.

    Parameters
    ----------
    sequence : PoseSequence
        One repetition, prepared. Only who lies holds; a slow movement is one however long it takes.

    Returns
    -------
    list of slice
        Equally long, in order; together they cover every frame.
    """
    n_frames, width = len(sequence), round(WINDOW_S * sequence.frame_rate)
    if n_frames <= width or not is_lying(sequence.positions):
        return [slice(0, n_frames)]
    count = 1 + int(np.ceil((n_frames - width) / ((1.0 - SHARED) * width)))
    starts = np.linspace(0, n_frames - width, count).round().astype(int).tolist()
    return [slice(start, start + width) for start in starts]


def blended(parts: Sequence[NDArray[np.float64]], frames: Sequence[slice]) -> NDArray[np.float64]:
    """Return the change of a whole repetition, (F, 19, 3), from that of each of its windows.

    Where two windows overlap each counts the more, the farther its own end is.
    """
    if len(parts) == 1:
        return parts[0]
    whole = np.zeros((frames[-1].stop, *parts[0].shape[1:]))
    total = np.zeros(len(whole))
    for part, where in zip(parts, frames, strict=True):
        inward = np.arange(1, len(part) + 1)
        weight = np.minimum(inward, inward[::-1]) / (SHARED * len(part))
        weight = np.minimum(weight, 1.0)
        whole[where] += weight[:, None, None] * part
        total[where] += weight
    return whole / total[:, None, None]
