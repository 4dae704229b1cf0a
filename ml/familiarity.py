"""How like the training motions a repetition is, so that the system abstains from what it never learned."""

import torch
from torch import Tensor, nn

#: The slow part of a motion, where its shape is; faster coefficients tell sensors apart more than motions.
N_SLOW = 6


class Familiarity(nn.Module):
    """Distance to the nearest class of the training motions.

    Parameters
    ----------
    n_classes : int
    n_nodes : int
        Rows of the network's input.
    """

    mean: Tensor
    scale: Tensor

    def __init__(self, n_classes: int, n_nodes: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(n_classes, n_nodes, N_SLOW))
        self.register_buffer("scale", torch.ones(n_classes, n_nodes, N_SLOW))

    def fit(self, inputs: Tensor, labels: Tensor, *, floor: float = 0.05) -> None:
        """Learn each class from encoded training motions (S, N, K) and their labels (S,)."""
        for label in range(len(self.mean)):
            of_class = inputs[labels == label][..., :N_SLOW]
            if len(of_class) < 2:
                raise ValueError(f"class {label} has {len(of_class)} training motions; it needs two")
            self.mean[label] = of_class.mean(0)
            self.scale[label] = of_class.std(0).clamp_min(floor)

    def forward(self, x: Tensor) -> Tensor:
        """Return for inputs (B, N, K) the root mean square deviation from the nearest class, (B,).

        About 1 for a motion such as those of training; it has no unit.
        """
        deviation = (x[:, None, :, :N_SLOW] - self.mean) / self.scale  # (B, M, N, N_SLOW)
        return deviation.square().mean((2, 3)).sqrt().amin(1)
