"""What an interrupted training goes on from: one file beside the release to be, written after each epoch."""

import os
from pathlib import Path
from typing import Any

import torch


class Checkpoint:
    """The file of one training.

    Parameters
    ----------
    path : Path
    options : dict
        What the training depends on. A file that was written with others is not gone on from.
    """

    def __init__(self, path: Path, options: dict[str, Any]) -> None:
        self._path = path
        self._options = options

    @classmethod
    def beside(cls, out: Path, options: dict[str, Any], member: int) -> "Checkpoint":
        """Return that of one member's training for the release `out`."""
        return cls(out.parent / f".{out.name}.unfinished-{member}", options)

    def save(self, **state: Any) -> None:
        """Keep tensors and plain values, and the state of the random numbers, whole or not at all."""
        partial = self._path.with_name(f"{self._path.name}.{os.getpid()}")
        random = [torch.get_rng_state(), *torch.cuda.get_rng_state_all()]
        torch.save({"options": self._options, "random": random, **state}, partial)
        partial.replace(self._path)

    def load(self) -> dict[str, Any] | None:
        """Return what was kept last and set the random numbers as they were; None if there is nothing."""
        if not self._path.exists():
            return None
        state: dict[str, Any] = torch.load(self._path, map_location="cpu", weights_only=True)
        if state["options"] != self._options:
            return None
        of_cpu, *of_gpus = state["random"]
        torch.set_rng_state(of_cpu)
        torch.cuda.set_rng_state_all(of_gpus)
        return state

    def remove(self) -> None:
        """Delete the file, once the release is written."""
        self._path.unlink(missing_ok=True)
