"""Train a release on simulated motion: `python -m ml.train --out FOLDER --seed 0`.

Simulates people, trains the two-branch network, watches it on people held out, calibrates probabilities and
thresholds on others held out, trains the judge apart (other people, other seed), measures everything on
people that none of them saw, and writes the release whole or not at all. Interrupted, the same
command goes on after the last whole epoch. It trains on a GPU when there is one, with other random numbers
than on the CPU.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.optim.swa_utils import AveragedModel
from tqdm import tqdm

from ml.calibration import (
    fit_deviation,
    fitted_confidence,
    fitted_distance,
    fitted_leniency,
    fitted_temperature,
    measured_both_ways,
    run,
)
from ml.catalogue import CODES
from ml.checkpoint import Checkpoint
from ml.familiarity import Familiarity
from ml.judge import JudgeConfig, JudgeNetwork
from ml.losses import WEIGHTS, LossWeights, total_loss
from ml.manifest import LENIENCY, UNSEEN_PEOPLE, WITH_BASELINE
from ml.model import FeedbackNetwork, NetworkConfig, NetworkOutput, joined
from ml.optimising import Steps, add_options, batches, steps_of, training_device
from ml.release import TWO_BRANCH, Manifest, Release, ReleaseError, write_release
from ml.training_set import MOST_BASELINES, TrainingSet, simulate_training_set


@dataclass(frozen=True, kw_only=True)
class TrainingOptions:
    """All that the result depends on besides the code.

    Parameters
    ----------
    seed : int
        Of people, initial weights, order and dropout; 0 to 9.
    people : int
        Simulated people that each classification branch learns from, other ones than the others do. A
        twentieth as many are held out to watch the training, to calibrate and to measure, each; the judge
        has a quarter as many of its own. Who they are matters more than how often they are seen: many people
        in few epochs hold better on real ones than few in many.
    repetitions : int
        Of each class by each person.
    epochs, batch, learning_rate, hidden
        Of the two-branch network.
    judge_epochs : int
        Of the judge, which sees each repetition always alike.
    averaged : float
        Share of the epochs, the last ones, whose weights' mean is kept; 0 for the last epoch's.
    members : int
        Classification branches whose mean is what is said.
    dropout : float
        In what names the mistake.
    correction, at_fault, acceleration : float
        Weights of the correction beside the class: over all joints, where the true one moves them, and of
        shaking; see `ml.losses.LossWeights`. Lower than where only corrections are learned: what both
        branches share then serves the names, which hold better on people and sensors never simulated.
    workers : int
        Processes that simulate.
    threads : int
        Threads that train.
    """

    seed: int = 0
    people: int = 2000
    repetitions: int = 1
    epochs: int = 4
    batch: int = 64
    learning_rate: float = 2e-3
    hidden: int = 96
    judge_epochs: int = 16
    averaged: float = 0.5
    members: int = 3
    dropout: float = 0.2
    correction: float = 5.0
    at_fault: float = 5.0
    acceleration: float = WEIGHTS.acceleration
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
    device = training_device()
    people = _simulated(options, device)
    depends_on = asdict(options) | {"device": device.type}
    checkpoints = [Checkpoint.beside(out, depends_on, member) for member in range(options.members)]
    with device:
        parts = _trained(people, options, checkpoints)
    release = write_release(out, **parts)
    for checkpoint in checkpoints:
        checkpoint.remove()
    return release


class _People(NamedTuple):
    """Simulated people by what they are for; nobody is in two of them."""

    learned: list[TrainingSet]  # one a branch
    held_out: TrainingSet
    calibration: TrainingSet
    judged: TrainingSet
    unseen: TrainingSet


def _simulated(options: TrainingOptions, device: torch.device) -> _People:
    held = max(options.people // 20, 2)

    def simulated(part: int, people: int, what: str) -> TrainingSet:
        seed = options.seed * 10 + part
        examples = simulate_training_set(
            seed, people, options.repetitions, workers=options.workers, what=what
        )
        return examples.to(device)

    return _People(
        learned=simulated(0, options.members * options.people, "people to learn from").shared_out(
            options.members
        ),
        held_out=simulated(1, held, "people to watch by"),
        calibration=simulated(2, held, "people to calibrate by"),
        judged=simulated(3, max(options.people // 4, 4), "people of the judge"),
        unseen=simulated(4, held, "people to measure by"),
    )


def _trained(people: _People, options: TrainingOptions, checkpoints: Sequence[Checkpoint]) -> dict[str, Any]:
    """Return what `write_release` takes."""
    learned, held_out, calibration, judged, unseen = people
    network, course = train_members(network_config(options), learned, held_out, options, checkpoints)
    first = learned[0]
    fit_deviation(network, first)
    torch.manual_seed(options.seed + 1000)
    judge = train_judge(judged, options)
    familiarity = Familiarity(len(CODES), first.inputs.shape[1])
    familiarity.fit(first.visible.inputs, first.visible.labels)
    thresholds = {
        "unlike_training": fitted_distance(familiarity, calibration.visible),
        LENIENCY: fitted_leniency(judge, calibration),
    }
    temperatures = []
    for baseline, suffix in ((False, ""), (True, WITH_BASELINE)):
        examples = calibration if baseline else calibration.visible
        temperature = fitted_temperature(network, examples, baseline=baseline)
        thresholds[f"confidence{suffix}"] = fitted_confidence(
            network, examples, temperature, baseline=baseline
        )
        temperatures.append(temperature)
    metrics = measured_both_ways(network, judge, unseen, temperatures, thresholds)
    return {
        "network": network,
        "judge": judge,
        "familiarity": familiarity,
        "temperature": temperatures[0],
        "temperature_with_baseline": temperatures[1],
        "thresholds": thresholds,
        "metrics": metrics | {"training": asdict(options), "epochs": course},
        "trained_on": (
            f"simulated motion only: {options.members * options.people} people, "
            f"{sum(map(len, learned))} repetitions",
        ),
    }


def check_writable(out: Path) -> None:
    """Refuse a folder that exists or whose name is none for a release, before any work."""
    if out.exists():
        raise ReleaseError("exists", f"There is already a release {out.name!r}; choose another name.")
    Manifest(name=out.name, kind=TWO_BRANCH, network={"classes": CODES}, created="")


def train_members(
    config: NetworkConfig,
    learned: Sequence[TrainingSet],
    held_out: TrainingSet,
    options: TrainingOptions,
    checkpoints: Sequence[Checkpoint] = (),
) -> tuple[FeedbackNetwork, list[dict[str, float]]]:
    """Train the members of a network one after another, each on examples of its own, and join them.

    Members that learn from other people err less alike: what differs between trainings is, on real people,
    who was simulated. All are standardised by the first one's examples; the first learns to correct as well.
    Returns what `train_network` returns, the course of all members.
    """
    networks: list[FeedbackNetwork] = []
    course: list[dict[str, float]] = []
    for member, its_own in enumerate(learned):
        network = FeedbackNetwork(replace(config, n_members=1))
        if networks:
            scales = dict(networks[0].named_buffers(recurse=False))
            network.load_state_dict(scales, strict=False)
        else:
            network.standardise_by(its_own.inputs, its_own.changes, its_own.baseline())
        checkpoint = checkpoints[member] if checkpoints else None
        network, its_course = train_network(
            network, its_own, held_out, options, checkpoint, corrections=not networks
        )
        networks.append(network)
        course += its_course
    return joined(networks), course


def network_config(options: TrainingOptions) -> NetworkConfig:
    """Return how the network is built."""
    return NetworkConfig(
        classes=CODES,
        n_hidden=options.hidden,
        n_members=options.members,
        dropout=options.dropout,
        baseline=True,
        angles=True,
        deviation=True,
    )


def train_network(
    network: FeedbackNetwork,
    learned: TrainingSet,
    held_out: TrainingSet,
    options: TrainingOptions,
    checkpoint: Checkpoint | None = None,
    *,
    corrections: bool = True,
) -> tuple[FeedbackNetwork, list[dict[str, float]]]:
    """Train a network that is standardised, from where a checkpoint says that it was interrupted.

    Without `corrections` only what names the mistake learns, several times faster.

    Returns
    -------
    (FeedbackNetwork, list of dict)
        With the mean of its weights over the last epochs, which holds better on people and sensors that
        were never simulated (Izmailov et al., UAI 2018; Cha et al., NeurIPS 2021); and of each epoch the
        terms of the loss on `held_out` and the share that was named right, with the weights at its end.
    """
    weights = LossWeights(
        correction=options.correction, at_fault=options.at_fault, acceleration=options.acceleration
    )
    steps = Steps(
        network.trained_parameters(corrections=corrections),
        options.learning_rate,
        steps_of(len(learned), options.batch, options.epochs),
    )
    average = AveragedModel(network, use_buffers=True)
    stateful: dict[str, Any] = {
        "network": network,
        "average": average,
        "optimiser": steps.optimiser,
        "schedule": steps.schedule,
    }
    first_averaged = min(options.epochs - 1, round(options.epochs * (1 - options.averaged)))
    course: list[dict[str, float]] = []
    if checkpoint and (kept := checkpoint.load()):
        for name, part in stateful.items():
            part.load_state_dict(kept[name])
        course = kept["course"]
    left = range(len(course), options.epochs)
    progress = tqdm(left, "training", options.epochs, initial=len(course), unit="epoch")
    for epoch in progress:
        network.train()
        for which in batches(len(learned), options.batch):
            batch = learned.chosen(which).seen_otherwise().shaken()
            through = epoch / max(options.epochs - 1, 1)
            loss = batch_loss(network, batch, through, weights) if corrections else name_loss(network, batch)
            steps.take(loss)
            if epoch >= first_averaged:
                average.update_parameters(network)
        terms = _loss_on(network, held_out, weights if corrections else None)
        progress.set_postfix({name: f"{value:.3f}" for name, value in terms.items()})
        course.append({name: round(value, 4) for name, value in terms.items()})
        if checkpoint:
            states = {name: part.state_dict() for name, part in stateful.items()}
            checkpoint.save(course=course, **states)
    network.load_state_dict(average.module.state_dict())
    return network.eval(), course


def batch_loss(
    network: FeedbackNetwork, batch: TrainingSet, through: float, weights: LossWeights = WEIGHTS
) -> Tensor:
    """Return the loss of a batch; `through` is the share of the training that has passed."""
    # The true class is fed back less and less, drawn for each example by itself.
    taught = torch.rand(len(batch)) < 1 - through
    told = torch.where(taught, batch.labels, torch.full_like(batch.labels, -1))
    output = network(batch.inputs, label=told, baseline=_drawn_baselines(batch))
    return _terms(output, batch, weights)["total"]


def name_loss(network: FeedbackNetwork, batch: TrainingSet) -> Tensor:
    """Return the loss of what a batch is named."""
    return F.nll_loss(network.named(batch.inputs, baseline=_drawn_baselines(batch)), batch.labels)


def _drawn_baselines(batch: TrainingSet) -> Tensor:
    # Most have no baseline, as people who come for the first time; mild ones are told by it alone.
    compared = (torch.rand(len(batch)) < 0.4) | batch.mild
    return batch.baseline(torch.randint(1, MOST_BASELINES + 1, (len(batch),)) * compared)


def train_judge(judged: TrainingSet, options: TrainingOptions) -> JudgeNetwork:
    """Train the judge on its own people; it sees angles and distances, nothing of the other network."""
    judge = JudgeNetwork(JudgeConfig(classes=CODES))
    judged = judged.visible
    judge.standardise_by(judged.features)
    optimiser = torch.optim.AdamW(judge.parameters(), lr=2e-3, weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, options.judge_epochs)
    judge.train()
    for _ in tqdm(range(options.judge_epochs), desc="training the judge", unit="epoch"):
        for which in torch.randperm(len(judged)).split(options.batch):
            loss = F.nll_loss(judge(judged.features[which]), judged.labels[which])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        schedule.step()
    return judge.eval()


def _terms(output: NetworkOutput, batch: TrainingSet, weights: LossWeights) -> dict[str, Tensor]:
    known = torch.ones(len(batch), dtype=torch.bool)  # the true correction of simulated motion is known
    target = batch.inputs + batch.changes
    return total_loss(output, batch.labels, batch.inputs, target, known, batch.legs, weights)


def _loss_on(network: FeedbackNetwork, held: TrainingSet, weights: LossWeights | None) -> dict[str, float]:
    """Return the terms of the loss on people held out, the mean of with and without baseline.

    Without weights what is named alone.
    """
    network.eval()
    sums: dict[str, float] = {}
    for examples, baseline in ((held.visible, False), (held, True)):
        output = run(network, examples, baseline=baseline)
        terms = (
            {"classification": F.nll_loss(output.log_probabilities, examples.labels)}
            if weights is None
            else _terms(output, examples, weights)
        )
        right = (output.log_probabilities.argmax(1) == examples.labels).float().mean()
        for name, value in (terms | {"right": right}).items():
            sums[name] = sums.get(name, 0.0) + float(value) / 2
    return sums


def _options(arguments: Sequence[str] | None) -> tuple[TrainingOptions, Path]:
    parser = argparse.ArgumentParser(prog="python -m ml.train", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="new folder; its name is the release's")
    add_options(parser, TrainingOptions())
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
    for name, value in release.manifest.metrics[UNSEEN_PEOPLE].items():
        print(f"{name}: {value}")  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
