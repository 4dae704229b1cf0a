"""What probabilities of a trained network are worth: temperature, thresholds, and figures on unseen people.

All of it once without and once with the person's baseline: with it a network knows more and errs otherwise.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from ml.catalogue import CODES, EXERCISES, correct_code, is_correct
from ml.deviation import N_SLOWEST, OTHERS, OWN, same_exercise
from ml.familiarity import Familiarity
from ml.judge import JudgeNetwork
from ml.losses import correction_distance
from ml.manifest import UNSEEN_PEOPLE, WITH_BASELINE
from ml.model import FeedbackNetwork, NetworkOutput
from ml.simulate import JOINTS_AT_FAULT
from ml.skeletons import EC3D_19
from ml.training_set import MOST_BASELINES, TrainingSet

#: Simulated people are easier than real ones, so that what is enough for them is not enough.
LEAST_CONFIDENCE = 0.7
#: A judge accepts so many of what is correct: it refuses what is surely not.
ACCEPTED = 0.98


def fit_deviation(network: FeedbackNetwork, learned: TrainingSet, *, floor: float = 0.02) -> None:
    """Measure, in place, what is right in each exercise and how far from it the network's classes are.

    On the people that it learned from; with one, two or three baselines in turn, and there on mild mistakes
    too. `floor` is the least spread of a coefficient, in leg lengths and radians.
    """
    deviation, visible = network.deviation, learned.visible
    for exercise in EXERCISES:
        right = CODES.index(correct_code(exercise))
        courses = network.seen(visible.inputs[visible.labels == right])[..., :N_SLOWEST]
        of_exercise = same_exercise(CODES)[right]
        deviation.centre[of_exercise] = courses.mean(0)
        deviation.scale[of_exercise] = courses.std(0).clamp_min(floor)
    in_turn = learned.baseline(1 + torch.arange(len(learned)) % MOST_BASELINES)
    alone = torch.full_like(visible.inputs, torch.nan)
    for row, examples, baselines in ((OTHERS, visible, alone), (OWN, learned, in_turn)):
        parts = zip(examples.inputs.split(1024), baselines.split(1024), strict=True)
        distances = torch.cat([network.distances(x, baseline)[0] for x, baseline in parts])
        of_class = [distances[examples.labels == i, i] for i in range(len(deviation.classes))]
        means, spreads = zip(*((d.mean(), d.std()) for d in of_class), strict=True)
        deviation.expect(row, torch.stack(means), torch.stack(spreads))


def fitted_temperature(
    network: FeedbackNetwork, calibration: TrainingSet, *, baseline: bool = False
) -> float:
    """Return what to divide log-probabilities by so that probabilities fit what happens (Guo et al. 2017)."""
    return temperature_of(run(network, calibration, baseline=baseline).log_probabilities, calibration.labels)


def temperature_of(log_probabilities: Tensor, labels: Tensor) -> float:
    """Return the same for log-probabilities (B, M) and the true labels (B,)."""
    candidates = torch.logspace(-0.7, 0.9, 161)
    losses = torch.stack([F.cross_entropy(log_probabilities / t, labels) for t in candidates])
    return float(candidates[losses.argmin()])


def fitted_confidence(
    network: FeedbackNetwork, calibration: TrainingSet, temperature: float, *, baseline: bool = False
) -> float:
    """Return under which probability the release abstains.

    The least at which 97 % of the kept findings on the held-out people are right, but at least
    `LEAST_CONFIDENCE`.
    """
    logits = run(network, calibration, baseline=baseline).log_probabilities
    confidence, guess = F.softmax(logits / temperature, dim=1).max(1)
    right = (guess == calibration.labels).float()
    least = LEAST_CONFIDENCE
    for threshold in torch.arange(LEAST_CONFIDENCE, 0.96, 0.01):
        kept = confidence >= threshold
        least = float(threshold)
        if kept.any() and right[kept].mean() >= 0.97:
            break
    return round(least, 3)


def fitted_leniency(judge: JudgeNetwork, calibration: TrainingSet) -> float:
    """Return what to add to the judge's log-probabilities of correct classes.

    So that it accepts `ACCEPTED` of the correct repetitions of people held out. It learned from eight
    mistakes to three correct classes, and so would turn down every tenth true correction.
    """
    correct = torch.tensor([is_correct(code) for code in CODES])
    visible = calibration.visible
    visible = visible.chosen(correct[visible.labels])
    with torch.inference_mode():
        scores = judge(visible.features)[:, : len(CODES)]  # (S, M)
    own = scores.gather(1, visible.labels[:, None])[:, 0]
    behind = scores.masked_fill(correct, -torch.inf).amax(1) - own
    return round(max(float(torch.quantile(behind, ACCEPTED)), 0.0), 3)


def fitted_distance(familiarity: Familiarity, calibration: TrainingSet) -> float:
    """Return how unlike anything simulated a repetition may be: 1.5 times what 1 of 200 simulated exceeds."""
    return round(1.5 * float(torch.quantile(familiarity(calibration.inputs), 0.995)), 3)


def measured(
    network: FeedbackNetwork,
    judge: JudgeNetwork,
    unseen: TrainingSet,
    temperature: float,
    least_confidence: float,
    *,
    baseline: bool = False,
) -> dict[str, Any]:
    """Return the figures on simulated people that neither network saw.

    Corrections are the network's own change, before limbs and contacts are enforced, of mistakes only;
    `at_fault` is over the joints that the mistake moves.
    """
    output = run(network, unseen, baseline=baseline)
    probabilities = F.softmax(output.log_probabilities / temperature, dim=1)
    confidence, guess = probabilities.max(1)
    right = guess == unseen.labels
    with torch.inference_mode():
        judged = torch.cat([judge(part).argmax(1) for part in unseen.features.split(256)])
    none = torch.zeros_like(output.change)
    wrong = torch.tensor([not is_correct(code) for code in CODES])[unseen.labels]
    by_class = {code: right[unseen.labels == i].float().mean().item() for i, code in enumerate(CODES)}
    kept = confidence >= least_confidence
    known = _within_exercise(probabilities, unseen.labels)
    off = correction_distance(output.change, unseen.changes, unseen.legs)
    figures = {
        "macro_recall": sum(by_class.values()) / len(CODES),
        "macro_recall_exercise_known": macro(known == unseen.labels, unseen.labels),
        "judge_macro_recall": macro(judged == unseen.labels, unseen.labels),
        "kept": kept.float().mean().item(),
        "kept_right": right[kept].float().mean().item(),
        "calibration_error": _calibration_error(confidence, right),
        "distance_to_true_correction_m": off[wrong].mean().item(),
        "distance_before_m": correction_distance(none, unseen.changes, unseen.legs)[wrong].mean().item(),
        "distance_at_fault_m": _off_at_fault(output.change, unseen),
        "distance_at_fault_before_m": _off_at_fault(none, unseen),
        "change_of_correct_m": off[~wrong].mean().item(),
    }
    rounded = {name: round(value, 4) for name, value in figures.items()}
    return rounded | {
        "n": len(unseen),
        "people": len(unseen.people.unique()),
        "recall_by_class": {code: round(value, 4) for code, value in by_class.items()},
    }


def measured_both_ways(
    network: FeedbackNetwork,
    judge: JudgeNetwork,
    unseen: TrainingSet,
    temperatures: Sequence[float],
    thresholds: Mapping[str, float],
) -> dict[str, Any]:
    """Return the figures without and with a baseline, by the names that a release gives them."""
    return {
        f"{UNSEEN_PEOPLE}{suffix}": measured(
            network,
            judge,
            unseen.visible,
            temperature,
            thresholds[f"confidence{suffix}"],
            baseline=bool(suffix),
        )
        for temperature, suffix in zip(temperatures, ("", WITH_BASELINE), strict=True)
    }


def run(network: FeedbackNetwork, held: TrainingSet, *, baseline: bool) -> NetworkOutput:
    """Run a network on examples, each with all of its baselines or with none."""
    baselines = held.baseline() if baseline else torch.full_like(held.inputs, torch.nan)
    with torch.inference_mode():
        parts = [
            network(x, baseline=b) for x, b in zip(held.inputs.split(256), baselines.split(256), strict=True)
        ]
    return NetworkOutput(*(torch.cat(tensors) for tensors in zip(*parts, strict=True)))


def _off_at_fault(change: Tensor, unseen: TrainingSet) -> float:
    """Mean distance over the joints at fault, each mistake alike, metres."""
    total = []
    for i, code in enumerate(CODES):
        of_class = unseen.labels == i
        if is_correct(code) or not of_class.any():
            continue
        joints = [EC3D_19.index(joint) for joint in JOINTS_AT_FAULT[code]]
        total.append(
            correction_distance(
                change[of_class], unseen.changes[of_class], unseen.legs[of_class], joints=joints
            )
        )
    return torch.cat(total).mean().item()


def _within_exercise(probabilities: Tensor, labels: Tensor) -> Tensor:
    """Return the likeliest class among those of the true exercise."""
    return torch.where(same_exercise(CODES)[labels], probabilities, 0).argmax(1)


def macro(right: Tensor, labels: Tensor) -> float:
    """Return the mean, over the classes that there are, of the share that was right."""
    of_class = [right[labels == label].float().mean().item() for label in labels.unique()]
    return sum(of_class) / len(of_class)


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
