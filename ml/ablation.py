"""What each choice in the network and its training is worth: `python -m ml.ablation --data ec3d:FILE`.

Trains every variant on the same simulated people with the same seeds, much smaller than a release, and prints
one row each; further classification branches learn from other people, as in a release. Among the variants are
the published choices (2-D DCT, the likeliest class fed back).
"""

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from ml.calibration import fit_deviation, measured
from ml.catalogue import CODES
from ml.datasets import DatasetError, LabelledRepetition, load
from ml.dct import dct_basis
from ml.evaluate import evaluate
from ml.figures import macro_recall
from ml.model import FeedbackNetwork, GraphLayer, NetworkConfig, NetworkOutput
from ml.recorrect import fit_linear_correction
from ml.release import TWO_BRANCH, Manifest, Release
from ml.train import TrainingOptions, network_config, train_judge, train_members, train_network
from ml.training_set import TrainingSet, simulate_training_set


class TwoDimensional(FeedbackNetwork):
    """Sees and changes the DCT over time and over the rows of joints, as published."""

    def forward(
        self, x: Tensor, *, label: Tensor | None = None, baseline: Tensor | None = None
    ) -> NetworkOutput:
        rows = torch.as_tensor(dct_basis(x.shape[1], x.shape[1]).copy()).to(x)  # (N, N), orthonormal
        output = super().forward(
            rows @ x, label=label, baseline=None if baseline is None else rows @ baseline
        )
        return NetworkOutput(output.log_probabilities, rows.T @ output.change)

    def standardise_by(
        self, inputs: Tensor, changes: Tensor, baselines: Tensor | None = None, *, floor: float = 0.02
    ) -> None:
        rows = torch.as_tensor(dct_basis(inputs.shape[1], inputs.shape[1]).copy()).to(inputs)
        beside = None if baselines is None else rows @ baselines
        super().standardise_by(rows @ inputs, rows @ changes, beside, floor=floor)


class WithoutFeedback(FeedbackNetwork):
    """Tells the correction branch nothing of the class."""

    def _told(self, log_probabilities: Tensor, label: Tensor | None) -> Tensor:
        return torch.zeros_like(log_probabilities)


class Separate(FeedbackNetwork):
    """Two networks: the correction shares no layer with the classification."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__(config)
        self.of_correction = GraphLayer(config.n_seen, config.n_features, config.n_hidden)

    def forward(
        self, x: Tensor, *, label: Tensor | None = None, baseline: Tensor | None = None
    ) -> NetworkOutput:
        features = self.features(x, baseline)
        log_probabilities = self.classification(self.shared(features))
        told = self._told(log_probabilities, label)
        change = self.correction(self.of_correction(features), told)
        return NetworkOutput(log_probabilities, change * self.change_scale)


class AsSimulated(TrainingSet):
    """Examples that are seen alike in every epoch."""

    def seen_otherwise(self) -> Self:
        return self


class Steady(TrainingSet):
    """Examples that shake no more than they were simulated to."""

    def shaken(self) -> Self:
        return self


@dataclass(frozen=True)
class Variant:
    """One thing that is done otherwise.

    Parameters
    ----------
    name : str
    network : callable
        Makes the untrained network.
    examples : callable
        What is learned from, given the simulated examples.
    changed : dict
        Fields of `TrainingOptions`.
    """

    name: str
    network: Callable[[NetworkConfig], FeedbackNetwork] = FeedbackNetwork
    examples: Callable[[TrainingSet], TrainingSet] = lambda examples: examples
    changed: tuple[tuple[str, Any], ...] = ()

    @property
    def members(self) -> int:
        """How many classification branches it has, each with people of its own to learn from."""
        return int(dict(self.changed).get("members", 1))


def _with(kind: type[FeedbackNetwork], **fields: object) -> Callable[[NetworkConfig], FeedbackNetwork]:
    return lambda config: kind(replace(config, **fields))  # type: ignore[arg-type]


VARIANTS = (
    Variant("one classification branch, else as released"),
    Variant("several, as released", changed=(("members", TrainingOptions.members),)),
    Variant("how far from right weighed too, as released", _with(FeedbackNetwork, deviation=True)),
    Variant("what is linear fitted too, as released", _with(FeedbackNetwork, n_linear=len(CODES))),
    Variant("2-D DCT, as published", _with(TwoDimensional, angles=False)),
    Variant("likeliest class fed back, as published", _with(FeedbackNetwork, feedback="argmax")),
    Variant("nothing fed back", WithoutFeedback),
    Variant("separate networks", Separate),
    Variant("weights of the last epoch, not of the last half", changed=(("averaged", 0.0),)),
    Variant("no term for shaking", changed=(("acceleration", 0.0),)),
    Variant("no term for the joints at fault", changed=(("at_fault", 0.0),)),
    Variant("joints only, no angles", _with(FeedbackNetwork, angles=False)),
    Variant("no baseline", _with(FeedbackNetwork, baseline=False)),
    Variant("no mild mistakes", examples=lambda examples: examples.visible),
    Variant("no example shaking", examples=lambda examples: Steady(**vars(examples))),
    Variant("no example seen otherwise", examples=lambda examples: AsSimulated(**vars(examples))),
)

#: What is printed of a variant, in the order of the columns.
COLUMNS = ("macro cold", "macro with baseline", "off cm", "off cm with baseline", "at fault cm")


def run_variant(
    variant: Variant,
    learned: Sequence[TrainingSet],
    sets: dict[str, TrainingSet],
    data: dict[str, Sequence[LabelledRepetition]],
    options: TrainingOptions,
) -> dict[str, float]:
    """Train one variant with one seed; return `COLUMNS`, and for each source `SOURCE cold` and `baseline`."""
    torch.manual_seed(options.seed)
    chosen = replace(options, **dict(variant.changed))
    # What is weighed after a training would hide what the training gives.
    config = replace(network_config(chosen), deviation=False)
    shares = [variant.examples(share) for share in learned]
    if config.n_members > 1:
        network, _ = train_members(config, shares, sets["held_out"], chosen)
    else:
        first = shares[0]
        network = variant.network(config)
        network.standardise_by(first.inputs, first.changes, first.baseline())
        train_network(network, first, sets["held_out"], chosen)
    if network.config.deviation:
        fit_deviation(network, shares[0])
    if network.config.n_linear:
        fit_linear_correction(network, shares[0])
    judge = train_judge(sets["held_out"], replace(chosen, judge_epochs=2))
    cold, beside = (
        measured(network, judge, sets["unseen"].visible, 1.0, 0.0, baseline=baseline)
        for baseline in (False, True)
    )
    figures = {
        "macro cold": cold["macro_recall"],
        "macro with baseline": beside["macro_recall"],
        "off cm": 100 * cold["distance_to_true_correction_m"],
        "off cm with baseline": 100 * beside["distance_to_true_correction_m"],
        "at fault cm": 100 * cold["distance_at_fault_m"],
    }
    release = Release(
        Manifest(name="ablation", kind=TWO_BRANCH, network={"classes": network.config.classes}, created=""),
        network.eval(),
    )
    for source, repetitions in data.items():
        for situation, n_baseline in (("cold", 0), ("baseline", 3)):
            rows = evaluate(release, repetitions, n_baseline=n_baseline)
            figures[f"{source} {situation}"] = macro_recall(rows) or float("nan")
    return figures


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m ml.ablation", description=__doc__)
    parser.add_argument("--data", action="append", default=[], help="measure on this as well, as ml.evaluate")
    parser.add_argument("--people", type=int, default=200)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--hidden", type=int, default=TrainingOptions.hidden)
    parser.add_argument("--only", action="append", help="a variant's name; without it all")
    parser.add_argument("--json", type=Path, help="where to write every figure")
    given = parser.parse_args(arguments)
    try:
        data: dict[str, Sequence[LabelledRepetition]] = {
            source.partition(":")[0]: load(source) for source in given.data
        }
    except DatasetError as error:
        print(error.message, file=sys.stderr)  # noqa: T201
        return 2
    torch.set_num_threads(1)
    chosen = [variant for variant in VARIANTS if not given.only or variant.name in given.only]
    members = max((variant.members for variant in chosen), default=1)
    held = max(given.people // 4, 2)
    everybody, *others = (
        simulate_training_set(60 + i, people, 1, workers=2, what=what)
        for i, (what, people) in enumerate(
            (("learned", members * given.people), ("held out", held), ("unseen", held))
        )
    )
    learned, sets = everybody.shared_out(members), dict(zip(("held_out", "unseen"), others, strict=True))
    found: dict[str, list[dict[str, float]]] = {variant.name: [] for variant in chosen}
    for variant in tqdm(chosen, desc="variants", unit="variant"):
        for seed in range(given.seeds):
            options = TrainingOptions(seed=seed, epochs=given.epochs, hidden=given.hidden, members=1)
            found[variant.name].append(run_variant(variant, learned, sets, data, options))
    print(table(found))  # noqa: T201
    if given.json:
        given.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    return 0


def table(found: dict[str, list[dict[str, float]]]) -> str:
    """Return a Markdown table: the mean over the seeds of each figure, ± their standard deviation."""
    columns = list(next(iter(found.values()))[0])
    lines = ["| variant | " + " | ".join(columns) + " |", "|---" * (len(columns) + 1) + "|"]
    for name, runs in found.items():
        cells = []
        for column in columns:
            values = np.array([run[column] for run in runs])
            scale, digits = (1, 2) if "cm" in column else (100, 1)
            cells.append(f"{scale * values.mean():.{digits}f} ± {scale * values.std():.{digits}f}")
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
