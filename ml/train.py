"""Train a release on simulated motion: `python -m ml.train --out FOLDER --seed 0`.

Simulates people, trains the two-branch network, chooses its best epoch on people held out, calibrates
probabilities and thresholds on others held out, trains the judge apart (other people, other seed), measures
everything on people that none of them saw, and writes the release whole or not at all.
"""

import argparse
import sys
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.nn.utils import clip_grad_norm_
from tqdm import tqdm

from ml.catalogue import CODES, exercise_of, is_correct
from ml.familiarity import Familiarity
from ml.judge import JudgeConfig, JudgeNetwork
from ml.losses import LossWeights, correction_distance, total_loss
from ml.model import FeedbackNetwork, NetworkConfig, NetworkOutput
from ml.release import TWO_BRANCH, Manifest, Release, ReleaseError, write_release
from ml.training_set import TrainingSet, simulate_training_set

#: Simulated people are easier than real ones, so that what is enough for them is not enough.
LEAST_CONFIDENCE = 0.7


@dataclass(frozen=True, kw_only=True)
class TrainingOptions:
    """All that the result depends on besides the code.

    Parameters
    ----------
    seed : int
        Of people, initial weights, order and dropout; 0 to 9.
    people : int
        Simulated people to learn from. A tenth as many are held out to choose the epoch, to calibrate and
        to measure, each; the judge has half as many of its own.
    repetitions : int
        Of each class by each person.
    epochs, batch, learning_rate, hidden, dropout
        Of the two-branch network.
    correction : float
        Weight of the correction beside the class; see `ml.losses.LossWeights`.
    workers : int
        Processes that simulate.
    threads : int
        Threads that train.
    """

    seed: int = 0
    people: int = 1100
    repetitions: int = 1
    epochs: int = 10
    batch: int = 64
    learning_rate: float = 2e-3
    hidden: int = 96
    dropout: float = 0.0
    correction: float = 25.0
    workers: int = 2
    threads: int = 1


def train(options: TrainingOptions, out: Path) -> Release:
    """Train a release and write it to the new folder `out`.

    Raises
    ------
    ml.release.ReleaseError
        If the folder exists or its name is none for a release; before any work.
    """
    check_writable(out)
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    held = max(options.people // 10, 2)

    def simulated(part: int, people: int, what: str) -> TrainingSet:
        seed = options.seed * 10 + part
        return simulate_training_set(seed, people, options.repetitions, workers=options.workers, what=what)

    learned = simulated(0, options.people, "people to learn from")
    selection = simulated(1, held, "people to choose by")
    calibration = simulated(2, held, "people to calibrate by")
    judged = simulated(3, max(options.people // 2, 4), "people of the judge")
    unseen = simulated(4, held, "people to measure by")

    network = train_network(learned, selection, options)
    torch.manual_seed(options.seed + 1000)
    judge = train_judge(judged, options)
    familiarity = Familiarity(len(CODES), learned.inputs.shape[1])
    familiarity.fit(learned.inputs, learned.labels)
    temperature = fitted_temperature(network, calibration)
    thresholds = fitted_thresholds(network, familiarity, calibration, temperature)
    return write_release(
        out,
        network=network,
        judge=judge,
        familiarity=familiarity,
        temperature=temperature,
        thresholds=thresholds,
        metrics={
            "unseen_simulated_people": measured(network, judge, unseen, temperature, thresholds),
            "training": asdict(options),
        },
        trained_on=(f"simulated motion only: {options.people} people, {len(learned)} repetitions",),
    )


def check_writable(out: Path) -> None:
    """Refuse a folder that exists or whose name is none for a release, before any work."""
    if out.exists():
        raise ReleaseError("exists", f"There is already a release {out.name!r}; choose another name.")
    Manifest(name=out.name, kind=TWO_BRANCH, network={"classes": CODES}, created="")


def train_network(learned: TrainingSet, selection: TrainingSet, options: TrainingOptions) -> FeedbackNetwork:
    """Train the two-branch network; of all epochs the one with the least loss on `selection` is returned."""
    config = NetworkConfig(classes=CODES, n_hidden=options.hidden, dropout=options.dropout)
    network = FeedbackNetwork(config)
    network.standardise_by(learned.inputs)
    weights = LossWeights(correction=options.correction)
    optimiser = torch.optim.AdamW(network.parameters(), lr=options.learning_rate, weight_decay=1e-2)
    steps = options.epochs * (len(learned) // options.batch + 1)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, options.learning_rate, total_steps=steps)
    best, least = deepcopy(network.state_dict()), float("inf")
    progress = tqdm(range(options.epochs), desc="training", unit="epoch")
    for epoch in progress:
        network.train()
        for which in torch.randperm(len(learned)).split(options.batch):
            if len(which) < 2:
                continue  # batch normalisation needs two
            batch = learned.chosen(which)
            # The true class is fed back less and less, drawn for each example by itself.
            taught = torch.rand(len(batch)) < 1 - epoch / max(options.epochs - 1, 1)
            told = torch.where(taught, batch.labels, torch.full_like(batch.labels, -1))
            output = network(batch.inputs, label=told)
            loss = _terms(output, batch, weights)["total"]
            optimiser.zero_grad()
            loss.backward()
            clip_grad_norm_(network.parameters(), 1.0)
            optimiser.step()
            schedule.step()
        held_out = _loss_on(network, selection, weights)
        progress.set_postfix({name: f"{value:.3f}" for name, value in held_out.items()})
        if held_out["total"] < least:
            best, least = deepcopy(network.state_dict()), held_out["total"]
    network.load_state_dict(best)
    return network.eval()


def train_judge(judged: TrainingSet, options: TrainingOptions) -> JudgeNetwork:
    """Train the judge on its own people; it sees angles and distances, nothing of the other network."""
    judge = JudgeNetwork(JudgeConfig(classes=CODES))
    judge.standardise_by(judged.features)
    epochs = max(options.epochs, 2)
    optimiser = torch.optim.AdamW(judge.parameters(), lr=2e-3, weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, epochs)
    judge.train()
    for _ in tqdm(range(epochs), desc="training the judge", unit="epoch"):
        for which in torch.randperm(len(judged)).split(options.batch):
            loss = F.nll_loss(judge(judged.features[which]), judged.labels[which])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        schedule.step()
    return judge.eval()


def fitted_temperature(network: FeedbackNetwork, calibration: TrainingSet) -> float:
    """Return what to divide log-probabilities by so that probabilities fit what happens (Guo et al. 2017)."""
    logits = _log_probabilities(network, calibration)
    candidates = torch.logspace(-0.7, 0.9, 161)
    losses = torch.stack([F.cross_entropy(logits / t, calibration.labels) for t in candidates])
    return float(candidates[losses.argmin()])


def fitted_thresholds(
    network: FeedbackNetwork, familiarity: Familiarity, calibration: TrainingSet, temperature: float
) -> dict[str, float]:
    """Return under which probability and above which distance the release abstains.

    The confidence is the least at which 97 % of the kept findings on the held-out people are right, but at
    least `LEAST_CONFIDENCE`; the distance is one and a half times what 1 of 200 simulated ones exceeds.
    """
    confidence, guess = _probabilities(network, calibration, temperature).max(1)
    right = (guess == calibration.labels).float()
    least = LEAST_CONFIDENCE
    for threshold in torch.arange(LEAST_CONFIDENCE, 0.96, 0.01):
        kept = confidence >= threshold
        least = float(threshold)
        if kept.any() and right[kept].mean() >= 0.97:
            break
    distances = familiarity(calibration.inputs)
    return {
        "confidence": round(least, 3),
        "unlike_training": round(1.5 * float(torch.quantile(distances, 0.995)), 3),
    }


def measured(
    network: FeedbackNetwork,
    judge: JudgeNetwork,
    unseen: TrainingSet,
    temperature: float,
    thresholds: dict[str, float],
) -> dict[str, Any]:
    """Return the figures on simulated people that neither network saw."""
    probabilities = _probabilities(network, unseen, temperature)
    confidence, guess = probabilities.max(1)
    right = guess == unseen.labels
    with torch.inference_mode():
        change = torch.cat([network(part).change for part in unseen.inputs.split(256)])
        judged = torch.cat([judge(part).argmax(1) for part in unseen.features.split(256)])
    distance = correction_distance(change, unseen.changes, unseen.legs)
    before = correction_distance(torch.zeros_like(change), unseen.changes, unseen.legs)
    wrong = torch.tensor([not is_correct(code) for code in CODES])[unseen.labels]
    by_class = {code: right[unseen.labels == i].float().mean().item() for i, code in enumerate(CODES)}
    kept = confidence >= thresholds["confidence"]
    known = _within_exercise(probabilities, unseen.labels)
    figures = {
        "macro_recall": sum(by_class.values()) / len(CODES),
        "macro_recall_exercise_known": _macro(known == unseen.labels, unseen.labels),
        "judge_macro_recall": _macro(judged == unseen.labels, unseen.labels),
        "kept": kept.float().mean().item(),
        "kept_right": right[kept].float().mean().item(),
        "calibration_error": _calibration_error(confidence, right),
        "distance_to_true_correction_m": distance[wrong].mean().item(),
        "distance_before_m": before[wrong].mean().item(),
        "change_of_correct_m": distance[~wrong].mean().item(),
    }
    rounded = {name: round(value, 4) for name, value in figures.items()}
    return rounded | {
        "n": len(unseen),
        "people": len(unseen.people.unique()),
        "recall_by_class": {code: round(value, 4) for code, value in by_class.items()},
    }


def _within_exercise(probabilities: Tensor, labels: Tensor) -> Tensor:
    """Return the likeliest class among those of the true exercise."""
    exercises = [exercise_of(code) for code in CODES]
    same = torch.tensor([[a == b for b in exercises] for a in exercises])  # (M, M)
    return torch.where(same[labels], probabilities, 0).argmax(1)


def _macro(right: Tensor, labels: Tensor) -> float:
    return sum(right[labels == i].float().mean().item() for i in range(len(CODES))) / len(CODES)


def _calibration_error(confidence: Tensor, right: Tensor, bins: int = 10) -> float:
    """Expected calibration error over equal bins of probability."""
    place = (confidence * bins).long().clamp_max(bins - 1)
    error = 0.0
    for i in range(bins):
        inside = place == i
        if inside.any():
            gap = (confidence[inside].mean() - right[inside].float().mean()).abs()
            error += float(gap) * float(inside.float().mean())
    return error


def _terms(output: NetworkOutput, batch: TrainingSet, weights: LossWeights) -> dict[str, Tensor]:
    known = torch.ones(len(batch), dtype=torch.bool)  # the true correction of simulated motion is known
    target = batch.inputs + batch.changes
    return total_loss(output, batch.labels, batch.inputs, target, known, batch.legs, weights)


def _loss_on(network: FeedbackNetwork, held: TrainingSet, weights: LossWeights) -> dict[str, float]:
    network.eval()
    sums: dict[str, float] = {}
    right = 0.0
    with torch.inference_mode():
        for which in torch.arange(len(held)).split(256):
            batch = held.chosen(which)
            output = network(batch.inputs)
            terms = _terms(output, batch, weights)
            for name, value in terms.items():
                sums[name] = sums.get(name, 0.0) + float(value) * len(batch)
            right += float((output.log_probabilities.argmax(1) == batch.labels).sum())
    return {name: value / len(held) for name, value in sums.items()} | {"right": right / len(held)}


def _log_probabilities(network: FeedbackNetwork, held: TrainingSet) -> Tensor:
    with torch.inference_mode():
        return torch.cat([network(part).log_probabilities for part in held.inputs.split(256)])


def _probabilities(network: FeedbackNetwork, held: TrainingSet, temperature: float) -> Tensor:
    return F.softmax(_log_probabilities(network, held) / temperature, dim=1)


def _options(arguments: Sequence[str] | None) -> tuple[TrainingOptions, Path]:
    parser = argparse.ArgumentParser(prog="python -m ml.train", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="new folder; its name is the release's")
    for name, value in asdict(TrainingOptions()).items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=type(value), default=value)
    chosen = vars(parser.parse_args(arguments))
    out = chosen.pop("out")
    return TrainingOptions(**chosen), out


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit status."""
    options, out = _options(arguments)
    try:
        release = train(options, out)
    except ReleaseError as error:
        print(error.message, file=sys.stderr)  # noqa: T201
        return 2
    for name, value in release.manifest.metrics["unseen_simulated_people"].items():
        print(f"{name}: {value}")  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
