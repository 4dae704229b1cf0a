"""A person's own correct way of moving, as the network is told it: the mean of repetitions marked correct."""

import torch
from torch import Tensor

from ml.skeletons import EC3D_19

_N_JOINTS = len(EC3D_19)
_MIRRORED_NODES = [axis * _N_JOINTS + joint for axis in range(3) for joint in EC3D_19.mirrored]


def mirrored(encoded: Tensor) -> Tensor:
    """Exchange left and right in encoded motions or changes (..., 57, K)."""
    sign = torch.ones(3 * _N_JOINTS, 1).to(encoded)
    sign[:_N_JOINTS] = -1
    return encoded[..., _MIRRORED_NODES, :] * sign


def baseline_mean(inputs: Tensor, baselines: Tensor, present: Tensor) -> Tensor:
    """Return what to compare each repetition with: the mean of its person's correct repetitions.

    A correct lunge with the other leg in front is taken mirrored: of each correct repetition and its mirror
    image the nearer to the repetition counts.

    Parameters
    ----------
    inputs : Tensor, shape (B, 57, K)
        Encoded repetitions.
    baselines : Tensor, shape (B, S, 57, K)
        Encoded correct repetitions of the same people and exercises.
    present : Tensor of bool, shape (B, S)
        Which of them there are.

    Returns
    -------
    Tensor, shape (B, 57, K)
        NaN for a repetition that has none.
    """
    images = torch.stack([baselines, mirrored(baselines)])  # (2, B, S, 57, K)
    distances = (images - inputs[:, None]).square().sum((-1, -2))  # (2, B, S)
    nearer = torch.where((distances[0] <= distances[1])[..., None, None], images[0], images[1])
    kept = torch.where(present[..., None, None], nearer, 0).sum(1)
    return torch.asarray(kept / present.sum(1)[:, None, None])  # 0 / 0 is NaN
