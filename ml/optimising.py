"""How networks that correct are trained, whatever they learn from: where, in batches, at a changing rate."""

import argparse
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn.utils import clip_grad_norm_

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


def training_device() -> torch.device:
    """Return the GPU when there is one, else the CPU; `with` it, new tensors are made there too."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


class Steps:
    """AdamW with a rate that rises to `learning_rate` and falls again within so many steps.

    Parameters
    ----------
    parameters : iterable of nn.Parameter
        What is trained.
    learning_rate : float
    steps : int
    """

    def __init__(self, parameters: Iterable[nn.Parameter], learning_rate: float, steps: int) -> None:
        self._trained = list(parameters)
        self.optimiser = torch.optim.AdamW(self._trained, lr=learning_rate, weight_decay=1e-2)
        self.schedule = torch.optim.lr_scheduler.OneCycleLR(self.optimiser, learning_rate, total_steps=steps)

    def take(self, loss: Tensor) -> None:
        """Take one step that lessens the loss."""
        self.optimiser.zero_grad()
        loss.backward()
        clip_grad_norm_(self._trained, 1.0)
        self.optimiser.step()
        self.schedule.step()


def batches(n: int, size: int) -> Iterator[Tensor]:
    """Yield the places of n examples in random order, so many at a time; batch normalisation needs two."""
    return (which for which in torch.randperm(n).split(size) if len(which) > 1)


def steps_of(n: int, size: int, epochs: int) -> int:
    """Return the most batches there are of n examples in so many epochs."""
    return epochs * (n // size + 1)


def add_options(parser: argparse.ArgumentParser, defaults: "DataclassInstance") -> None:
    """Let each field of a dataclass of options be said on the command line."""
    for name, value in asdict(defaults).items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=type(value), default=value)
