"""What training lessens: wrong names, and corrections that are far from the true one or shake.

The published loss pulls a motion towards the nearest correct repetition of the same person, by soft-DTW.
Where the true correction is known, as in simulated motion, the distance to it is the better teacher, in
metres; soft-DTW remains for recordings that have only other, correct repetitions to compare with.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from ml.encoding import N_FRAMES
from ml.model import NetworkOutput
from ml.skeletons import EC3D_19
from ml.softdtw import soft_dtw_divergence
from ml.trajectories import to_joints

#: Soft-DTW's softness, in squared leg lengths summed over joints; as published.
GAMMA = 0.01


@dataclass(frozen=True, kw_only=True)
class LossWeights:
    """How much each term counts beside the negative log-likelihood of the class."""

    correction: float = 10.0
    at_fault: float = 10.0
    nearest: float = 1.0
    acceleration: float = 1e-3


#: As releases are trained: the correction counts more than in the published loss.
WEIGHTS = LossWeights(correction=25.0, at_fault=25.0)


def correction_distance(
    change: Tensor, true_change: Tensor, leg_length: Tensor, joints: Sequence[int] | None = None
) -> Tensor:
    """Return the mean distance in metres of the corrected joints to the true correction, for each of B.

    Parameters
    ----------
    change, true_change : Tensor, shape (B, 57, K)
        What the network changes, and the encoded true correction less the encoded motion.
    leg_length : Tensor, shape (B,)
        Metres.
    joints : sequence of int, optional
        Those that count; else all.
    """
    off = to_joints(change - true_change)  # (B, F, J, 3)
    if joints is not None:
        off = off[:, :, joints]
    # A hundredth of a millimetre under the root keeps its gradient finite at a perfect correction.
    return (off.square().sum(-1) + 1e-10).sqrt().mean((1, 2)) * leg_length


def distance_at_fault(change: Tensor, true_change: Tensor, leg_length: Tensor) -> Tensor:
    """Return the same distance where and when it matters, for each of B; zero where nothing is to be changed.

    Each joint at each instant counts by how far the true correction moves it. In the plain mean the many
    joints that are right outvote the few that are wrong, and the network learns to change too little.
    """
    wanted = to_joints(true_change).square().sum(-1).sqrt()  # (B, F, J)
    share = wanted / wanted.sum((1, 2), keepdim=True).clamp_min(1e-6)
    off = to_joints(change - true_change)
    return ((off.square().sum(-1) + 1e-10).sqrt() * share).sum((1, 2)) * leg_length


def acceleration(change: Tensor) -> Tensor:
    """Return the root mean square acceleration of the changed joints, for each of B.

    In leg lengths a repetition squared. The published term, on velocity, weighed nothing; and what shakes is
    acceleration, where steady motion is not to be punished.
    """
    places = to_joints(change)
    second = places[:, 2:] - 2 * places[:, 1:-1] + places[:, :-2]
    return (second.square().sum(-1).mean((1, 2)) + 1e-12).sqrt() * (N_FRAMES - 1) ** 2


def nearest_distance(corrected: Tensor, reference: Tensor) -> Tensor:
    """Return the soft-DTW divergence of corrected motions to correct ones, by frame and joint, for each of B.

    Parameters
    ----------
    corrected, reference : Tensor, shape (B, 57, K)
        Encoded motions; the reference is the same person's correct repetition that is nearest.
    """
    n_frames = N_FRAMES // 2  # enough for 25 coefficients; the cost grows with its square
    x, y = (to_joints(motion, n_frames).flatten(2) for motion in (corrected, reference))
    lengths = torch.full((len(x),), n_frames, device=x.device)
    return soft_dtw_divergence(x, y, lengths, lengths, GAMMA) / (n_frames * len(EC3D_19))


def total_loss(
    output: NetworkOutput,
    label: Tensor,
    inputs: Tensor,
    target: Tensor,
    has_truth: Tensor,
    leg_length: Tensor,
    weights: LossWeights,
) -> dict[str, Tensor]:
    """Return the terms of the loss of a batch, and their weighted sum as `total`.

    Parameters
    ----------
    output : NetworkOutput
    label : Tensor of int, shape (B,)
    inputs : Tensor, shape (B, 57, K)
        What the network saw.
    target : Tensor, shape (B, 57, K)
        Encoded: the true correction where `has_truth` (a correct repetition's is itself: it is to be left as
        it is), else the nearest correct repetition of the same person.
    has_truth : Tensor of bool, shape (B,)
    leg_length : Tensor, shape (B,)
        Metres.
    weights : LossWeights
    """
    true_change = target - inputs
    terms = {
        "classification": F.nll_loss(output.log_probabilities, label),
        "correction": _mean(correction_distance(output.change, true_change, leg_length), has_truth),
        "at_fault": _mean(distance_at_fault(output.change, true_change, leg_length), has_truth),
        "acceleration": _mean(acceleration(output.change - true_change), has_truth),
    }
    total = (
        terms["classification"]
        + weights.correction * terms["correction"]
        + weights.at_fault * terms["at_fault"]
        + weights.acceleration * terms["acceleration"]
    )
    if not has_truth.all():
        without = ~has_truth
        corrected = inputs[without] + output.change[without]
        terms["nearest"] = nearest_distance(corrected, target[without]).mean()
        total = (
            total
            + weights.nearest * terms["nearest"]
            + weights.acceleration * _mean(acceleration(output.change), without)
        )
    return terms | {"total": total}


def _mean(values: Tensor, chosen: Tensor) -> Tensor:
    return (values * chosen).sum() / chosen.sum().clamp_min(1)
