"""Which courses tell the classes of an exercise apart that recordings taught, and on which side of right.

How far from right a repetition is, all courses alike (`ml.deviation`), holds for people who were never seen
but does not use what their recordings show: which courses a mistake changes, and in which direction. The
network learns that too, but it has many weights for what a few people can teach. A linear function of a few
numbers that no single lost joint can upset has few, and errs in other ways: Bayes' rule joins them.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ml.deviation import N_SLOWEST, same_exercise, taught

#: How precisely its weights are expected to be zero, before any recording is seen. On simulated people, 3, 7
#: and 20 at a time as if an exercise were taught by them, it names others most likely so.
PRECISION = 0.1
_STEPS = 60


class Discriminant(nn.Module):
    """What deviations from right say of the classes of exercises that were taught.

    Parameters
    ----------
    classes : sequence of str
        Class codes, in the order of the outputs.
    n_nodes : int
        Courses that the network sees.

    Attributes
    ----------
    weight : Tensor, shape (2, M, 6 N)
        Of what `sides` gives, from others' correct executions and from the person's own.
    bias : Tensor, shape (2, M)
    """

    weight: Tensor
    bias: Tensor

    def __init__(self, classes: Sequence[str], n_nodes: int) -> None:
        super().__init__()
        self.register_buffer("weight", torch.zeros(2, len(classes), 2 * n_nodes * N_SLOWEST))
        self.register_buffer("bias", torch.zeros(2, len(classes)))
        self._same_exercise = same_exercise(classes)
        self._taught = taught(classes)

    def forward(self, from_others: Tensor, from_own: Tensor, own: Tensor) -> Tensor:
        """Return how much likelier than by chance each class is among those of its exercise.

        Parameters
        ----------
        from_others : Tensor, shape (B, M, N, 3)
            Standardised deviations from what is right in each class's exercise.
        from_own : Tensor, shape (B, N, 3)
            The same from the person's own way.
        own : Tensor of bool, shape (B,)
            Whether that is known, and so counts.

        Returns
        -------
        Tensor, shape (B, M)
            Logarithms, to add to log-probabilities; zero for an exercise that was not taught.
        """
        deviations = torch.where(own[:, None, None, None], from_own[:, None], from_others)
        row = own.long()
        scores = (sides(deviations) * self.weight[row]).sum(-1) + self.bias[row]  # (B, M)
        same = self._same_exercise.to(scores.device)
        of_exercise = scores[:, None].masked_fill(~same, -torch.inf).logsumexp(2)
        likelier = scores - of_exercise + same.sum(1).log()
        return likelier.masked_fill(~self._taught.to(scores.device), 0.0)


def sides(deviations: Tensor) -> Tensor:
    """Return how far each standardised deviation (..., N, 3) is from zero, and to which side, (..., 6 N).

    By its logarithm, so that a joint that a sensor lost for a moment does not count for the whole body.
    """
    far = deviations.abs().log1p()
    return torch.cat([far, deviations.sign() * far], dim=-1).flatten(-2)


def fitted(deviations: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """Return weights (C, 6 N) and biases (C,) of the most probable linear function.

    Multinomial logistic regression with a normal prior on the weights of what is standardised; each class
    counts alike.

    Parameters
    ----------
    deviations : Tensor, shape (S, N, 3)
        Standardised, of one exercise.
    labels : Tensor of int64, shape (S,)
        0 to C - 1, each at least once.
    """
    x = sides(deviations).double()
    mean, scale = x.mean(0), x.std(0, correction=0).clamp_min(0.05) * x.shape[1] ** 0.5
    x = (x - mean) / scale
    often = torch.bincount(labels).to(x)
    counts_for = (len(labels) / len(often)) / often
    weight = torch.zeros(len(often), x.shape[1], dtype=x.dtype, requires_grad=True)
    bias = torch.zeros(len(often), dtype=x.dtype, requires_grad=True)
    optimiser = torch.optim.LBFGS([weight, bias], max_iter=_STEPS, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        optimiser.zero_grad()
        named = F.cross_entropy(x @ weight.T + bias, labels, counts_for, reduction="sum")
        value = named + PRECISION / 2 * weight.square().sum()
        value.backward()
        return value

    optimiser.step(loss)
    with torch.no_grad():
        weight = weight / scale
        return weight.float(), (bias - weight @ mean).float()
