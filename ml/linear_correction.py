"""What of a correction is linear in all that the network sees of the body, class by class.

A graph layer mixes joints alike for every coefficient, and coefficients alike for every joint. How far the
hips have to sink where the trunk leans so much at that instant is neither. Most of it is linear and need not
be learned by descent: what the correction branch leaves is fitted in closed form.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

#: Coefficients of each course that it sees, and of each node that it moves.
N_SEEN_SLOWEST, N_MOVED_SLOWEST = 8, 12
#: What is farther from the usual than so many spreads counts as that far: a sensor's fault, not the body's.
FARTHEST = 4.0
#: Independent movements that it makes of a class.
RANK = 16
#: How much every weight is drawn to zero, as a share of how much what it sees varies. With a seventh of it
#: simulated people are corrected as well, but the knees of another sensor's squats come out inward.
RIDGE = 2.0


class LinearMaps(nn.Module):
    """A linear function of low rank for each class, weighed by how much the class counts.

    Parameters
    ----------
    n_classes, n_inputs, n_outputs : int
        M, D, P.
    """

    inwards: Tensor
    outwards: Tensor
    offset: Tensor

    def __init__(self, n_classes: int, n_inputs: int, n_outputs: int) -> None:
        super().__init__()
        self.register_buffer("inwards", torch.zeros(n_classes, n_inputs, RANK))
        self.register_buffer("outwards", torch.zeros(n_classes, RANK, n_outputs))
        self.register_buffer("offset", torch.zeros(n_classes, n_outputs))

    def forward(self, x: Tensor, counts: Tensor) -> Tensor:
        """Return (B, P) for inputs (B, D) and how much each class counts (B, M)."""
        coded = torch.einsum("bd,mdr,bm->bmr", x, self.inwards, counts)
        return torch.einsum("bmr,mrp->bp", coded, self.outwards) + counts @ self.offset


class LinearCorrection(nn.Module):
    """A linear change for each class, of those who have no baseline and of those who have one.

    Parameters
    ----------
    n_classes : int
        M; the first so many classes of the network have one.
    n_seen : int
        Courses that the network sees.
    n_nodes : int
        N, those of them that are corrected.
    """

    def __init__(self, n_classes: int, n_seen: int, n_nodes: int) -> None:
        super().__init__()
        self.n_nodes = n_nodes
        n_inputs, n_outputs = n_seen * N_SEEN_SLOWEST, n_nodes * N_MOVED_SLOWEST
        self.alone = LinearMaps(n_classes, n_inputs, n_outputs)
        self.beside = LinearMaps(n_classes, 2 * n_inputs, n_outputs)

    def forward(self, features: Tensor, told: Tensor) -> Tensor:
        """Return a change of the slowest coefficients, in leg lengths.

        Parameters
        ----------
        features : Tensor, shape (B, N + A, 2 K + 1)
            What a network that knows baselines sees: courses, how they differ, and whether there is one.
        told : Tensor, shape (B, at least M)
            How much each class counts.

        Returns
        -------
        Tensor, shape (B, N, 12)
        """
        counts = told[:, : len(self.alone.offset)]
        own = features[:, 0, -1] > 0
        change = torch.zeros(len(features), self.alone.offset.shape[1]).to(features)
        for maps, which in ((self.alone, ~own), (self.beside, own)):
            x = linear_inputs(features[which], beside=maps is self.beside)
            change[which] = maps(x, counts[which])
        return change.unflatten(1, (self.n_nodes, N_MOVED_SLOWEST))


def linear_inputs(features: Tensor, *, beside: bool) -> Tensor:
    """Return what linear maps take of what a network sees (B, N + A, 2 K + 1).

    The slowest coefficients of the courses and, `beside` a baseline, of how they differ from it.
    """
    n_coefficients = features.shape[2] // 2
    parts = [features[..., :N_SEEN_SLOWEST]]
    if beside:
        parts.append(features[..., n_coefficients : n_coefficients + N_SEEN_SLOWEST])
    return torch.cat([part.flatten(1) for part in parts], dim=1).clamp(-FARTHEST, FARTHEST)


class LeastSquares:
    """Collects examples and fits a linear function of low rank to them.

    Parameters
    ----------
    n_inputs, n_outputs : int
        D, P.
    """

    def __init__(self, n_inputs: int, n_outputs: int) -> None:
        self._seen = torch.zeros(n_inputs + 1, n_inputs + 1, dtype=torch.float64)
        self._both = torch.zeros(n_inputs + 1, n_outputs, dtype=torch.float64)

    def add(self, x: Tensor, y: Tensor) -> None:
        """Add examples x (S, D) and what shall come of them, y (S, P)."""
        x = F.pad(x, (0, 1), value=1.0)
        self._seen += (x.T @ x).double()
        self._both += (x.T @ y).double()

    def fitted(self, rank: int = RANK, ridge: float = RIDGE) -> tuple[Tensor, Tensor, Tensor]:
        """Return weights (D, rank) and (rank, P), and an offset (P,).

        Ridge regression, reduced in rank to where its outputs vary most (Izenman, J. Multivariate Analysis
        1975).
        """
        n = self._seen[-1, -1]
        mean, mean_output = self._seen[-1, :-1] / n, self._both[-1] / n
        spread = self._seen[:-1, :-1] / n - mean.outer(mean)
        together = self._both[:-1] / n - mean.outer(mean_output)
        drawn_to_zero = torch.full_like(mean, ridge * float(spread.diagonal().mean())).diag()
        weights = torch.linalg.solve(spread + drawn_to_zero, together)  # (D, P)
        most_varied = torch.linalg.eigh(weights.T @ spread @ weights).eigenvectors[:, -rank:]  # (P, rank)
        inwards, outwards = weights @ most_varied, most_varied.T
        return inwards.float(), outwards.float(), (mean_output - mean @ inwards @ outwards).float()
