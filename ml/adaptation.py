"""What an adaptation does to the parts of a release, and how far the result can be trusted.

A class that was learned from two repetitions cannot be measured on them. So each person is left out once, the
rest is learned anew, and the person left out is judged; where there is one person only, repetitions are.
"""

import math
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from copy import deepcopy
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from typing import Any, NamedTuple

import torch
from torch import Tensor

from ml.baseline import baseline_mean, mirrored
from ml.calibration import (
    fitted_confidence,
    fitted_leniency,
    fitted_temperature,
    measured_both_ways,
    temperature_of,
)
from ml.catalogue import CODES, exercise_of, is_correct
from ml.datasets import LabelledRepetition
from ml.deviation import same_exercise
from ml.familiarity import Familiarity
from ml.figures import Row, macro_interval, macro_recall
from ml.fine_tune import (
    FineTuning,
    RealExamples,
    Seen,
    fine_tune,
    fine_tune_judge,
    grown_familiarity,
    grown_judge,
    grown_network,
    nothing_forgotten,
    old_recall,
    partly_kept,
    real_examples,
    seen_by_networks,
)
from ml.judge import JudgeNetwork
from ml.manifest import LENIENCY, WITH_BASELINE
from ml.model import FeedbackNetwork
from ml.release import Release
from ml.training_set import MOST_BASELINES, TrainingSet, simulate_training_set

#: More people than this are left out several at a time, and so are repetitions.
MOST_FOLDS_OF_PEOPLE, MOST_FOLDS_OF_REPETITIONS = 8, 4
#: Repetitions of the place may be farther from the training motions than simulated ones, up to this often.
FARTHEST = 2.0


class Calibrated(NamedTuple):
    """The numbers of a release beside its weights."""

    temperature: float
    temperature_with_baseline: float
    thresholds: dict[str, float]


@dataclass(frozen=True)
class Adapted:
    """The parts of an adapted release, and what they were made from.

    `kept` is how much of what was learned remains after drawing back; `replay` the simulated examples seen
    again, `held` those by which forgetting is bounded and probabilities are calibrated. The recalls are on
    simulated people who had no part in it.
    """

    base: Release
    network: FeedbackNetwork
    judge: JudgeNetwork | None
    familiarity: Familiarity | None
    as_seen: Seen
    real: RealExamples
    replay: TrainingSet
    held: TrainingSet
    kept: float
    recall_before: float
    recall_after: float
    unseen: TrainingSet
    seed: int

    def forgotten(self) -> dict[str, Any]:
        """Return the figures of the classes that the release knew before."""
        return {
            "n": len(self.unseen),
            "macro_recall_before": round(self.recall_before, 4),
            "macro_recall": round(self.recall_after, 4),
        }

    def measured_again(self, calibrated: Calibrated) -> dict[str, Any]:
        """Return the figures that training gives, where no class was added and there is a judge."""
        if self.judge is None or self.network.config.classes != CODES:
            return {}
        temperatures = calibrated.temperature, calibrated.temperature_with_baseline
        return measured_both_ways(self.network, self.judge, self.unseen, temperatures, calibrated.thresholds)

    def calibrated(self, trust: "Trust") -> Calibrated:
        """Return temperatures and thresholds, of simulated people or, if less sure, of those left out."""
        temperatures, thresholds = [], dict(self.base.manifest.thresholds)
        for baseline, suffix in ((False, ""), (True, WITH_BASELINE)):
            logits = trust.log_probabilities_beside if baseline else trust.log_probabilities
            scored = trust.scored_beside if baseline else torch.ones_like(trust.scored_beside)
            held = self.held if baseline else self.held.visible
            temperature = fitted_temperature(self.network, held, baseline=baseline)
            if bool(scored.any()):
                temperature = max(temperature, temperature_of(logits[scored], trust.labels[scored]))
            temperatures.append(temperature)
            thresholds[f"confidence{suffix}"] = fitted_confidence(
                self.network, held, temperature, baseline=baseline
            )
        if trust.distances is not None and "unlike_training" in thresholds:
            usual = thresholds["unlike_training"]
            farther = 1.1 * float(torch.quantile(trust.distances, 0.95))
            thresholds["unlike_training"] = round(min(max(usual, farther), FARTHEST * usual), 3)
        if self.judge is not None:
            # The judge has seen none of the people whom the network saw again.
            thresholds[LENIENCY] = fitted_leniency(self.judge, self.replay)
        return Calibrated(temperatures[0], temperatures[1], thresholds)


@dataclass(frozen=True)
class Trust:
    """How people or repetitions left out were judged, S of them.

    Parameters
    ----------
    repetitions : sequence of LabelledRepetition
    classes : tuple of str
    labels : Tensor of int64, shape (S,)
    by_person : bool
        Whether people were left out, or repetitions of the one person there is.
    log_probabilities, log_probabilities_beside : Tensor, shape (S, M)
        Without and with baseline.
    scored_beside : Tensor of bool, shape (S,)
        Whether a repetition had a baseline and is not itself one.
    distances : Tensor, shape (S,), or None
        How unlike the training motions each is.
    """

    repetitions: Sequence[LabelledRepetition]
    classes: tuple[str, ...]
    labels: Tensor
    by_person: bool
    log_probabilities: Tensor
    log_probabilities_beside: Tensor
    scored_beside: Tensor
    distances: Tensor | None

    @property
    def kind(self) -> str:
        return "each_person_left_out" if self.by_person else "repetitions_left_out"

    @property
    def title(self) -> str:
        people = {repetition.person for repetition in self.repetitions}
        if self.by_person:
            return (
                f"Each person left out once, judged by what was learned from the others: "
                f"{len(people)} people, {len(self.labels)} repetitions"
            )
        return (
            f"All {len(self.labels)} repetitions are of ONE person: each was left out once and judged by "
            "what was learned from that person's others. This says nothing of other people."
        )

    @property
    def baseline_words(self) -> str:
        return f"up to {MOST_BASELINES} correct repetitions of the person"

    def rows(self, *, told: bool = False, baseline: bool = False) -> list[Row]:
        """Return one row for each repetition that is scored."""
        scores = self.log_probabilities_beside if baseline else self.log_probabilities
        if told or baseline:
            scores = scores.masked_fill(~same_exercise(self.classes)[self.labels], -torch.inf)
        scored = self.scored_beside.tolist() if baseline else [True] * len(self.labels)
        best = scores.argmax(1).tolist()
        return [
            Row(r.source, r.index, r.person, r.labels[0], self.classes[found], 0.0, False, 0.0, {})
            for r, found, counts in zip(self.repetitions, best, scored, strict=True)
            if counts
        ]

    def macro(self, *, told: bool = False, baseline: bool = False) -> float | None:
        return macro_recall(self.rows(told=told, baseline=baseline))

    def interval(self) -> list[float] | None:
        return macro_interval(self.rows())

    def by_class(self) -> Iterator[tuple[str, int, int, int, int, int]]:
        """Yield code, right, right if told the exercise, of how many; right with baseline, of how many."""
        alone, told, beside = self.rows(), self.rows(told=True), self.rows(baseline=True)
        for code in self.classes:
            mine, its, theirs = (
                [row.right for row in rows if row.label == code] for rows in (alone, told, beside)
            )
            if mine:
                yield code, sum(mine), sum(its), len(mine), sum(theirs), len(theirs)

    def figures(self) -> dict[str, Any]:
        """Return what is written into the release."""
        shares = {
            "macro_recall": self.macro(),
            "macro_recall_exercise_known": self.macro(told=True),
            "macro_recall_exercise_and_baseline_known": self.macro(baseline=True),
        }
        return {name: round(share, 4) for name, share in shares.items() if share is not None} | {
            "n": len(self.labels),
            "people": len({repetition.person for repetition in self.repetitions}),
            "recall_by_class": {code: round(right / n, 4) for code, right, _, n, _, _ in self.by_class()},
        }


def adapt_release(
    base: Release,
    learned: Sequence[LabelledRepetition],
    *,
    people: int,
    seed: int,
    tuning: FineTuning,
    workers: int,
) -> Adapted:
    """Grow and train the parts of a release; `learned` are repetitions with one label each."""
    new = sorted({repetition.labels[0] for repetition in learned} - set(base.classes))
    classes = (*base.classes, *new)
    as_seen = seen_by_networks(learned)
    real = real_examples(learned, classes, as_seen)

    def simulated(part: int, share: float, what: str) -> TrainingSet:
        # Numbers that training takes for none of its people at seeds 0 to 9: its parts end in 0 to 4.
        number = (seed % 10) * 10 + 5 + part
        return simulate_training_set(number, max(round(people * share), 1), 1, workers=workers, what=what)

    replay = simulated(0, 1.0, "people to see again")
    judged = simulated(1, 0.5, "people of the judge")
    held = simulated(2, 0.67, "people to bound forgetting by")
    unseen = simulated(3, 0.34, "people to measure by")
    torch.manual_seed(seed)
    grown = grown_network(base.network, classes, real)
    network = fine_tune(deepcopy(grown), real, replay, tuning)
    network, kept = nothing_forgotten(base.network, grown, network, held)
    judge = None
    if base.judge is not None:
        torch.manual_seed(seed + 1000)
        judge = fine_tune_judge(grown_judge(base.judge, classes), real, judged.visible, tuning)
    familiarity = None
    if base.familiarity is not None:
        familiarity = grown_familiarity(base.familiarity, real, len(classes))
    recalls = old_recall(base.network, unseen), old_recall(network, unseen)
    return Adapted(
        base, network, judge, familiarity, as_seen, real, replay, held, kept, *recalls, unseen, seed
    )


def trusted_for(
    adapted: Adapted, learned: Sequence[LabelledRepetition], *, tuning: FineTuning, workers: int
) -> Trust:
    """Leave each person out once, or repetitions of one person, and judge them by what the rest teaches.

    Drawn back as far as what was learned from all of them.
    """
    folds, by_person = left_out(learned)
    parts: list[Part]
    classes = adapted.network.config.classes
    with_others = partial(
        _judged, adapted.base, classes, adapted.replay, learned, adapted.as_seen, tuning, adapted.kept
    )
    jobs = [(fold, by_person, adapted.seed) for fold in folds]
    if workers > 1 and len(jobs) > 1:
        # Forked, a process could wait for ever for a lock that a thread of torch held.
        with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
            parts = list(pool.map(with_others, jobs))
    else:
        parts = [with_others(job) for job in jobs]
    order = torch.cat([torch.tensor(fold) for fold in folds]).argsort()
    distances = [part.distances for part in parts if part.distances is not None]
    return Trust(
        learned,
        classes,
        adapted.real.examples.labels,
        by_person,
        torch.cat([part.alone for part in parts])[order],
        torch.cat([part.beside for part in parts])[order],
        torch.cat([part.scored for part in parts])[order],
        torch.cat(distances)[order] if distances else None,
    )


def left_out(learned: Sequence[LabelledRepetition]) -> tuple[list[list[int]], bool]:
    """Return which repetitions are left out together, each once, and whether they are all of some people."""
    people = sorted({repetition.person for repetition in learned})
    folds: dict[int, list[int]] = {}
    seen: dict[str, int] = {}
    fewest = min(sum(r.labels == other.labels for other in learned) for r in learned)
    for i, repetition in enumerate(learned):
        if len(people) > 1:
            fold = people.index(repetition.person) % MOST_FOLDS_OF_PEOPLE
        else:
            # Neighbours in a recording are alike, so that a fold is a stretch of each class and no pattern.
            code = repetition.labels[0]
            n = sum(other.labels[0] == code for other in learned)
            fold = seen.get(code, 0) * min(MOST_FOLDS_OF_REPETITIONS, fewest) // n
            seen[code] = seen.get(code, 0) + 1
        folds.setdefault(fold, []).append(i)
    return [folds[fold] for fold in sorted(folds)], len(people) > 1


class Part(NamedTuple):
    """What was said of one fold: log-probabilities without and with baseline, whether scored, distances."""

    alone: Tensor
    beside: Tensor
    scored: Tensor
    distances: Tensor | None


def _judged(
    base: Release,
    classes: tuple[str, ...],
    replay: TrainingSet,
    learned: Sequence[LabelledRepetition],
    as_seen: Seen,
    tuning: FineTuning,
    kept: float,
    job: tuple[list[int], bool, int],
) -> Part:
    fold, by_person, seed = job
    torch.set_num_threads(1)
    torch.manual_seed(seed)
    rest = sorted({*range(len(learned))} - {*fold})
    chosen, others = ([learned[i] for i in part] for part in (fold, rest))
    inputs, of_others = as_seen.chosen(fold).inputs, as_seen.chosen(rest)
    real = real_examples(others, classes, of_others)
    grown = grown_network(base.network, classes, real)
    network = fine_tune(deepcopy(grown), real, replay, tuning, corrections=False)
    network.load_state_dict(partly_kept(grown, network, kept, len(base.classes)))
    known = (chosen, inputs) if by_person else (others, of_others.inputs)
    baselines, is_baseline = _told(chosen, inputs, *known)
    with torch.inference_mode():
        alone, beside = _said(network, inputs), _said(network, inputs, baselines)
        distances = None
        if base.familiarity is not None:
            distances = grown_familiarity(base.familiarity, real, len(classes))(inputs)
    return Part(alone, beside, baselines[:, 0, 0].isfinite() & ~is_baseline, distances)


def _said(network: FeedbackNetwork, x: Tensor, baseline: Tensor | None = None) -> Tensor:
    """Return log-probabilities as inference has them: the mean of a motion's and its mirror image's."""
    other = network.named(mirrored(x), baseline=None if baseline is None else mirrored(baseline))
    own = network.named(x, baseline=baseline)
    return torch.logaddexp(own, other) - math.log(2)


def _told(
    chosen: Sequence[LabelledRepetition],
    inputs: Tensor,
    known: Sequence[LabelledRepetition],
    of_known: Tensor,
) -> tuple[Tensor, Tensor]:
    """Return the baseline of each chosen repetition, NaN of none, and which of them serve as one."""
    beside = inputs.new_zeros((len(inputs), MOST_BASELINES, *inputs.shape[1:]))
    present = torch.zeros((len(inputs), MOST_BASELINES), dtype=torch.bool)
    serves = torch.zeros(len(inputs), dtype=torch.bool)
    for i, repetition in enumerate(chosen):
        exercise = exercise_of(repetition.labels[0])
        first = [
            j
            for j, other in enumerate(known)
            if other.person == repetition.person
            and is_correct(other.labels[0])
            and exercise_of(other.labels[0]) == exercise
        ][:MOST_BASELINES]
        beside[i, : len(first)], present[i, : len(first)] = of_known[first], True
        if known is chosen:
            serves[first] = True
    return baseline_mean(inputs, beside, present), serves
