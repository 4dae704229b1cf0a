"""Simulated repetitions and recordings with a known mistake and the true correction of the same person.

A repetition is drawn in three steps: the person's habits, varied a little from one repetition to the next;
the mistake as a graded change of known joints; the joints' places by kinematics with planted feet and hands.
The true correction is the same draw without the mistake: same body, tempo and sway. Ranges and sources:
docs/training.md.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, NamedTuple, TypeVar

import numpy as np

from ml.catalogue import CODES, exercise_of, is_correct
from ml.kinematics import Array, ease, sway, there_and_back
from ml.poses.sequence import PoseSequence
from ml.sensors import PERFECT, Sensor, observe
from ml.simulated_motion import Lunge, Plank, Squat, balanced_lean, lunge, plank, squat
from ml.simulated_people import Person

Course = TypeVar("Course", Squat, Lunge, Plank)

#: The mildest mistake is so much of one that is just visible.
MILDEST = 0.3

__all__ = ["Person", "SimulatedRepetition", "SimulatedSpan", "simulate_recording", "simulate_repetition"]

#: The joints that a mistake moves, for explaining and for measuring a correction.
JOINTS_AT_FAULT = {
    "squat.feet_too_wide": ("left_ankle", "right_ankle"),
    "squat.knees_inward": ("left_knee", "right_knee"),
    "squat.not_low_enough": ("mid_hip", "left_knee", "right_knee"),
    "squat.front_bent": ("neck", "mid_hip"),
    "lunge.not_low_enough": ("mid_hip", "left_knee", "right_knee"),
    "lunge.knee_passes_toe": ("left_knee", "right_knee"),
    "plank.arched_back": ("mid_hip",),
    "plank.hunched_back": ("mid_hip",),
}


@dataclass(frozen=True)
class SimulatedRepetition:
    """One repetition as performed, and as the same person would do it right.

    Parameters
    ----------
    performed, correct : PoseSequence
        Same frames, frame rate and person; the very same motion where `code` is a correct execution.
    code : str
        The mistake class.
    joints_at_fault : tuple of str
    magnitude : float
        0 just visible, 1 gross; 0 for a correct execution.
    """

    performed: PoseSequence
    correct: PoseSequence
    code: str
    joints_at_fault: tuple[str, ...]
    magnitude: float


class SimulatedSpan(NamedTuple):
    """Where a repetition is in a recording: frames `[start_frame, end_frame)`, and its mistake class."""

    start_frame: int
    end_frame: int
    code: str


def simulate_repetition(
    person: Person,
    code: str,
    rng: np.random.Generator,
    magnitude: float | None = None,
    *,
    frame_rate: float = 30.0,
) -> SimulatedRepetition:
    """Simulate one repetition.

    Parameters
    ----------
    person : Person
    code : str
        A class of the catalogue.
    rng : numpy.random.Generator
        Draws how this repetition differs from the person's others.
    magnitude : float, optional
        How strong the mistake is, 0 (just visible) to 1 (gross); drawn evenly if not given. From 0 down to -1
        it is mild: visible only beside the person's own correct way.
    frame_rate : float
        Hz.

    Returns
    -------
    SimulatedRepetition
        In the canonical frame, metres, feet on z = 0.

    Raises
    ------
    ValueError
        If the catalogue has no such class.
    """
    if code not in CODES:
        raise ValueError(f"{code!r} is no class of the catalogue")
    drawn = rng.uniform() if magnitude is None else magnitude
    size = 0.0 if is_correct(code) else drawn
    exercise = exercise_of(code)
    if exercise == "squat":
        right = _habitual_squat(person, rng, frame_rate)
        wrong = right if is_correct(code) else _squat_mistake(right, code, max(size, 0), rng)
        wrong = _graded(right, wrong, size)
        motions = [squat(person, course) for course in ((wrong,) if wrong is right else (wrong, right))]
    elif exercise == "lunge":
        right_lunge = _habitual_lunge(person, rng, frame_rate)
        wrong_lunge = (
            right_lunge if is_correct(code) else _lunge_mistake(right_lunge, code, max(size, 0), rng)
        )
        wrong_lunge = _graded(right_lunge, wrong_lunge, size)
        lunges = (wrong_lunge,) if wrong_lunge is right_lunge else (wrong_lunge, right_lunge)
        motions = [lunge(person, course) for course in lunges]
    else:
        right_plank = _habitual_plank(person, rng, frame_rate)
        wrong_plank = right_plank if is_correct(code) else _plank_mistake(right_plank, code, max(size, 0))
        wrong_plank = _graded(right_plank, wrong_plank, size)
        planks = (wrong_plank,) if wrong_plank is right_plank else (wrong_plank, right_plank)
        motions = [plank(person, course) for course in planks]
    sequences = [PoseSequence(positions, frame_rate, format="simulated") for positions in motions]
    performed, correct = sequences[0], sequences[-1]
    return SimulatedRepetition(performed, correct, code, JOINTS_AT_FAULT.get(code, ()), size)


def simulate_recording(
    person: Person,
    codes: Sequence[str],
    rng: np.random.Generator,
    frame_rate: float = 30.0,
    sensor: Sensor = PERFECT,
    magnitude: float | None = None,
) -> tuple[PoseSequence, list[SimulatedSpan]]:
    """Simulate a whole recording: one repetition after another, a short rest before, between and after.

    Parameters
    ----------
    person : Person
    codes : sequence of str
        The mistake class of each repetition, all of one exercise.
    rng : numpy.random.Generator
    frame_rate : float
        Hz.
    sensor : Sensor
        What sees the motion; spans count its frames.
    magnitude : float, optional
        How strong every mistake is, as in `simulate_repetition`; drawn for each if not given.

    Returns
    -------
    PoseSequence, list of SimulatedSpan

    Raises
    ------
    ValueError
        If there are no codes, or codes of several exercises.
    """
    if len({exercise_of(code) for code in codes}) != 1:
        raise ValueError("a recording holds repetitions of one exercise")
    lead = float(rng.choice((-1.0, 1.0)))
    pieces: list[Array] = []
    spans: list[SimulatedSpan] = []
    at = 0
    for code in codes:
        steady = replace(person, lunge_style="step") if person.lunge_style == "split" else person
        performed = simulate_repetition(steady, code, rng, magnitude, frame_rate=frame_rate).performed
        motion = performed.positions
        if exercise_of(code) == "lunge" and _leading_side(motion) != lead:
            motion = PoseSequence(motion, frame_rate).mirrored().positions
        rest = _rest(pieces[-1][-1] if pieces else motion[0], motion[0], rng, frame_rate)
        pieces += [rest, motion]
        spans.append(SimulatedSpan(at + len(rest), at + len(rest) + len(motion), code))
        at += len(rest) + len(motion)
    pieces.append(_rest(pieces[-1][-1], pieces[-1][-1], rng, frame_rate))
    whole = PoseSequence(np.concatenate(pieces), frame_rate, format="simulated")
    return observe(whole, sensor, rng), spans


def _rest(before: Array, after: Array, rng: np.random.Generator, frame_rate: float) -> Array:
    """Move slowly from one pose to the next, breathing."""
    seconds = rng.uniform(0.7, 1.5)
    time = np.arange(int(seconds * frame_rate)) / frame_rate
    share = ease(time, 0.1, seconds - 0.2)[:, None, None]
    fade = np.sin(np.pi * np.clip(time / seconds, 0, 1))[:, None]
    wander = np.stack([sway(time, rng, 0.004), sway(time, rng, 0.004), 0 * time], axis=1) * fade
    height = np.clip(before[:, 2] / max(before[:, 2].max(), 1e-6), 0, 1)[None, :, None]
    return (1 - share) * before + share * after + wander[:, None] * height


def _leading_side(motion: Array) -> float:
    ankles = motion[len(motion) // 2, [14, 11], 1]
    return -1.0 if ankles[0] > ankles[1] else 1.0


# Habits, varied from one repetition to the next.


def _habitual_squat(person: Person, rng: np.random.Generator, frame_rate: float) -> Squat:
    rest, down, hold, up, end = _course(person, rng, down=(0.7, 1.3), hold=(0.0, 0.25), up=(0.6, 1.2))
    time = np.arange(max(int((rest + down + hold + up + end) * frame_rate), 12)) / frame_rate
    inner_knee = float(np.clip(person.squat_inner_knee + rng.normal(0, 3), 28, 78))
    shank_lean = float(np.clip(person.squat_shank_lean + rng.normal(0, 1.5), 16, 41))
    return Squat(
        stance=float(np.clip(person.stance + rng.normal(0, 0.015), 0.30, 0.75)),
        toe_out=person.toe_out + rng.normal(0, 1.5),
        inner_knee=inner_knee,
        shank_lean=shank_lean,
        trunk_lean=balanced_lean(person, inner_knee, shank_lean) + person.squat_trunk_lean + rng.normal(0, 2),
        knee_out=(person.knee_out + rng.normal(0, 1.5), person.knee_out + rng.normal(0, 1.5)),
        pelvis_back=0.0,
        arms=person.arms,
        arms_at_rest=person.arms_at_rest,
        depth=there_and_back(time, rest, down, hold, up),
        sway_x=sway(time, rng, 0.004),
        sway_lean=sway(time, rng, 0.8),
    )


def _habitual_lunge(person: Person, rng: np.random.Generator, frame_rate: float) -> Lunge:
    rest, down, hold, up, end = _course(person, rng, down=(0.6, 1.1), hold=(0.0, 0.3), up=(0.5, 1.0))
    stepping = 0.0 if person.lunge_style == "split" else person.tempo * rng.uniform(0.45, 0.8)
    back = stepping * rng.uniform(0.85, 1.2)
    overlap = 0.45 * stepping
    lowering = rest + stepping - overlap
    standing = lowering + down + hold + up - 0.55 * back
    time = np.arange(max(int((standing + back + end + 1e-6) * frame_rate), 12)) / frame_rate
    step = np.ones_like(time) if stepping == 0 else ease(time, rest, stepping) - ease(time, standing, back)
    inner_knee = float(np.clip(person.lunge_inner_knee + rng.normal(0, 3), 64, 100))
    shank_lean = float(np.clip(person.lunge_shank_lean + rng.normal(0, 2), -6, 23))
    return Lunge(
        lead=float(rng.choice((-1.0, 1.0))),
        style=person.lunge_style,
        inner_knee=inner_knee,
        shank_lean=shank_lean,
        trunk_lean=person.lunge_trunk_lean + rng.normal(0, 2),
        foot_inner_knee=inner_knee,
        foot_shank_lean=shank_lean,
        step_share=1.0,
        rear_thigh_lean=person.lunge_rear_thigh_lean + rng.normal(0, 3),
        width=person.lunge_width,
        knee_out=person.knee_out * 0.5 + rng.normal(0, 2),
        arms={"forward": "hanging", "behind_head": "hanging"}.get(person.arms, person.arms),
        depth=there_and_back(time, lowering, down, hold, up),
        step=step,
        sway_x=sway(time, rng, 0.008),
        sway_lean=sway(time, rng, 1.0),
    )


def _habitual_plank(person: Person, rng: np.random.Generator, frame_rate: float) -> Plank:
    entering = rng.random() < 0.65
    rising = person.tempo * rng.uniform(0.3, 1.0) if entering else 0.0
    holding = rng.uniform(1.5, 9.0)
    time = np.arange(int((2.4 * rising + holding) * frame_rate)) / frame_rate
    kneeling = np.zeros_like(time)
    if entering:
        kneeling = 1 - there_and_back(time, 0.2 * rising, rising, holding, rising)
    return Plank(
        pike=float(np.clip(person.plank_pike + rng.normal(0, 3), 0, 40)),
        forearms=person.plank_forearms,
        arm_lean=person.plank_arm_lean + rng.normal(0, 2),
        knee_flexion=max(person.plank_knee_flexion + rng.normal(0, 2), 1.0),
        kneeling=kneeling,
        kneeling_flexion=rng.uniform(35, 65),
        sway_pike=sway(time, rng, 1.0),
        sway_x=sway(time, rng, 0.004),
    )


def _course(
    person: Person,
    rng: np.random.Generator,
    *,
    down: tuple[float, float],
    hold: tuple[float, float],
    up: tuple[float, float],
) -> tuple[float, ...]:
    """Seconds of rest, way down, hold, way up and rest of one repetition, by the person's tempo."""
    return (
        rng.uniform(0.0, 0.25),
        person.tempo * rng.uniform(*down),
        person.tempo * rng.uniform(*hold),
        person.tempo * rng.uniform(*up),
        rng.uniform(0.0, 0.25),
    )


# Mistakes: graded changes of known joints.


def _graded(right: Course, wrong: Course, size: float) -> Course:
    """Go only part of the way from right to just visible where a mistake is mild (`size` under 0)."""
    if size >= 0 or wrong is right:
        return wrong
    share = 1 + size * (1 - MILDEST)
    between_both: dict[str, Any] = {}
    for field in fields(right):
        a, b = getattr(right, field.name), getattr(wrong, field.name)
        if isinstance(a, float):
            between_both[field.name] = a + share * (b - a)
        elif isinstance(a, tuple):
            between_both[field.name] = tuple(x + share * (y - x) for x, y in zip(a, b, strict=True))
    return replace(right, **between_both)


def _squat_mistake(right: Squat, code: str, size: float, rng: np.random.Generator) -> Squat:
    if code == "squat.feet_too_wide":
        return replace(
            right,
            stance=max(right.stance + 0.14, 0.77) + 0.30 * size,
            toe_out=right.toe_out + rng.uniform(0, 10) + 8 * size,
        )
    if code == "squat.knees_inward":
        inward = max(18, max(right.knee_out) + 16) + 25 * size
        # Both knees, seldom quite alike; now and then one gives way much more.
        weaker = rng.uniform(0.75, 1.0) if rng.random() < 0.8 else rng.uniform(0.3, 0.75)
        shares = (1.0, weaker) if rng.random() < 0.5 else (weaker, 1.0)
        left, other = (out - share * inward for out, share in zip(right.knee_out, shares, strict=True))
        return replace(right, knee_out=(left, other))
    if code == "squat.not_low_enough":
        inner = max(right.inner_knee + 15, 87) + 38 * size
        share = (180 - inner) / (180 - right.inner_knee)
        return replace(
            right,
            inner_knee=inner,
            shank_lean=right.shank_lean * min(1.0, share + 0.15),
            trunk_lean=right.trunk_lean * min(1.0, share + rng.uniform(0.0, 0.2)),
        )
    if rng.random() < 0.5:  # the hips hinge and go back
        return replace(
            right,
            trunk_lean=min(right.trunk_lean + 20 + 24 * size, 95),
            shank_lean=right.shank_lean - 8 * size * rng.uniform(0, 1),
            inner_knee=right.inner_knee + 22 * size * rng.uniform(0, 1),
        )
    # knees and weight come forward, and the trunk with them
    forward = rng.uniform(11, 13) + 12 * size
    return replace(
        right,
        shank_lean=max(right.shank_lean, 33) + forward,
        trunk_lean=right.trunk_lean + rng.uniform(4, 10) + 10 * size,
        inner_knee=right.inner_knee - rng.uniform(-4, 8),
    )


def _lunge_mistake(right: Lunge, code: str, size: float, rng: np.random.Generator) -> Lunge:
    if code == "lunge.not_low_enough":
        return replace(
            right,
            inner_knee=max(right.inner_knee + 15, 108) + 29 * size,
            shank_lean=right.shank_lean * rng.uniform(0.5, 1.0),
        )
    passing = max(right.shank_lean + 14, 34) + 17 * size
    # The thigh keeps about its height, so the knee closes by what the shank leans more.
    thigh = 180 - right.inner_knee - right.shank_lean + rng.uniform(-12, 4)
    return replace(
        right,
        shank_lean=passing,
        inner_knee=float(np.clip(180 - passing - thigh, 38, 110)),
        step_share=rng.uniform(0.72, 1.0),
        trunk_lean=right.trunk_lean + rng.uniform(-2, 12),
    )


def _plank_mistake(right: Plank, code: str, size: float) -> Plank:
    if code == "plank.arched_back":
        return replace(right, pike=min(right.pike - 14, -8) - 31 * size)
    return replace(right, pike=max(right.pike + 14, 48) + 38 * size)


def draw_code(rng: np.random.Generator) -> str:
    """Draw one class of the catalogue, all alike."""
    return CODES[int(rng.integers(len(CODES)))]
