"""Grow a release by classes, and train it on a few labelled real repetitions beside simulated ones.

The simulated examples keep what the release knew (replay: Rebuffi et al., CVPR 2017); the real ones are seen
otherwise at each step, as in training, so that two of them are not learned by heart. Where the networks then
do worse on simulated people than before, their weights are drawn back towards those of the base (Wortsman et
al., CVPR 2022), just so far that nothing is forgotten.
"""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, fields, replace
from typing import NamedTuple, TypeVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim.swa_utils import AveragedModel

from ml.baseline import mirrored
from ml.calibration import macro, run
from ml.catalogue import EXERCISES, exercise_of, is_correct
from ml.datasets import LabelledRepetition
from ml.deviation import N_SLOWEST, OTHERS, OWN, Deviation, log_distance, taught
from ml.discriminant import fitted
from ml.encoding import encode, leg_length
from ml.familiarity import N_SLOW, Familiarity
from ml.judge import JudgeNetwork, judge_features
from ml.losses import WEIGHTS, total_loss
from ml.model import ClassificationBranch, FeedbackNetwork, NetworkOutput
from ml.optimising import Steps
from ml.training_set import MOST_BASELINES, TrainingSet

#: A network may lose this much of its macro recall on simulated people.
MOST_FORGOTTEN = 0.01
#: How often each real repetition is seen otherwise when its class's place among all motions is measured.
VIEWS = 16

Part = TypeVar("Part", bound=nn.Module)


@dataclass(frozen=True, kw_only=True)
class FineTuning:
    """How a release is trained further.

    Parameters
    ----------
    steps : int
        Batches; 0 for as many as the number of real repetitions asks for.
    batch : int
    real_share : float
        Of each batch; the rest is simulated.
    learning_rate : float
        The largest; it rises to it and falls again.
    strength : float
        How much of the way from the base's weights to those learned is gone. All of it is best for this
        place, half of it for other places (Wortsman et al., CVPR 2022).
    """

    steps: int = 0
    batch: int = 64
    real_share: float = 0.5
    learning_rate: float = 2e-3
    strength: float = 1.0

    def steps_for(self, n_real: int) -> int:
        """Return how many steps so many repetitions are worth: too many of few learns them by heart."""
        return self.steps or min(60 + n_real // 2, 500)


@dataclass(frozen=True)
class RealExamples:
    """Labelled real repetitions as a network is trained on them, S of them.

    Parameters
    ----------
    examples : TrainingSet
        `changes` lead to the nearest correct repetition: of the same person where there is one.
    counts : Tensor of int64, shape (S,)
        How many baselines each has: other correct repetitions of the same person and exercise.
    is_truth : Tensor of bool, shape (S,)
        Whether the change is the true correction; it is of correct repetitions, which stay as they are.
    """

    examples: TrainingSet
    counts: Tensor
    is_truth: Tensor

    def __len__(self) -> int:
        return len(self.counts)

    def to(self, device: torch.device) -> "RealExamples":
        return RealExamples(self.examples.to(device), self.counts.to(device), self.is_truth.to(device))

    def chosen(self, which: Tensor) -> "RealExamples":
        return RealExamples(self.examples.chosen(which), self.counts[which], self.is_truth[which])


class Seen(NamedTuple):
    """Repetitions as the networks see them: inputs (S, 57, K), features (S, D), legs (S,) in metres."""

    inputs: Tensor
    features: Tensor
    legs: Tensor

    def chosen(self, which: Sequence[int]) -> "Seen":
        return Seen(*(values[list(which)] for values in self))


def seen_by_networks(repetitions: Sequence[LabelledRepetition]) -> Seen:
    """Encode and measure repetitions."""
    sequences = [repetition.sequence for repetition in repetitions]
    return Seen(
        torch.from_numpy(encode(sequences)),
        torch.from_numpy(np.stack([judge_features(sequence) for sequence in sequences])),
        torch.tensor([leg_length(sequence.positions) for sequence in sequences], dtype=torch.float32),
    )


def real_examples(
    repetitions: Sequence[LabelledRepetition], classes: Sequence[str], as_seen: Seen
) -> RealExamples:
    """Return labelled repetitions, each with one label, as examples for training.

    Parameters
    ----------
    repetitions : sequence of LabelledRepetition
        All that may be known: baselines and nearest correct repetitions are chosen among them.
    classes : sequence of str
        Their places are the labels.
    as_seen : Seen
        The same repetitions.
    """
    codes = [repetition.labels[0] for repetition in repetitions]
    inputs = as_seen.inputs
    exercises = np.array([exercise_of(code) for code in codes])
    names = sorted({repetition.person for repetition in repetitions})
    people = np.array([names.index(repetition.person) for repetition in repetitions])
    correct = np.array([is_correct(code) for code in codes])
    baselines = inputs.new_zeros((len(inputs), MOST_BASELINES, *inputs.shape[1:]))
    counts = torch.zeros(len(inputs), dtype=torch.long)
    changes = torch.zeros_like(inputs)
    for i, exercise in enumerate(exercises):
        alike = correct & (exercises == exercise)
        alike[i] = False
        own = np.flatnonzero(alike & (people == people[i]))
        # Not always the same ones: the next few in the order of the data, round and round.
        told = np.roll(own, -int(np.searchsorted(own, i)))[:MOST_BASELINES]
        baselines[i, : len(told)], counts[i] = inputs[told], len(told)
        others = own if len(own) else np.flatnonzero(alike)
        if not correct[i] and len(others):
            changes[i] = nearest(inputs[i], inputs[others]) - inputs[i]
    examples = TrainingSet(
        inputs=inputs,
        features=as_seen.features,
        labels=torch.tensor([classes.index(code) for code in codes]),
        changes=changes,
        legs=as_seen.legs,
        people=torch.from_numpy(people),
        baselines=baselines,
        mild=torch.zeros(len(codes), dtype=torch.bool),
    )
    return RealExamples(examples, counts, torch.from_numpy(correct))


def nearest(motion: Tensor, others: Tensor) -> Tensor:
    """Return which of encoded motions (S, 57, K), or of their mirror images, is nearest to one (57, K)."""
    images = torch.cat([others, mirrored(others)])
    return images[(images - motion).square().sum((1, 2)).argmin()]


def grown_network(base: FeedbackNetwork, classes: tuple[str, ...], real: RealExamples) -> FeedbackNetwork:
    """Return the network with outputs for more classes; those it had come first, and keep their weights.

    What is right in a new exercise, how far from right its classes are, and where, is measured on the real
    examples.
    """
    discriminant = base.config.deviation and bool(taught(classes).any())
    grown = _grown(base, FeedbackNetwork(replace(base.config, classes=classes, discriminant=discriminant)))
    if base.config.deviation:
        _measure_deviation(grown, base.deviation, real)
    if discriminant:
        _fit_discriminant(grown, real)
    return grown


def grown_judge(base: JudgeNetwork, classes: tuple[str, ...]) -> JudgeNetwork:
    """Return the judge with outputs for more classes, as `grown_network`."""
    return _grown(base, JudgeNetwork(replace(base.config, classes=classes)))


def grown_familiarity(base: Familiarity, real: RealExamples, n_classes: int) -> Familiarity:
    """Return familiarity with real examples too.

    A class that was known becomes wider: half simulated, half of this place. Of a new one the spread among
    the few that were seen is too small; half of the usual spread within a class is added.
    """
    grown = Familiarity(n_classes, base.mean.shape[1])
    known = len(base.mean)
    grown.mean[:known], grown.scale[:known] = base.mean, base.scale
    usual = base.scale.square().mean(0)
    views = torch.cat([real.examples.seen_otherwise().inputs for _ in range(VIEWS)])[..., :N_SLOW]
    labels = real.examples.labels.repeat(VIEWS)
    for label in real.examples.labels.unique().tolist():
        mean, variance = views[labels == label].mean(0), views[labels == label].var(0) + usual / 4
        if label < known:
            between = (mean - base.mean[label]).square() / 4
            variance = (variance + base.scale[label].square()) / 2 + between
            mean = (mean + base.mean[label]) / 2
        grown.mean[label], grown.scale[label] = mean, variance.sqrt()
    return grown.eval()


def _measure_deviation(network: FeedbackNetwork, base: Deviation, real: RealExamples) -> None:
    """Learn, in place, what is right in each new exercise and how far from it its classes are.

    What was known of an exercise stays, and a new mistake of it is expected where its others are: what one
    place shows of it would not hold at the next.
    """
    deviation, n_known = network.deviation, len(base.classes)
    exercises = [exercise_of(code) for code in deviation.classes]
    correct = torch.tensor([is_correct(code) for code in deviation.classes])
    expected, spread = deviation.expected.clone(), deviation.spread.clone()
    for exercise in sorted({*exercises[n_known:]}):
        of_exercise = torch.tensor([other == exercise for other in exercises])
        new, known = torch.arange(len(exercises)) >= n_known, of_exercise[:n_known]
        if known.any():
            new &= of_exercise
            mistakes = known & ~correct[:n_known]
            alike = mistakes if mistakes.any() else known
            deviation.centre[new], deviation.scale[new] = base.centre[known][0], base.scale[known][0]
            expected[:, new] = base.expected[:, alike].mean(1, keepdim=True)
            spread[:, new] = base.spread[:, alike].mean(1, keepdim=True)
            continue
        examples = real.chosen(of_exercise[real.examples.labels])
        labels, inputs = examples.examples.labels, examples.examples.inputs
        deviation.centre[of_exercise], deviation.scale[of_exercise], from_others = _right(
            network.seen(inputs)[..., :N_SLOWEST], correct[labels], examples.examples.people, base
        )
        own, compared = network.distances(inputs, examples.examples.baseline(examples.counts))
        for row, distances, of_row in (
            (OTHERS, from_others, labels),
            (OWN, own[compared, 0], labels[compared]),
        ):
            usual = base.spread[row].square().mean()
            # Where no baseline was recorded, all classes are alike and it says nothing.
            expected[row, of_exercise], spread[row, of_exercise] = base.expected[row].mean(), usual.sqrt()
            for label in of_row.unique().tolist():
                of_class = distances[of_row == label]
                expected[row, label] = of_class.mean()
                spread[row, label] = _shrunk(of_class.var(correction=0), len(of_class), usual).sqrt()
    for row in (OTHERS, OWN):
        deviation.expect(row, expected[row], spread[row])


def _fit_discriminant(network: FeedbackNetwork, real: RealExamples) -> None:
    """Learn, in place, what tells the classes of each exercise apart that was taught."""
    examples, classes = real.examples, network.config.classes
    beside = examples.baseline(real.counts)
    from_others, from_own, own = network.deviations(
        torch.cat([examples.inputs, mirrored(examples.inputs)]), torch.cat([beside, mirrored(beside)])
    )
    labels = examples.labels.repeat(2)
    for exercise in sorted({exercise_of(code) for code in classes} - {*EXERCISES}):
        of_exercise = torch.tensor([exercise_of(code) == exercise for code in classes])
        places, first = of_exercise.cumsum(0) - 1, int(of_exercise.int().argmax())
        all_of_it = of_exercise[labels]
        for row, deviations, counted in (
            (OTHERS, from_others[:, first], all_of_it),
            (OWN, from_own, all_of_it & own),
        ):
            # Where a class was never recorded beside a baseline, nothing is said.
            if len(labels[counted].unique()) == of_exercise.sum():
                weight, bias = fitted(deviations[counted], places[labels[counted]])
                network.discriminant.weight[row, of_exercise] = weight
                network.discriminant.bias[row, of_exercise] = bias


def _right(
    courses: Tensor, correct: Tensor, people: Tensor, base: Deviation
) -> tuple[Tensor, Tensor, Tensor]:
    """Return what is right in an exercise: centre and scale (N, 3); and how far examples are from it, (S,).

    Of each person by what the others do right, of a single person by the other repetitions: the mean of a few
    is nearer to themselves than to anybody else.
    """
    usual = base.scale.square().mean(0)
    if len(people.unique()) == 1:
        people = torch.arange(len(people))

    def of(*candidates: Tensor) -> tuple[Tensor, Tensor]:
        of_right = courses[next(which for which in candidates if which.any())]
        variance = _shrunk(of_right.var(0, correction=0), len(of_right), usual)
        return of_right.mean(0), variance.sqrt()

    everybody = torch.ones_like(correct)
    distances = torch.zeros(len(courses))
    for person in people.unique():
        theirs = people == person
        centre, scale = of(correct & ~theirs, correct, everybody)
        distances[theirs] = log_distance((courses[theirs] - centre) / scale)
    return *of(correct, everybody), distances


def _shrunk(variance: Tensor, n: int, usual: Tensor) -> Tensor:
    """Return a variance measured on n examples, drawn towards the usual one as if that were four more."""
    return (n * variance + 4 * usual) / (n + 4)


def fine_tune(
    network: FeedbackNetwork,
    real: RealExamples,
    replay: TrainingSet,
    options: FineTuning,
    *,
    corrections: bool = True,
) -> FeedbackNetwork:
    """Train a grown network further, in place, and return it.

    Parameters
    ----------
    network : FeedbackNetwork
    real : RealExamples
        Drawn so that each class comes alike often.
    replay : TrainingSet
        Simulated examples of the classes that the network knew.
    options : FineTuning
    corrections : bool
        Whether the correction branch learns too; without it training is faster, and names as well.
    """
    steps = options.steps_for(len(real))
    n_real = round(options.batch * options.real_share)
    network.requires_grad_(True)
    course = Steps(network.trained_parameters(corrections=corrections), options.learning_rate, steps)
    before = deepcopy(network)
    average = AveragedModel(network, use_buffers=True)
    network.train()
    for step in range(steps):
        beside = torch.randint(len(replay), (options.batch - n_real,))
        course.take(mixed_loss(network, real, n_real, replay.chosen(beside), corrections=corrections))
        if step >= steps // 2:
            average.update_parameters(network)
    network.load_state_dict(between(before, average.module, options.strength))
    network.requires_grad_(False)
    return network.eval()


def mixed_loss(
    network: FeedbackNetwork,
    real: RealExamples,
    n_real: int,
    simulated: TrainingSet,
    *,
    corrections: bool = True,
) -> Tensor:
    """Return the loss of so many real examples, drawn evenly from the classes, and simulated ones."""
    often = 1.0 / torch.bincount(real.examples.labels)[real.examples.labels]
    drawn = torch.multinomial(often, n_real, replacement=True)
    batch = _joined(real.examples.chosen(drawn), simulated).seen_otherwise()
    most = torch.cat([real.counts[drawn], torch.full((len(simulated),), MOST_BASELINES)])
    is_truth = torch.cat([real.is_truth[drawn], torch.ones(len(simulated), dtype=torch.bool)])
    # Half have no baseline, as people who come for the first time; mild mistakes are told by it alone.
    compared = (torch.rand(len(most)) < 0.5) | batch.mild
    counts = (1 + (torch.rand(len(most)) * most).long()).minimum(most) * compared
    return _loss(network, batch, batch.baseline(counts), is_truth, corrections=corrections)


def fine_tune_judge(
    judge: JudgeNetwork, real: RealExamples, replay: TrainingSet, options: FineTuning
) -> JudgeNetwork:
    """Train a grown judge further, in place, and return it; `replay` is of people the network never sees."""
    n_real = round(options.batch * options.real_share)
    judge.requires_grad_(True)
    optimiser = torch.optim.AdamW(judge.parameters(), lr=options.learning_rate, weight_decay=1e-2)
    often = 1.0 / torch.bincount(real.examples.labels)[real.examples.labels]
    spread = 0.1 * judge.feature_scale
    before = deepcopy(judge)
    judge.train()
    for _ in range(options.steps_for(len(real))):
        drawn = torch.multinomial(often, n_real, replacement=True)
        beside = torch.randint(len(replay), (options.batch - n_real,))
        features = torch.cat([real.examples.features[drawn], replay.features[beside]])
        features = features + spread * torch.randn_like(features)
        labels = torch.cat([real.examples.labels[drawn], replay.labels[beside]])
        loss = F.nll_loss(judge(features), labels)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    judge.load_state_dict(between(before, judge, options.strength))
    judge.requires_grad_(False)
    return judge.eval()


def nothing_forgotten(
    base: FeedbackNetwork, grown: FeedbackNetwork, adapted: FeedbackNetwork, held: TrainingSet
) -> tuple[FeedbackNetwork, float]:
    """Draw an adapted network back towards its base until it forgot no more than may be forgotten.

    What was known is drawn back; the outputs of new classes stay.

    Parameters
    ----------
    base : FeedbackNetwork
    grown : FeedbackNetwork
        The base with the classes of `adapted`.
    adapted : FeedbackNetwork
    held : TrainingSet
        Simulated people that neither was trained on.

    Returns
    -------
    (FeedbackNetwork, float)
        And how much of the way from base to adapted is kept, 1 for all of it.
    """
    least = old_recall(base, held) - MOST_FORGOTTEN
    kept = 1.0
    drawn_back = deepcopy(adapted)
    while kept > 0 and old_recall(drawn_back, held) < least:
        kept = round(kept - 0.1, 1)
        drawn_back.load_state_dict(partly_kept(grown, adapted, kept, len(base.config.classes)))
    return drawn_back, kept


def partly_kept(
    grown: FeedbackNetwork, adapted: FeedbackNetwork, kept: float, n_known: int
) -> dict[str, Tensor]:
    """Return the weights of an adapted network with so much kept of what was learned of what was known.

    Of the classes after the first `n_known` all is kept: their outputs hold nothing that could be forgotten.
    """
    state = between(grown, adapted, kept)
    for name, branch in adapted.named_modules():
        if isinstance(branch, ClassificationBranch):
            for part, value in branch.linear.state_dict().items():
                state[f"{name}.linear.{part}"][n_known:] = value[n_known:]
    return state


def between(base: nn.Module, adapted: nn.Module, share: float) -> dict[str, Tensor]:
    """Return weights that share of the way from one network to another of the same form."""
    before = base.state_dict()
    return {
        name: before[name].lerp(value, share) if value.is_floating_point() else value
        for name, value in adapted.state_dict().items()
    }


def old_recall(network: FeedbackNetwork, held: TrainingSet) -> float:
    """Return the macro recall on simulated people, the mean of without and with baseline."""
    recalls = []
    for examples, baseline in ((held.visible, False), (held, True)):
        found = run(network, examples, baseline=baseline).log_probabilities.argmax(1)
        recalls.append(macro(found == examples.labels, examples.labels))
    return sum(recalls) / 2


def _loss(
    network: FeedbackNetwork, batch: TrainingSet, baseline: Tensor, is_truth: Tensor, *, corrections: bool
) -> Tensor:
    if not corrections:
        return F.nll_loss(network.named(batch.inputs, baseline=baseline), batch.labels)
    # The true class is fed back for half, so that both being told and believing are learned.
    told = torch.where(torch.rand(len(batch)) < 0.5, batch.labels, -1)
    output = network(batch.inputs, label=told, baseline=baseline)
    named = F.nll_loss(output.log_probabilities, batch.labels)
    # A mistake of an exercise of which nothing correct was labelled leads nowhere: it has only a name.
    leads = is_truth | batch.changes.flatten(1).any(1)
    output, batch = NetworkOutput(*(tensor[leads] for tensor in output)), batch.chosen(leads)
    target = batch.inputs + batch.changes
    terms = total_loss(output, batch.labels, batch.inputs, target, is_truth[leads], batch.legs, WEIGHTS)
    return named + terms["total"] - terms["classification"]


def _joined(first: TrainingSet, second: TrainingSet) -> TrainingSet:
    both = (
        (field.name, torch.cat([getattr(first, field.name), getattr(second, field.name)]))
        for field in fields(TrainingSet)
    )
    return TrainingSet(**dict(both))


def _grown(base: nn.Module, larger: Part) -> Part:
    """Put weights into the first places of a larger network; its new outputs start near zero."""
    state = larger.state_dict()
    for name, value in base.state_dict().items():
        if state[name].shape != value.shape:
            state[name] *= 0.1
        state[name][tuple(slice(size) for size in value.shape)] = value
    larger.load_state_dict(state)
    return larger.eval()
