"""Soft dynamic time warping: how far apart two motions are when one may run faster than the other, smoothly.

Cuturi and Blondel, "Soft-DTW: a differentiable loss function for time-series", ICML 2017 (the recursion and
its gradient); Blondel, Mensch and Vert, "Differentiable divergences between time series", AISTATS 2021 (the
divergence). Exact, for a whole batch of unequal lengths at once: the cells of one anti-diagonal do not depend
on each other.
"""

from typing import Any

import torch
from torch import Tensor


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
    distances = squared_distances(first, second)
    across, of_x, of_y = soft_dtw(distances, lengths_first, lengths_second, gamma).chunk(3)
    return across - (of_x + of_y) / 2


def squared_distances(x: Tensor, y: Tensor) -> Tensor:
    """Squared Euclidean distance of each frame to each: (B, P, D) and (B, Q, D) to (B, P, Q).

    Summed as differences: the expanded square loses in float32 what close motions differ by.
    """
    return (x[:, :, None] - y[:, None]).square().sum(-1)


def _padded(x: Tensor, n_frames: int) -> Tensor:
    return torch.nn.functional.pad(x, (0, 0, 0, n_frames - x.shape[1]))


class _SoftDTW(torch.autograd.Function):
    """Forward and backward recursion, one anti-diagonal of the whole batch at a time.

    Cell (p, q) is kept at [p + q, p + 1] of an array of diagonals, with a border before row 0 for the cells
    outside. Padding is told by infinite distance, so no path crosses it; the result is read at the motion's
    end.
    """

    @staticmethod
    def forward(ctx: Any, distances: Tensor, lengths_x: Tensor, lengths_y: Tensor, gamma: float) -> Tensor:
        n_batch, n_x, n_y = distances.shape
        rows = torch.arange(n_x, device=distances.device)
        columns = torch.arange(n_y, device=distances.device)
        inside = (rows < lengths_x[:, None])[:, :, None] & (columns < lengths_y[:, None])[:, None]
        skewed = _skew(distances.masked_fill(~inside, torch.inf), torch.inf)  # (B, n_x + n_y - 1, n_x)
        # Two diagonals before the first cell; the corner outside it, where all paths start, holds 0.
        total = distances.new_full((n_batch, n_x + n_y + 1, n_x + 1), torch.inf)
        total[:, 0, 0] = 0
        for diagonal in range(n_x + n_y - 1):
            before, two_before = total[:, diagonal + 1], total[:, diagonal]
            steps = torch.stack([before[:, :-1], before[:, 1:], two_before[:, :-1]])  # up, left, both
            total[:, diagonal + 2, 1:] = skewed[:, diagonal] + _soft_minimum(steps, gamma)
        last = lengths_x + lengths_y
        ctx.save_for_backward(total, skewed, lengths_x, last)
        ctx.gamma, ctx.shape = gamma, distances.shape
        return total[torch.arange(n_batch, device=distances.device), last, lengths_x]

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None, None, None]:
        total, skewed, lengths_x, last = ctx.saved_tensors
        n_batch, n_x, n_y = ctx.shape
        batch = torch.arange(n_batch, device=total.device)
        # share[d, p]: how much of the result passes through a cell; the gradient by its distance.
        share = total.new_zeros((n_batch, n_x + n_y + 3, n_x + 2))
        share[batch, last, lengths_x] = 1
        for diagonal in range(n_x + n_y - 2, -1, -1):
            cell = diagonal + 2
            own = total[:, cell, 1:]
            reached = share[:, cell, 1:-1].clone()
            for later, down in ((1, 1), (1, 0), (2, 1)):
                place = diagonal + later
                if place > n_x + n_y - 2:
                    continue
                size = n_x - down
                after = total[:, place + 2, 1 + down :] - skewed[:, place, down:]  # soft minimum there
                weight = ((after - own[:, :size]) / ctx.gamma).exp()
                passed = share[:, place + 2, 1 + down : -1] * weight
                reached[:, :size] += torch.where(torch.isfinite(passed), passed, 0)
            share[:, cell, 1:-1] = torch.where(torch.isfinite(own), reached, 0)
        gradient = _unskew(share[:, 2 : n_x + n_y + 1, 1:-1], n_y)
        return gradient * grad[:, None, None], None, None, None


def _soft_minimum(values: Tensor, gamma: float) -> Tensor:
    smallest = values.amin(0)
    finite = torch.where(torch.isfinite(smallest), smallest, 0)
    return finite - gamma * ((finite - values) / gamma).exp().sum(0).log()


def _skew(x: Tensor, fill: float) -> Tensor:
    """Lay anti-diagonals as rows: out[b, p + q, p] = x[b, p, q]."""
    n_batch, n_x, n_y = x.shape
    out = x.new_full((n_batch, n_x + n_y - 1, n_x), fill)
    rows = torch.arange(n_x, device=x.device)[:, None]
    columns = torch.arange(n_y, device=x.device)[None]
    out[:, rows + columns, rows.expand(n_x, n_y)] = x
    return out


def _unskew(x: Tensor, n_y: int) -> Tensor:
    """Undo `_skew`."""
    n_x = x.shape[2]
    rows = torch.arange(n_x, device=x.device)[:, None]
    columns = torch.arange(n_y, device=x.device)[None]
    return x[:, rows + columns, rows.expand(n_x, n_y)]
