"""Simulated whole recordings: walking in, pauses, sets of several exercises, sitting down, walking out.

What happens between the repetitions is drawn coarsely, for finding the repetitions and never for training: a
walk of stepping feet, a seat, and slow moves from one posture to the next that keep the limbs' lengths.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from scipy.ndimage import gaussian_filter1d

from ml.catalogue import CODES, EXERCISES, correct_code, exercise_of
from ml.kinematics import Array, ease, middle_joint, sway, there_and_back, turned, vector
from ml.poses.sequence import PoseSequence
from ml.sensors import PERFECT, Sensor, at_frame_rate, observe
from ml.simulate import SimulatedSpan, simulate_repetition
from ml.simulated_body import arm, assemble, foot, upright_trunk
from ml.simulated_motion import Plank, plank
from ml.simulated_people import Person, within
from ml.skeletons import EC3D_19
from ml.vectors import unit

__all__ = ["ACTIVITIES", "draw_other_plan", "draw_plan", "simulate_whole_recording"]

#: Drawn at this rate and read at the one that is asked for, so that one draw is the same motion at any rate.
DRAWN_AT_HZ = 60.0
_SIDES = (-1.0, 1.0)
_PELVIS = EC3D_19.index("mid_hip")
_ANKLES = EC3D_19.indices("left_ankle", "right_ankle")
#: Pike of the body in degrees by class: what a plank is drawn with.
_PIKE = {"plank.arched_back": (-30.0, -12.0), "plank.hunched_back": (50.0, 75.0)}


def simulate_whole_recording(
    person: Person,
    plan: Sequence[str],
    rng: np.random.Generator,
    frame_rate: float = 30.0,
    sensor: Sensor = PERFECT,
) -> tuple[PoseSequence, list[SimulatedSpan]]:
    """Simulate a recording in which several things happen one after another.

    Parameters
    ----------
    person : Person
    plan : sequence of str
        Class codes of the catalogue, and names of `ACTIVITIES`: `walk` (walks in or out), `stand`, `sit`
        (sits down, rests, gets up), `dip` (bends the knees a little), `arms` (raises the arms), `kneel` (a
        rest between planks). A plank may be followed by its seconds: `plank.correct:40`.
    rng : numpy.random.Generator
    frame_rate : float
        Hz.
    sensor : Sensor
        What sees the motion; spans count its frames.

    Returns
    -------
    PoseSequence, list of SimulatedSpan
        The spans of the class codes, in order. Of a plank the hold, without getting down and up.

    Raises
    ------
    ValueError
        If the plan is empty or names something else.
    """
    # Nobody slides into a split: whoever lunges without a step does so between two others of the same kind.
    person = replace(person, lunge_style="step") if person.lunge_style == "split" else person
    whole: list[Array] = []
    times: list[tuple[float, float, str]] = []
    frames = 0
    for step in plan:
        code, _, seconds = step.partition(":")
        if code in ACTIVITIES:
            motion = ACTIVITIES[code](person, rng)
        elif code in CODES and exercise_of(code) == "plank":
            motion = _hold(person, code, float(seconds) if seconds else rng.uniform(4, 20), rng)
        elif code in CODES:
            motion = simulate_repetition(person, code, rng, frame_rate=DRAWN_AT_HZ).performed.positions
        else:
            raise ValueError(f"{step!r} is neither a class of the catalogue nor one of {sorted(ACTIVITIES)}")
        if whole:
            motion = _placed(motion, whole[-1][-1])
            move = _transition(whole[-1][-1], motion[0], rng)
            whole.append(move)
            frames += len(move)
        if code in CODES:
            times.append((frames / DRAWN_AT_HZ, (frames + len(motion)) / DRAWN_AT_HZ, code))
        whole.append(motion)
        frames += len(motion)
    if not whole:
        raise ValueError("the plan of a recording is empty")
    drawn = PoseSequence(np.concatenate(whole), DRAWN_AT_HZ, format="simulated")
    seen = observe(at_frame_rate(drawn, frame_rate), sensor, rng)
    rate = len(seen) / drawn.duration
    return seen, [SimulatedSpan(round(a * rate), round(b * rate), code) for a, b, code in times]


def _placed(motion: Array, before: Array) -> Array:
    """Move a motion to where the person is."""
    offset = before[_ANKLES].mean(axis=0) - motion[0, _ANKLES].mean(axis=0)
    return motion + offset * np.array([1.0, 1.0, 0.0])


def _transition(before: Array, after: Array, rng: np.random.Generator) -> Array:
    """Move slowly from one pose to the next with the limbs' own lengths; farther takes longer."""
    farthest = float(np.linalg.norm(after - before, axis=1).max())
    seconds = rng.uniform(0.5, 1.2) + 2.0 * farthest
    time = np.arange(int(seconds * DRAWN_AT_HZ)) / DRAWN_AT_HZ
    share = ease(time, 0.1, seconds - 0.2)[:, None, None]
    straight = (1 - share) * before + share * after
    moved = straight.copy()
    for parent, child in EC3D_19.bones:
        length = (1 - share[:, 0]) * np.linalg.norm(before[child] - before[parent]) + share[
            :, 0
        ] * np.linalg.norm(after[child] - after[parent])
        moved[:, child] = moved[:, parent] + length * unit(straight[:, child] - straight[:, parent])
    moved[..., 2] -= np.minimum(moved[..., 2].min(axis=1), 0.0)[:, None]  # nothing goes through the floor
    return moved


def _time(seconds: float) -> Array:
    return np.arange(max(int(seconds * DRAWN_AT_HZ), 12)) / DRAWN_AT_HZ


def _body(person: Person, pelvis: Array, lean: Array, feet: dict[float, Array], raised: Array) -> Array:
    """Put a person together over given ankles; the arms hang, or reach forward where `raised` is 1."""
    trunk = upright_trunk(replace(person, yaw=0.0), pelvis, lean)
    legs = {}
    for side, ankle in feet.items():
        hip = trunk.hip(person, side)
        distance = np.linalg.norm(ankle - hip, axis=1, keepdims=True)
        ankle = hip + (ankle - hip) * np.minimum(1.0, 0.998 * person.leg / distance)
        knee = middle_joint(hip, ankle, person.thigh, person.shank, np.array([0.0, 1.0, 0.1]))
        legs[side] = (knee, ankle, *foot(person, ankle, side * np.radians(person.toe_out), 0.0))
    arms = {side: arm(person, trunk, side, "hanging", "forward", raised) for side in _SIDES}
    return assemble(person, trunk, arms, legs, trunk.forward * 0.45 + vector(0.0, 0.0, 1.0))


def _walk(person: Person, rng: np.random.Generator) -> Array:
    """Some steps along a bend, each foot still while the other swings; ends facing forward."""
    steps = int(rng.integers(5, 12))
    stride = person.leg * rng.uniform(0.6, 0.85)
    seconds = rng.uniform(0.5, 0.7)
    time = _time((steps + 1) * seconds)
    # Step n swings the feet in turn; a foot's place is the sum of its strides so far.
    feet, lifts = {}, {}
    for side, first in ((-1.0, 0), (1.0, 1)):
        place, lift = np.zeros_like(time), np.zeros_like(time)
        for step in range(first, steps + 1, 2):
            share = ease(time, step * seconds, 0.85 * seconds)
            short = 0.5 if step in (0, steps) else 1.0
            place += 2 * stride * short * share
            lift += 0.13 * person.leg * np.sin(np.pi * share) ** 2
        feet[side], lifts[side] = place, lift
    # The last stride brings the feet together.
    end = max(place[-1] for place in feet.values())
    for side, place in feet.items():
        feet[side] = place + (end - place[-1]) * ease(time, (steps - 0.5) * seconds, 1.2 * seconds)
    middle = gaussian_filter1d((feet[-1.0] + feet[1.0]) / 2, 0.2 * DRAWN_AT_HZ, mode="nearest")
    apart = np.abs(feet[-1.0] - feet[1.0]) / 2
    height = person.ankle_height + 0.985 * np.sqrt(np.maximum(person.leg**2 - apart**2, 0.1))
    ankles = {
        side: vector(side * person.hip_width / 2, feet[side], person.ankle_height + lifts[side])
        for side in _SIDES
    }
    pelvis = vector(sway(time, rng, 0.015), middle, height)
    body = _body(person, pelvis, 4 + sway(time, rng, 1.0), ankles, np.zeros_like(time))
    bend = rng.uniform(-1.5, 1.5)
    heading = bend * (1 - ease(time, 0.0, 0.8 * time[-1]))
    # Turned about where the person is, and carried along the bent path.
    steps_y = np.diff(middle, prepend=middle[0])
    path = np.cumsum(turned(vector(0.0, steps_y, 0.0), heading), axis=0)
    local = body - vector(0.0, middle, 0.0)[:, None]
    return turned(local, np.broadcast_to(heading[:, None], local.shape[:2])) + path[:, None]


def _stand(person: Person, rng: np.random.Generator) -> Array:
    time = _time(rng.uniform(1.0, 8.0))
    return _upright(person, np.zeros_like(time), np.zeros_like(time), time, rng)


def _dip(person: Person, rng: np.random.Generator) -> Array:
    """The knees give way a little, as before a jump that is not made."""
    time = _time(rng.uniform(1.2, 2.5))
    depth = rng.uniform(0.02, 0.05) * there_and_back(time, 0.1, 0.5, 0.0, 0.5)
    return _upright(person, depth, np.zeros_like(time), time, rng)


def _arms(person: Person, rng: np.random.Generator) -> Array:
    time = _time(rng.uniform(2.0, 5.0))
    return _upright(person, np.zeros_like(time), there_and_back(time, 0.1, 0.8, 0.2, 0.8), time, rng)


def _upright(person: Person, lower: Array, raised: Array, time: Array, rng: np.random.Generator) -> Array:
    """Standing with the pelvis lower by a share of the leg."""
    height = person.ankle_height + person.leg * (0.99 - lower)
    pelvis = vector(sway(time, rng, 0.01), sway(time, rng, 0.01) - 0.02, height)
    half = within(rng, 0.12, 0.03, 0.07, 0.2)
    ankles = {
        side: np.broadcast_to(vector(side * half, 0.0, person.ankle_height), pelvis.shape) for side in _SIDES
    }
    return _body(person, pelvis, 3 + sway(time, rng, 1.0), ankles, raised)


def _sit(person: Person, rng: np.random.Generator) -> Array:
    """Down on a chair with the trunk bowed, a rest sitting upright, and up again."""
    resting = rng.uniform(1.5, 12.0)
    down, up = rng.uniform(1.0, 1.8), rng.uniform(1.0, 1.8)
    time = _time(0.6 + down + resting + up)
    depth = there_and_back(time, 0.3, down, resting, up)
    seat = rng.uniform(0.46, 0.56) * person.leg
    height = person.ankle_height + 0.99 * person.leg + (seat - 0.99 * person.leg) * depth
    pelvis = vector(sway(time, rng, 0.005), -0.02 - 0.85 * person.thigh * depth, height)
    bowing = 35 * np.sin(np.pi * np.clip(depth, 0, 1)) + rng.uniform(-8, 12) * depth
    half = within(rng, 0.14, 0.03, 0.07, 0.22)
    ankles = {
        side: np.broadcast_to(vector(side * half, 0.0, person.ankle_height), pelvis.shape) for side in _SIDES
    }
    return _body(person, pelvis, 3 + bowing + sway(time, rng, 1.0), ankles, np.zeros_like(time))


def _hold(person: Person, code: str, seconds: float, rng: np.random.Generator) -> Array:
    """A plank of so many seconds, from the first frame to the last."""
    time = _time(seconds)
    pike = rng.uniform(*_PIKE[code]) if code in _PIKE else person.plank_pike
    return plank(
        person,
        Plank(
            pike=pike,
            forearms=person.plank_forearms,
            arm_lean=person.plank_arm_lean,
            knee_flexion=person.plank_knee_flexion,
            kneeling=np.zeros_like(time),
            kneeling_flexion=50.0,
            sway_pike=sway(time, rng, 1.0),
            sway_x=sway(time, rng, 0.004),
        ),
    )


def _kneel(person: Person, rng: np.random.Generator) -> Array:
    """A rest between planks, the knees on the ground."""
    time = _time(rng.uniform(1.5, 8.0))
    return plank(
        person,
        Plank(
            pike=person.plank_pike,
            forearms=person.plank_forearms,
            arm_lean=person.plank_arm_lean,
            knee_flexion=person.plank_knee_flexion,
            kneeling=np.ones_like(time),
            kneeling_flexion=rng.uniform(45, 75),
            sway_pike=sway(time, rng, 1.0),
            sway_x=sway(time, rng, 0.004),
        ),
    )


#: What may happen besides repetitions.
ACTIVITIES: dict[str, Callable[[Person, np.random.Generator], Array]] = {
    "walk": _walk,
    "stand": _stand,
    "dip": _dip,
    "arms": _arms,
    "sit": _sit,
    "kneel": _kneel,
}


def draw_plan(rng: np.random.Generator) -> list[str]:
    """Draw what a person does in a recording: one exercise or two, and what is between."""
    plan = ["walk"] if rng.random() < 0.6 else []
    for exercise in rng.permutation(EXERCISES)[: 1 + int(rng.random() < 0.3)]:
        codes = [code for code in CODES if exercise_of(code) == exercise]
        if exercise == "plank":
            usual = [str(rng.choice(codes)), correct_code("plank")]
            longest = 60.0 if rng.random() < 0.3 else 20.0
            for i in range(int(rng.integers(1, 4))):
                plan += ["kneel"] * (i > 0) + [f"{rng.choice(usual)}:{rng.uniform(4.0, longest):.1f}"]
            plan.append("stand")
        else:
            for _ in range(int(rng.integers(2, 7))):
                plan.append(str(rng.choice(codes)))
                if rng.random() < 0.4:
                    plan.append(str(rng.choice(["sit", "dip", "arms", "stand"])))
    return plan + (["walk"] if rng.random() < 0.6 else [])


def draw_other_plan(rng: np.random.Generator) -> list[str]:
    """Draw a recording of none of the exercises."""
    return ["stand", *(str(rng.choice(["walk", "sit", "dip", "arms", "stand"])) for _ in range(3))]
