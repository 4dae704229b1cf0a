"""Teach how to correct anew, and keep what is named: `python -m ml.recorrect --base RELEASE --out FOLDER`.

Names want a short training, after which they hold best on people and sensors that were never simulated;
places in metres want a long one. So the correction branch of a release is trained by itself, on simulated
people, while everything that names the mistake, the judge and the thresholds stay as they are. What a release
was adapted to is told by `--data`: a quarter of each batch is then recorded, and led to the nearest correct
repetition of the same person, as in `ml.fine_tune`. What the branch leaves is then fitted, class by class, by
what is linear in the whole body (`ml.linear_correction`), on the simulated people alone.
"""

import argparse
import sys
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import torch
from tqdm import tqdm

from ml.calibration import measured_both_ways
from ml.catalogue import CODES, is_correct
from ml.datasets import DatasetError, LabelledRepetition, load
from ml.evaluate import chosen_release
from ml.fine_tune import RealExamples, mixed_loss, real_examples, seen_by_networks
from ml.inference import Predictor
from ml.linear_correction import N_MOVED_SLOWEST, LeastSquares, LinearCorrection, linear_inputs
from ml.manifest import UNSEEN_PEOPLE, WITH_BASELINE
from ml.model import CorrectionBranch, FeedbackNetwork
from ml.optimising import Steps, add_options, batches, steps_of, training_device
from ml.release import TWO_BRANCH, Release, ReleaseError, write_release
from ml.train import batch_loss, check_writable
from ml.training_set import MOST_BASELINES, TrainingSet, simulate_training_set

#: For so many simulated examples there is a recorded one, where there are any.
RECORDED_IN = 3
#: How the line of a release begins that says so.
ANEW = "corrections anew"


@dataclass(frozen=True, kw_only=True)
class CorrectionOptions:
    """All that the result depends on besides the base and the code; as `ml.train.TrainingOptions`.

    Parameters
    ----------
    people : int
        Whom the correction branch learns from.
    linear_people : int
        By whom what is linear is fitted: the same and others. It has more weights, and more people help it.
    """

    seed: int = 0
    people: int = 1000
    linear_people: int = 2000
    epochs: int = 12
    batch: int = 64
    learning_rate: float = 8e-3
    workers: int = 2
    threads: int = 1


def recorrect(
    base: Release, options: CorrectionOptions, out: Path, recorded: Sequence[LabelledRepetition] = ()
) -> Release:
    """Write the release `out`: `base` with a correction branch that was trained by itself.

    Parameters
    ----------
    base : Release
    options : CorrectionOptions
    out : Path
    recorded : sequence of LabelledRepetition
        Beside simulated people, with one label each; what the base has not learned from is left out.

    Raises
    ------
    ml.release.ReleaseError
        If the folder exists, its name is none for a release, or the base has other classes or has not learned
        from `recorded`; before any work.
    """
    check_writable(out)
    if base.kind != TWO_BRANCH or base.classes != CODES or base.judge is None:
        raise ReleaseError("unfit", f"{base.name!r} does not have the classes of the simulator and a judge.")
    recorded = learned_by(base, recorded)
    torch.set_num_threads(options.threads)
    device = training_device()
    simulated = [
        simulate_training_set(options.seed * 10 + part, people, 1, workers=options.workers, what=what)
        for part, people, what in (
            (0, max(options.people, options.linear_people), "people to learn from"),
            (4, max(options.people // 10, 2), "people to measure by"),
        )
    ]
    everybody, unseen = (people.to(device) for people in simulated)
    learned, fitted = (
        everybody.chosen(everybody.people - everybody.people[0] < people)
        for people in (options.people, options.linear_people)
    )
    real = real_examples(recorded, CODES, seen_by_networks(recorded)).to(device) if recorded else None
    manifest = base.manifest
    temperatures = manifest.temperature, manifest.temperature_with_baseline or manifest.temperature
    with device:
        torch.manual_seed(options.seed)
        network = uncorrecting(base.network).to(device)
        train_correction(network, learned, options, real)
        torch.manual_seed(options.seed)
        fit_linear_correction(network, fitted)
        judge = deepcopy(base.judge).to(device)
        metrics, of_learned = (
            measured_both_ways(network, judge, people, temperatures, manifest.thresholds)
            for people in (unseen, learned.chosen(torch.arange(min(len(learned), len(unseen)))))
        )
    # Beside the distance on people whom it never saw: whether more people to learn from would help.
    on_learned = {
        f"distance_on_learned_people{suffix}_m": of_learned[UNSEEN_PEOPLE + suffix][
            "distance_to_true_correction_m"
        ]
        for suffix in ("", WITH_BASELINE)
    }
    return write_release(
        out,
        network=network,
        judge=base.judge,
        familiarity=base.familiarity,
        temperature=manifest.temperature,
        temperature_with_baseline=manifest.temperature_with_baseline,
        thresholds=manifest.thresholds,
        metrics=manifest.metrics | metrics | {"correction": asdict(options) | on_learned},
        trained_on=(
            *(line for line in manifest.trained_on if not line.startswith(ANEW)),
            f"{ANEW} on simulated motion: {len(everybody.people.unique())} people, "
            f"{len(everybody)} repetitions"
            + (f", and {len(recorded)} recorded repetitions" if recorded else ""),
        ),
        learned_from=manifest.learned_from,
    )


def learned_by(base: Release, recorded: Sequence[LabelledRepetition]) -> list[LabelledRepetition]:
    """Return the repetitions that a release was adapted to; raises `unfit` where it was to none of them."""
    motions = {*base.manifest.learned_from.get("repetitions", ())}
    learned = [one for one in recorded if one.fingerprint in motions]
    if recorded and not learned:
        raise ReleaseError(
            "unfit", f"{base.name!r} has not learned from these recordings: adapt it to them first."
        )
    return learned


def train_correction(
    network: FeedbackNetwork,
    learned: TrainingSet,
    options: CorrectionOptions,
    real: RealExamples | None = None,
) -> None:
    """Train the correction branch, in place, all else as it is."""
    network.scale_changes_by(learned.changes)
    n_steps = steps_of(len(learned), options.batch, options.epochs)
    steps = Steps(network.correction.parameters(), options.learning_rate, n_steps)
    for epoch in tqdm(range(options.epochs), "training the corrections", unit="epoch"):
        network.eval()
        network.correction.train()
        for which in batches(len(learned), options.batch):
            batch = learned.chosen(which).shaken()
            if real is None:
                loss = batch_loss(network, batch.seen_otherwise(), epoch / options.epochs)
            else:
                loss = mixed_loss(network, real, len(which) // RECORDED_IN, batch)
            steps.take(loss)
    network.eval()


def uncorrecting(base: FeedbackNetwork) -> FeedbackNetwork:
    """Return a copy of a network whose corrections, by its branch and linear, change nothing yet."""
    network = deepcopy(base).requires_grad_(False)
    config = network.config = replace(base.config, n_linear=len(CODES))
    network.correction = CorrectionBranch(config)
    network.linear_correction = LinearCorrection(config.n_linear, config.n_seen, config.n_nodes)
    return network.eval()


def fit_linear_correction(network: FeedbackNetwork, learned: TrainingSet) -> None:
    """Fit, in place, what the correction branch leaves of simulated examples, without and with a baseline.

    Of each example as it was simulated and of another view of it, as the branch learned from.
    """
    linear = network.linear_correction
    in_turn = 1 + torch.arange(len(learned)) % MOST_BASELINES
    for maps, beside in ((linear.alone, False), (linear.beside, True)):
        fits = [LeastSquares(maps.inwards.shape[1], maps.offset.shape[1]) for _ in CODES]
        for which in tqdm(torch.arange(len(learned)).split(512), "fitting the corrections", unit="batch"):
            batch, counts = learned.chosen(which), in_turn[which] * beside
            if not beside:
                batch, counts = batch.visible, counts[~batch.mild]
            for view in (batch, batch.seen_otherwise().shaken()):
                baseline = view.baseline(counts)
                with torch.no_grad():
                    left = view.changes - network(view.inputs, label=view.labels, baseline=baseline).change
                    x = linear_inputs(network.features(view.inputs, baseline), beside=beside)
                y = left[..., :N_MOVED_SLOWEST].flatten(1)
                for label in view.labels.unique().tolist():
                    fits[label].add(x[view.labels == label], y[view.labels == label])
        for label, fit in enumerate(fits):
            maps.inwards[label], maps.outwards[label], maps.offset[label] = fit.fitted()


def accepted(release: Release, recorded: Sequence[LabelledRepetition]) -> str:
    """Say how many of the mistakes that it learned from a release corrects as its judge and checks accept."""
    mistakes = [one.sequence for one in learned_by(release, recorded) if not is_correct(one.labels[0])]
    corrections = [correction for _, correction in Predictor(release).predict(mistakes) if correction]
    return f"{sum(correction.verified for correction in corrections)} of {len(corrections)}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m ml.recorrect", description=__doc__)
    parser.add_argument("--base", help="name or folder of a release; else the default release")
    parser.add_argument("--data", action="append", default=[], help="what the base learned from")
    parser.add_argument("--out", type=Path, required=True, help="new folder; its name is the release's")
    add_options(parser, CorrectionOptions())
    chosen = vars(parser.parse_args(arguments))
    base, sources, out = chosen.pop("base"), chosen.pop("data"), chosen.pop("out")
    try:
        recorded = [one for source in sources for one in load(source) if len(one.labels) == 1]
        before = chosen_release(base)
        release = recorrect(before, CorrectionOptions(**chosen), out, recorded)
    except (DatasetError, ReleaseError) as error:
        print(error.message, file=sys.stderr)  # noqa: T201
        return 2
    for suffix in ("", WITH_BASELINE):
        for name, value in release.manifest.metrics[UNSEEN_PEOPLE + suffix].items():
            print(f"{name}{suffix}: {value}")  # noqa: T201
        name = f"distance_on_learned_people{suffix}_m"
        print(f"{name}: {release.manifest.metrics['correction'][name]}")  # noqa: T201
    if recorded:
        told = f"{accepted(before, recorded)} before, {accepted(release, recorded)} now"
        print(f"accepted corrections of the recorded, from which it learned: {told}")  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
