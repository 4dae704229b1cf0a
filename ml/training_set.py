"""Training examples from simulated people: what the network sees, the class, the change to make."""

from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, fields, replace
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F
from tqdm import tqdm

from ml.baseline import baseline_mean, mirrored
from ml.catalogue import CODES, EXERCISES, correct_code, exercise_of
from ml.datasets import FIRST_UNSEEN_PERSON
from ml.dct import dct_time
from ml.encoding import (
    FOLLOWS,
    N_COEFFICIENTS,
    N_FRAMES,
    N_NODES,
    PELVIS,
    encode,
    leg_length,
    placement,
    resample,
)
from ml.judge import judge_features
from ml.poses.sequence import PoseSequence
from ml.preprocess import prepare
from ml.sensors import SENSORS, observe_in_turn
from ml.simulate import Person, SimulatedRepetition, simulate_repetition
from ml.skeletons import EC3D_19

#: How often each sensor model is drawn, in the order of `SENSORS`.
SENSOR_SHARES = (0.25, 0.28, 0.15, 0.14, 0.18)
#: A cut by hand or by rule is never quite where the repetition begins: up to this share is lost at an end.
LOST_AT_AN_END = {"squat": 0.09, "lunge": 0.09, "plank": 0.25}
#: ... or this many seconds of standing still come with it.
ADDED_AT_AN_END_S = 0.3
#: Repetitions marked correct that may stand beside a repetition as the person's baseline.
MOST_BASELINES = 3
#: ... and how often they are of another day, on which the sensor stood elsewhere;
ANOTHER_DAY = 0.5
#: ... and how often that is drawn once more, for each example and epoch anew.
ANOTHER_DAY_ANEW = 0.25
#: Real sensors shake more than the simulated ones, above all where a body lies or hides a limb: noise of each
#: coefficient but the mean, as white noise of so many leg lengths gives; at most so much, mostly far less.
SHAKING = 0.08
_ANKLES = list(EC3D_19.indices("left_ankle", "right_ankle"))
_LEGS = [
    i for i, name in enumerate(EC3D_19.joints) if name.split("_")[-1] in ("knee", "ankle", "toe", "heel")
]


@dataclass(frozen=True)
class TrainingSet:
    """Simulated examples, S of them.

    Parameters
    ----------
    inputs : Tensor, shape (S, 57, K)
        As `ml.encoding.encode`.
    features : Tensor, shape (S, D)
        As `ml.judge.judge_features`, of the same repetitions.
    labels : Tensor of int64, shape (S,)
        Places in `CODES`.
    changes : Tensor, shape (S, 57, K)
        What to add to the inputs to have the true correction; zero for correct repetitions.
    legs : Tensor, shape (S,)
        Metres.
    people : Tensor of int64, shape (S,)
    baselines : Tensor, shape (S, 3, 57, K)
        Other, correct repetitions of the same person and exercise, seen by the same sensor, from the same
        place or, on another day, from another.
    mild : Tensor of bool, shape (S,)
        Whether a mistake is so mild that it shows only beside the baseline; as many correct repetitions are
        marked, so that with a baseline too every class comes alike often.
    """

    inputs: Tensor
    features: Tensor
    labels: Tensor
    changes: Tensor
    legs: Tensor
    people: Tensor
    baselines: Tensor
    mild: Tensor

    def __len__(self) -> int:
        return len(self.labels)

    def chosen(self, which: Tensor) -> Self:
        """Return the examples of a mask or of indices."""
        return type(self)(**{field.name: getattr(self, field.name)[which] for field in fields(self)})

    def to(self, device: torch.device) -> Self:
        """Return the examples on a device."""
        return type(self)(**{field.name: getattr(self, field.name).to(device) for field in fields(self)})

    def shared_out(self, shares: int) -> list[Self]:
        """Return views of so many parts, each of people of its own, as many in each."""
        counts = self.people.unique_consecutive(return_counts=True)[1]
        sizes = [int(part.sum()) for part in counts.tensor_split(shares)]
        parts = zip(*(getattr(self, field.name).split(sizes) for field in fields(self)), strict=True)
        return [type(self)(*part) for part in parts]

    @property
    def visible(self) -> Self:
        """The examples that can be told without a baseline."""
        return self.chosen(~self.mild)

    def baseline(self, counts: Tensor | int = MOST_BASELINES) -> Tensor:
        """Return the mean of the first so many baselines of each example, (S, 57, K); of none NaN."""
        wanted = torch.as_tensor(counts).expand(len(self))
        present = torch.arange(MOST_BASELINES) < wanted[:, None]
        return baseline_mean(self.inputs, self.baselines, present)

    def seen_otherwise(self) -> Self:
        """Return the examples as other draws of sensor and person would have given them.

        Drawn for each example, and for a quarter of their baselines anew, as if of another day: the body
        tilted, shrunk along a camera's axis, its legs sheared along it, each joint off by a little of its
        own. Left and right are exchanged in half, alike for the baselines.
        """
        half = torch.rand(len(self)) < 0.5
        linear, bias = _drawn_errors(len(self))
        another = torch.rand(len(self)) < ANOTHER_DAY_ANEW
        linear_then, bias_then = (
            _where(another, drawn, now)
            for now, drawn in zip((linear, bias), _drawn_errors(len(self)), strict=True)
        )
        inputs, changes, baselines = (
            _applied(errors, _where(half, mirrored(x), x))
            for errors, x in ((linear, self.inputs), (linear, self.changes), (linear_then, self.baselines))
        )
        inputs[..., 0] += bias
        baselines[..., 0] += bias_then[:, None]
        return replace(self, inputs=inputs, changes=changes, baselines=baselines)

    def shaken(self) -> Self:
        """Return simulated examples with noise of a size of their own upon all coefficients but the means.

        So that no name hangs on the quick part of a course, which sensors see least alike. An adaptation goes
        without: what is recorded shakes already, as the sensor of its place does.
        """
        size = SHAKING * torch.rand(len(self), 1, 1).square()
        inputs, baselines = (
            encoded + F.pad(its_size * torch.randn_like(encoded[..., 1:]), (1, 0))
            for encoded, its_size in ((self.inputs, size), (self.baselines, size[:, None]))
        )
        return replace(self, inputs=inputs, baselines=baselines)


def _drawn_errors(n: int) -> tuple[Tensor, Tensor]:
    """Draw what a sensor lastingly does: matrices (n, J, 3, 3), and what it adds to the means (n, 57)."""
    view = 2 * torch.pi * torch.rand(n)
    camera = torch.stack([view.cos(), view.sin(), torch.zeros(n)], dim=1)  # (n, 3)
    lost = (0.15 - 0.2 * torch.rand(n))[:, None, None]
    shrunk = torch.eye(3) - lost * camera[:, :, None] * camera[:, None]
    forward, aside = torch.deg2rad(5 * torch.randn(2, n))
    tilt = torch.eye(3).repeat(n, 1, 1)
    tilt[:, 0, 2], tilt[:, 2, 0], tilt[:, 1, 2], tilt[:, 2, 1] = aside, -aside, -forward, forward
    shear = torch.zeros(n, len(EC3D_19), 3, 3)
    shear[:, _LEGS, :, 2] = (0.09 * torch.randn(n, 1) * camera)[:, None]
    linear = tilt[:, None] @ (shrunk[:, None] + shear)
    linear[:, PELVIS] = torch.eye(3)  # its node is not the body but its path, about the path's mean
    bias = 0.025 * torch.randn(n, len(EC3D_19), 3)
    bias[:, PELVIS] = 0
    for joint, leader in FOLLOWS.items():
        bias[:, EC3D_19.index(joint)] = bias[:, EC3D_19.index(leader)]
    return linear, bias.transpose(1, 2).flatten(1) * N_FRAMES**0.5


def _where(which: Tensor, yes: Tensor, no: Tensor) -> Tensor:
    """Choose for each of B examples (B, ...) by a mask (B,)."""
    return torch.where(which.view(-1, *[1] * (yes.ndim - 1)), yes, no)


def _applied(linear: Tensor, encoded: Tensor) -> Tensor:
    """Apply matrices (B, J, 3, 3) to the joints of encoded motions (B, ..., 57, K)."""
    joints = encoded.unflatten(-2, (3, len(EC3D_19)))
    return torch.einsum("bjdc,b...cjk->b...djk", linear, joints).flatten(-3, -2)


def simulate_training_set(
    seed: int, people: int, repetitions: int, *, workers: int = 1, what: str = "simulating"
) -> TrainingSet:
    """Simulate people whom no evaluation source draws, `repetitions` of each class by each.

    Parameters
    ----------
    seed : int
        Another seed, other people.
    people : int
        At most 99,999.
    repetitions : int
        Of each class by each person; and as many more that are mild.
    workers : int
        Processes; the result does not depend on it.
    what : str
        Caption of the progress bar.
    """
    first = (seed % 100) * 100_000
    if not 0 < people < 100_000 or first + people > FIRST_UNSEEN_PERSON:
        raise ValueError(f"{people} people are none or too many")
    jobs = [(first + i, repetitions) for i in range(people)]
    if workers > 1:
        with ProcessPoolExecutor(workers) as pool:
            parts = _collected(pool.map(_examples_of, jobs, chunksize=8), people, what)
    else:
        parts = _collected(map(_examples_of, jobs), people, what)
    stacked = [np.concatenate([part[i] for part in parts]) for i in range(len(parts[0]))]
    return TrainingSet(*(torch.from_numpy(array) for array in stacked))


def _collected(parts: Iterable[tuple[NDArray, ...]], people: int, what: str) -> list[tuple[NDArray, ...]]:
    return list(tqdm(parts, total=people, desc=what, unit="person", mininterval=2))


def _examples_of(job: tuple[int, int]) -> tuple[NDArray, ...]:
    number, repetitions = job
    torch.set_num_threads(1)
    person, rng = Person.sample(number), np.random.default_rng([number, 2])
    inputs, features, labels, changes, legs, baselines, mild = [], [], [], [], [], [], []
    for exercise in EXERCISES:
        # One sensor sees all of an exercise; the baseline from the same place or, on another day, another.
        own = [code for code in CODES if exercise_of(code) == exercise]
        drawn: list[tuple[str, float | None]] = [(code, None) for code in own * repetitions]
        drawn += [(code, -rng.uniform()) for code in own * repetitions]
        codes = [code for code, _ in drawn]
        mild += [magnitude is not None for _, magnitude in drawn]
        simulated = [
            cut_roughly(simulate_repetition(person, code, rng, magnitude), rng)
            for code, magnitude in [(correct_code(exercise), None)] * MOST_BASELINES + drawn
        ]
        sensor = SENSORS[int(rng.choice(len(SENSORS), p=SENSOR_SHARES))]
        motions = [[motion.performed, motion.correct] for motion in simulated]
        days = [motions]
        if rng.uniform() < ANOTHER_DAY:
            days = [motions[:MOST_BASELINES], motions[MOST_BASELINES:]]
        observed = [both for day in days for both in observe_in_turn(day, sensor, rng)]
        seen = [prepare(performed).sequence for performed, _ in observed]
        encoded = encode(seen)
        inputs.append(encoded[MOST_BASELINES:])
        baselines.append(np.repeat(encoded[None, :MOST_BASELINES], len(codes), axis=0))
        features += [judge_features(sequence) for sequence in seen[MOST_BASELINES:]]
        labels += [CODES.index(code) for code in codes]
        changes += [
            encoded_change(repetition, *both)
            for repetition, both in zip(simulated[MOST_BASELINES:], observed[MOST_BASELINES:], strict=True)
        ]
        legs += [leg_length(sequence.positions) for sequence in seen[MOST_BASELINES:]]
    return (
        np.concatenate(inputs),
        np.stack(features),
        np.array(labels, dtype=np.int64),
        np.stack(changes),
        np.array(legs, dtype=np.float32),
        np.full(len(labels), number, dtype=np.int64),
        np.concatenate(baselines),
        np.array(mild),
    )


def encoded_change(
    simulated: SimulatedRepetition, performed: PoseSequence, correct: PoseSequence
) -> NDArray[np.float32]:
    """Return what to add to the encoded performed motion to have the encoded true correction, (57, K).

    As the sensor would see it: it makes of the correction what it makes of the performed motion, with the
    same errors, so that noise is in neither. Only how far the ankles move over the ground, which a sensor
    that is centred on the pelvis does not see, is as it truly is.

    Parameters
    ----------
    simulated : SimulatedRepetition
    performed, correct : PoseSequence
        Its two motions as one sensor saw them.
    """
    place = placement(performed.positions)
    before, after = (seen.positions - seen.positions[:, [PELVIS]] for seen in (performed, correct))
    nodes = resample(after - before, N_FRAMES) @ place.axes.T / place.leg_length
    # Simulated people face +y, as the encoding has them.
    moved = simulated.correct.positions[:, _ANKLES] - simulated.performed.positions[:, _ANKLES]
    over_ground = resample(moved / place.leg_length, N_FRAMES).mean(axis=1)
    nodes[:, PELVIS] = over_ground - nodes[:, _ANKLES].mean(axis=1)
    for joint, leader in FOLLOWS.items():
        nodes[:, EC3D_19.index(joint)] = nodes[:, EC3D_19.index(leader)]
    rows = nodes.transpose(2, 1, 0).reshape(N_NODES, N_FRAMES)
    return dct_time(rows, N_COEFFICIENTS).astype(np.float32)


def cut_roughly(simulated: SimulatedRepetition, rng: np.random.Generator) -> SimulatedRepetition:
    """Move the ends of a repetition a little, inwards or outwards, in motion and correction alike."""
    frames, rate = len(simulated.performed), simulated.performed.frame_rate
    lost = LOST_AT_AN_END[exercise_of(simulated.code)]
    edges = []
    for _ in range(2):
        inwards = rng.uniform() < 0.7
        edges.append(rng.uniform(0, lost) * frames if inwards else -rng.uniform(0, ADDED_AT_AN_END_S) * rate)
    which = np.clip(np.arange(round(edges[0]), frames - round(edges[1])), 0, frames - 1)

    def cut(sequence: PoseSequence) -> PoseSequence:
        return sequence.with_positions(sequence.positions[which])

    performed = cut(simulated.performed)
    correct = performed if simulated.correct is simulated.performed else cut(simulated.correct)
    return SimulatedRepetition(
        performed, correct, simulated.code, simulated.joints_at_fault, simulated.magnitude
    )
