"""Soft dynamic time warping: how far apart two motions are when one may run faster than the other, smoothly.

Cuturi and Blondel, "Soft-DTW: a differentiable loss function for time-series", ICML 2017 (the recursion and
its gradient); Blondel, Mensch and Vert, "Differentiable divergences between time series", AISTATS 2021 (the
divergence). Exact, for a whole batch of unequal lengths at once: the cells of one anti-diagonal do not depend
on each other. The gradient by a cell's distance is the share of all paths that pass through it: what leads to
the cell times what leads on from it. The second is the same recursion from the end, and both run as one.
"""

from typing import Any

import torch
from torch import Tensor

#: A divergence is computed in at most so many groups of like lengths, each of at least so many motions.
MOST_GROUPS, LEAST_GROUP = 6, 24


def soft_dtw(distances: Tensor, lengths_x: Tensor, lengths_y: Tensor, gamma: float = 0.01) -> Tensor:
    """Return the soft minimum, over all warping paths, of the summed distances along the path.

    Can be negative, and is not zero for equal motions: use `soft_dtw_divergence` as a loss.

    Parameters
    ----------
    distances : Tensor, shape (B, P, Q)
        Distance of frame p of one motion to frame q of the other; finite, also where it is padding.
    lengths_x, lengths_y : Tensor of int, shape (B,)
        How many of the P and Q frames are motion; the rest is padding and changes nothing.
    gamma : float
        Softness, in the units of the distances; towards 0 it is plain DTW.

    Returns
    -------
    Tensor, shape (B,)
        Differentiable once with respect to `distances`.
    """
    if gamma <= 0:
        raise ValueError(f"gamma is positive, not {gamma}")
    if bool(((lengths_x < 1) | (lengths_y < 1)).any()):
        raise ValueError("a motion has at least one frame")
    result: Tensor = _SoftDTW.apply(distances, lengths_x, lengths_y, gamma)
    return result


def soft_dtw_divergence(
    x: Tensor, y: Tensor, lengths_x: Tensor, lengths_y: Tensor, gamma: float = 0.01
) -> Tensor:
    """Return the soft-DTW divergence: sdtw(x, y) - sdtw(x, x) / 2 - sdtw(y, y) / 2.

    Not negative, and 0 for equal motions.

    Parameters
    ----------
    x : Tensor, shape (B, P, D)
    y : Tensor, shape (B, Q, D)
    lengths_x, lengths_y : Tensor of int, shape (B,)
        Frames of each motion; what lies beyond is padding and changes nothing.
    gamma : float
        Softness, in the units of a squared Euclidean distance between frames.

    Returns
    -------
    Tensor, shape (B,)
    """
    longest = max(x.shape[1], y.shape[1])
    x, y = _padded(x, longest), _padded(y, longest)
    first, second = torch.cat([x, x, y]), torch.cat([y, x, y])
    lengths_first = torch.cat([lengths_x, lengths_x, lengths_y])
    lengths_second = torch.cat([lengths_y, lengths_x, lengths_y])
    # Like with like, so that little of what is computed is padding.
    order = (lengths_first + lengths_second).argsort()
    groups = [
        _of_frames(first[group], second[group], lengths_first[group], lengths_second[group], gamma)
        for group in order.split(-(-len(order) // min(MOST_GROUPS, -(-len(order) // LEAST_GROUP))))
    ]
    across, of_x, of_y = torch.cat(groups)[order.argsort()].chunk(3)
    return across - (of_x + of_y) / 2


def squared_distances(x: Tensor, y: Tensor) -> Tensor:
    """Squared Euclidean distance of each frame to each: (B, P, D) and (B, Q, D) to (B, P, Q).

    In double precision: the expanded square would lose in single what close motions differ by.
    """
    a, b = x.double(), y.double()
    cross = a @ b.transpose(1, 2)
    norms = a.square().sum(2)[:, :, None] + b.square().sum(2)[:, None]
    return (norms - 2 * cross).clamp_min(0).to(x.dtype)


def _of_frames(x: Tensor, y: Tensor, lengths_x: Tensor, lengths_y: Tensor, gamma: float) -> Tensor:
    x, y = x[:, : int(lengths_x.max())], y[:, : int(lengths_y.max())]
    return soft_dtw(squared_distances(x, y), lengths_x, lengths_y, gamma)


def _padded(x: Tensor, n_frames: int) -> Tensor:
    return torch.nn.functional.pad(x, (0, 0, 0, n_frames - x.shape[1]))


class _SoftDTW(torch.autograd.Function):
    """The recursion over anti-diagonals, from the start and, for the gradient, also from the end.

    Kept are logarithms of the summed weights of all paths that lead to a cell, that cell's among them. Cell
    (p, q) lies at [p + q + 2, p + 1] of an array (diagonals, rows, batch): what it is reached from lies on
    the two diagonals before. Seen from the end, motions shorter than the longest begin inside of the array;
    no path gets to what lies before their first cell.
    """

    @staticmethod
    def forward(ctx: Any, distances: Tensor, lengths_x: Tensor, lengths_y: Tensor, gamma: float) -> Tensor:
        n_batch, n_x, n_y = distances.shape
        costs = distances.detach() / gamma
        firsts = torch.zeros(n_batch, 2, dtype=torch.long)
        backwards = bool(ctx.needs_input_grad[0])
        if backwards:
            costs = torch.cat([costs, costs.flip(1, 2)])
            ends = torch.stack([n_x - lengths_x.cpu(), n_y - lengths_y.cpu()], dim=1)
            firsts = torch.cat([firsts, ends.long()])
        reached = _reached(costs, firsts)
        batch = torch.arange(n_batch, device=distances.device)
        result = reached[batch, lengths_x - 1, lengths_y - 1]
        if backwards:
            ctx.save_for_backward(reached, costs[:n_batch], result)
        return -gamma * result

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None, None, None]:
        reached, costs, result = ctx.saved_tensors
        to_cell, from_cell = reached.chunk(2)
        share = to_cell + from_cell.flip(1, 2)
        share += costs  # the cell's own, which both count
        share -= result[:, None, None]
        return share.exp_() * grad[:, None, None], None, None, None


def _reached(costs: Tensor, firsts: Tensor) -> Tensor:
    """Return the logarithm of the weight of all paths from each motion's first cell to each, (B, P, Q).

    Parameters
    ----------
    costs : Tensor, shape (B, P, Q)
        Distances over gamma; finite.
    firsts : Tensor of int, shape (B, 2)
        The first cell of each motion, on the CPU.
    """
    n_batch, n_x, n_y = costs.shape
    diagonals = n_x + n_y + 1
    total = costs.new_full((diagonals, n_x + 1, n_batch), -torch.inf)
    cost = costs.new_zeros(diagonals, n_x + 1, n_batch)
    _by_diagonal(cost, n_y).copy_(costs)
    begin: dict[int, list[int]] = {}
    for i, (p, q) in enumerate(firsts.tolist()):
        begin.setdefault(p + q + 2, []).append(i)
    rows = firsts[:, 0].to(costs.device) + 1
    for diagonal in range(2, diagonals):
        low, high = max(1, diagonal - n_y), min(diagonal - 1, n_x) + 1
        here = total[diagonal, low:high]
        torch.logaddexp(total[diagonal - 1, low - 1 : high - 1], total[diagonal - 1, low:high], out=here)
        torch.logaddexp(here, total[diagonal - 2, low - 1 : high - 1], out=here)
        here -= cost[diagonal, low:high]
        if diagonal in begin:
            which = torch.tensor(begin[diagonal], device=costs.device)
            total[diagonal, rows[which], which] = -cost[diagonal, rows[which], which]
    return _by_diagonal(total, n_y)


def _by_diagonal(array: Tensor, n_y: int) -> Tensor:
    """Return the cells (B, P, Q) of an array (diagonals, rows, B), without copying."""
    _, rows, n_batch = array.shape
    diagonal, row = rows * n_batch, n_batch
    strides = (1, diagonal + row, diagonal)
    return array.as_strided((n_batch, rows - 1, n_y), strides, 2 * diagonal + row)
