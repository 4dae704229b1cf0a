"""A person's own correct way of moving, as the network is told it: the mean of repetitions marked correct."""

from collections.abc import Sequence

import torch
from torch import Tensor

from ml.encoding import encode
from ml.poses.sequence import PoseSequence
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


def encoded_baselines(inputs: Tensor, baselines: Sequence[Sequence[PoseSequence]]) -> Tensor | None:
    """Return what to compare encoded repetitions (B, 57, K) with, given the correct ones of each person.

    Parameters
    ----------
    inputs : Tensor, shape (B, 57, K)
    baselines : sequence of B sequences of PoseSequence
        Prepared; none of some is no fault.

    Returns
    -------
    Tensor, shape (B, 57, K), or None
        As `baseline_mean`; None if nobody has any.
    """
    most = max((len(own) for own in baselines), default=0)
    if not most:
        return None
    # A recording's repetitions share their baseline: each is encoded once.
    different = {id(sequence): sequence for own in baselines for sequence in own}
    values = torch.from_numpy(encode(list(different.values()))).to(inputs)
    encoded = dict(zip(different, values, strict=True))
    beside = inputs.new_zeros((len(inputs), most, *inputs.shape[1:]))
    present = torch.zeros((len(inputs), most), dtype=torch.bool, device=inputs.device)
    for i, own in enumerate(baselines):
        for j, sequence in enumerate(own):
            beside[i, j], present[i, j] = encoded[id(sequence)], True
    return baseline_mean(inputs, beside, present)
