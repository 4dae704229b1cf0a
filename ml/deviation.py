"""How far a repetition is from right, and what that says of its class.

Most mistakes, whatever they are, lie farther from right than correct executions do: from the person's own
way where it is known, else from what others do. What a network has learned from few people or a simulator
does not hold for everybody; that right is near and wrong is far does. The course of it is the network's, the
densities of the distance are measured, and Bayes' rule joins both.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from ml.catalogue import EXERCISES, correct_code, exercise_of

#: Coefficients that count: level, drift and bend of a course. On simulated people three tell correct from
#: wrong better than more do, in which sensors differ.
N_SLOWEST = 3
#: How much the distance from other people weighs in the exercises that are simulated: half, since what others
#: do right is what a network has learned already, from thousands. In an exercise that it was taught by a few
#: recordings all of it counts, and so does that from one's own way in any.
SIMULATED_WEIGHT = 0.5
#: Rows of what is known of distances: from other people's correct executions, from one's own.
OTHERS, OWN = 0, 1


class Deviation(nn.Module):
    """What distances from right say of each class.

    Parameters
    ----------
    classes : sequence of str
        Class codes, in the order of the outputs.
    n_nodes : int
        Courses that the network sees.

    Attributes
    ----------
    centre, scale : Tensor, shape (M, N, 3)
        Mean and spread of the correct executions of each class's exercise.
    expected, spread : Tensor, shape (2, M)
        Of the logarithm of the distance in each class, from others' and from one's own.
    """

    centre: Tensor
    scale: Tensor
    expected: Tensor
    spread: Tensor

    def __init__(self, classes: Sequence[str], n_nodes: int) -> None:
        super().__init__()
        self.classes = tuple(classes)
        self.register_buffer("centre", torch.zeros(len(classes), n_nodes, N_SLOWEST))
        self.register_buffer("scale", torch.ones(len(classes), n_nodes, N_SLOWEST))
        self.register_buffer("expected", torch.zeros(2, len(classes)))
        self.register_buffer("spread", torch.ones(2, len(classes)))
        self._same_exercise = same_exercise(classes)
        self._weights = torch.ones(2, len(classes))
        self._weights[OTHERS, ~taught(classes)] = SIMULATED_WEIGHT

    def from_others(self, seen: Tensor) -> Tensor:
        """Return how courses (B, N, K) differ from others' correct ones of each class's exercise.

        Standardised, (B, M, N, 3).
        """
        return (seen[:, None, :, :N_SLOWEST] - self.centre) / self.scale

    def forward(self, distances: Tensor, own: Tensor) -> Tensor:
        """Return the weighed log-likelihood of each class, up to a constant.

        Parameters
        ----------
        distances : Tensor, shape (B, M)
            Logarithms, from what is right in each class's exercise.
        own : Tensor of bool, shape (B,)
            Whether from the person's own way.

        Returns
        -------
        Tensor, shape (B, M)
            To add to log-probabilities.
        """
        # Farther than any mistake usually is says no more than as far as that; and since no mistake is given
        # a wider spread than the correct execution, farther never speaks for correct.
        other = ~self._same_exercise.to(distances.device)
        farthest = self.expected[:, None].masked_fill(other, -torch.inf).amax(2)  # (2, M)
        row = own.long()
        off = (distances.minimum(farthest[row]) - self.expected[row]) / self.spread[row]
        likelihood = -off.square() / 2 - self.spread[row].log()
        return self._weights.to(distances)[row] * likelihood

    def expect(self, row: int, expected: Tensor, spread: Tensor) -> None:
        """Set mean and spread (M,) of the logarithm of the distance in each class."""
        correct = [self.classes.index(correct_code(exercise_of(code))) for code in self.classes]
        self.expected[row] = expected
        self.spread[row] = spread.minimum(spread[correct])


def same_exercise(classes: Sequence[str]) -> Tensor:
    """Tell of each class which classes are of its exercise, (M, M)."""
    exercises = [exercise_of(code) for code in classes]
    return torch.tensor([[a == b for b in exercises] for a in exercises])


def taught(classes: Sequence[str]) -> Tensor:
    """Tell of each class whether its exercise was taught by recordings, and not simulated, (M,)."""
    return torch.tensor([exercise_of(code) not in EXERCISES for code in classes])


def log_distance(standardised: Tensor) -> Tensor:
    """Return the logarithm of how far standardised deviations (..., N, K) are from zero, (...).

    Each deviation counts by log(1 + z^2), so that a joint that a sensor lost for a moment does not count for
    the whole body.
    """
    slowest = standardised[..., :N_SLOWEST]
    return slowest.square().log1p().mean((-1, -2)).clamp_min(1e-3).log()
