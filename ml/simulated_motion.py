"""Squat, lunge and plank as joint-angle courses with planted feet and hands: parameters in, 19 joints out."""

from dataclasses import dataclass

import numpy as np

from ml.kinematics import STRAIGHTEST, Array, middle_joint, reach, turned, vector
from ml.simulated_body import Trunk, arm, assemble, bent_arm, foot, foot_offsets, upright_trunk
from ml.simulated_people import Person
from ml.vectors import unit

SIDES = (-1.0, 1.0)


@dataclass(frozen=True)
class Squat:
    """What a squat looks like at its lowest point (degrees; `stance` a share of the leg), and its course."""

    stance: float
    toe_out: float
    inner_knee: float
    shank_lean: float
    trunk_lean: float
    knee_out: tuple[float, float]  # left, right; negative is inward
    pelvis_back: float  # metres behind where shank and thigh alone would put it
    arms: str
    arms_at_rest: str
    depth: Array  # (F,) 0 standing, 1 lowest
    sway_x: Array  # (F,) metres
    sway_lean: Array  # (F,) degrees


@dataclass(frozen=True)
class Lunge:
    """What a lunge looks like at its lowest point (degrees, shares of the leg), and its course."""

    lead: float  # -1 left, +1 right leg in front
    style: str  # step | step_back | split
    inner_knee: float
    shank_lean: float
    trunk_lean: float
    foot_inner_knee: float  # of the correct lunge, which the distance of the feet is made for
    foot_shank_lean: float
    step_share: float  # 1: the step fits the correct lunge; less: too short a step
    rear_thigh_lean: float
    width: float
    knee_out: float
    arms: str
    depth: Array
    step: Array  # (F,) 0 feet together, 1 feet apart
    sway_x: Array
    sway_lean: Array


@dataclass(frozen=True)
class Plank:
    """A plank's body line (degrees; + pike is hips up), whether it rests on forearms, and its course."""

    pike: float
    forearms: bool
    arm_lean: float
    knee_flexion: float
    kneeling: Array  # (F,) 1 on the knees, 0 in the plank
    kneeling_flexion: float
    sway_pike: Array  # (F,) degrees
    sway_x: Array


#: Share of the body's mass and, for the trunk, how far up it is (Winter 2009; the head is part of the trunk).
TRUNK_MASS, ARM_MASS, THIGH_MASS, SHANK_MASS, TRUNK_CENTRE = 0.578, 0.10, 0.20, 0.093, 0.62
#: Where the hands are, in arm lengths ahead of the shoulder.
HANDS_AHEAD = {
    "forward": 0.95,
    "clasped": 0.5,
    "crossed": 0.3,
    "on_hips": 0.0,
    "hanging": 0.1,
    "behind_head": -0.1,
}


def balanced_lean(person: Person, inner_knee: float, shank_lean: float) -> float:
    """Return the trunk's lean in degrees at which the centre of mass is over the middle of the foot."""
    lean, flexion = np.radians(shank_lean), np.radians(180 - inner_knee)
    knee = person.shank * np.sin(lean)
    hip = knee - person.thigh * np.sin(flexion - lean)
    legs = SHANK_MASS * 0.6 * knee + THIGH_MASS * (0.57 * hip + 0.43 * knee)
    hands = 0.5 * HANDS_AHEAD[person.arms] * person.arm
    needed = 0.24 * person.foot - legs - (TRUNK_MASS + ARM_MASS) * hip - ARM_MASS * hands
    reach_of_trunk = (TRUNK_MASS * TRUNK_CENTRE + ARM_MASS) * person.trunk
    return float(np.degrees(np.arcsin(np.clip(needed / reach_of_trunk, 0.2, 0.87))))


def squat(person: Person, p: Squat) -> Array:
    """Return the joints (F, 19, 3) of a squat: flat feet planted, knees over the toes by default."""
    thigh, shank = person.thigh, person.shank
    flexion = np.radians(6 + (180 - p.inner_knee - 6) * p.depth)
    lean = np.radians(3 + (p.shank_lean - 3) * p.depth)
    half = p.stance * person.leg / 2
    aside = abs(half - person.hip_width / 2)
    distance = reach(thigh, shank, flexion)
    back = thigh * np.sin(flexion - lean) - shank * np.sin(lean) + p.pelvis_back * p.depth
    height = shank * np.cos(lean) + thigh * np.cos(flexion - lean)
    # Keep the leg's bend and the direction of its line; what the stance takes sideways is lost in height.
    line = np.arctan2(back, height)
    in_plane = np.sqrt(np.maximum(np.square(distance) - aside**2, 0.01))
    pelvis = vector(
        person.lateral_shift * p.depth + p.sway_x,
        -in_plane * np.sin(line),
        person.ankle_height + in_plane * np.cos(line),
    )
    ankles = {
        side: np.broadcast_to(vector(side * half, 0.0, person.ankle_height), pelvis.shape) for side in SIDES
    }
    pelvis = _lowered(person, pelvis, ankles)
    # The course may undershoot zero by a rounding error, of which there is no root.
    bowed = np.sin(np.pi / 2 * np.clip(p.depth, 0, 1)) ** 1.5
    trunk_lean = 3 + (p.trunk_lean - 3) * bowed + p.sway_lean
    trunk = upright_trunk(person, pelvis, trunk_lean)
    legs = {}
    for side, knee_out in zip(SIDES, p.knee_out, strict=True):
        heading = side * np.radians(p.toe_out)
        ankle = ankles[side]
        # The knees give way as the load comes on, not in standing.
        direction = heading + side * np.radians(knee_out) * np.clip(p.depth * 1.6, 0, 1)
        pole = vector(np.sin(direction), np.cos(direction), 0.0)
        knee = middle_joint(trunk.hip(person, side), ankle, thigh, shank, pole)
        legs[side] = (knee, ankle, *foot(person, ankle, heading, 0.0))
    arms = {
        side: arm(person, trunk, side, p.arms_at_rest, p.arms, np.clip(p.depth * 1.3, 0, 1)) for side in SIDES
    }
    return assemble(person, trunk, arms, legs, _gaze(trunk, trunk_lean))


def lunge(person: Person, p: Lunge) -> Array:
    """Return the joints (F, 19, 3) of a lunge: a step to a split stance, down, up, back; or a split only."""
    thigh, shank, leg = person.thigh, person.shank, person.leg
    # The front ankle is the origin of y; the distance of the feet comes from the correct lowest position.
    bottom_lean = np.radians(p.foot_shank_lean)
    bottom_flexion = np.radians(180 - p.foot_inner_knee)
    hip_at_bottom = shank * np.sin(bottom_lean) - thigh * np.sin(bottom_flexion - bottom_lean)
    rear_ankle_y = p.step_share * (
        hip_at_bottom - thigh * np.sin(np.radians(p.rear_thigh_lean)) - 0.97 * shank
    )
    half = p.width * leg / 2
    # Where the pelvis is: over the standing foot, and in the split as the front leg's angles put it.
    top_height = np.sqrt((0.99 * leg) ** 2 - (rear_ankle_y / 2) ** 2)
    top_y, top_z = rear_ankle_y * 0.5, top_height
    lean, flexion = np.radians(p.shank_lean), np.radians(180 - p.inner_knee)
    low_y = shank * np.sin(lean) - thigh * np.sin(flexion - lean)
    low_z = shank * np.cos(lean) + thigh * np.cos(flexion - lean)
    # The rear knee may touch the floor, not go through it.
    low_z = max(low_z, thigh * np.cos(np.radians(p.rear_thigh_lean)) - person.ankle_height + 0.06)
    split_y = top_y + (low_y - top_y) * p.depth
    split_z = top_z + (low_z - top_z) * p.depth
    stand_y = 0.0 if p.style == "step_back" else rear_ankle_y
    y = stand_y + (split_y - stand_y) * p.step
    z = 0.996 * leg + (split_z - 0.996 * leg) * p.step
    pelvis = vector(p.sway_x, y, person.ankle_height + z)

    rear_pitch = np.radians(p.step * (28 + 34 * p.depth))
    lift = 0.12 * leg * np.sin(np.pi * p.step) ** 2
    together = person.hip_width / 2
    ankles, pitches = {}, {}
    for side in SIDES:
        front = side == p.lead
        moves = p.style != "split" and front == (p.style == "step")
        x = side * (together + (half - together) * p.step)
        if front:
            at = vector(
                x, 0.0 if not moves else rear_ankle_y * (1 - p.step), person.ankle_height + lift * moves
            )
            pitch = np.zeros_like(p.step)
        else:
            # The toe stays where it is while the heel comes up over it.
            flat_toe = foot_offsets(person, 0.0, 0.0)[0]
            rear_y = rear_ankle_y * (p.step if moves else 1.0)
            toe = vector(x, rear_y + flat_toe[1], lift * moves)
            at = toe - foot_offsets(person, 0.0, rear_pitch)[0]
            pitch = rear_pitch
        ankles[side], pitches[side] = at, pitch
    pelvis = _lowered(person, pelvis, ankles)
    trunk_lean = 2 + (p.trunk_lean - 2) * p.step * (0.4 + 0.6 * p.depth) + p.sway_lean
    trunk = upright_trunk(person, pelvis, trunk_lean)
    legs = {}
    for side in SIDES:
        hip = trunk.hip(person, side)
        outward = np.radians(p.knee_out) * side * (side == p.lead)
        pole = vector(np.sin(outward), np.cos(outward), -0.15)
        ankle = _ankle_in_reach(hip, ankles[side], person)
        knee = middle_joint(hip, ankle, thigh, shank, pole)
        legs[side] = (
            knee,
            ankle,
            *foot(person, ankle, side * np.radians(5.0) * (side == p.lead), pitches[side]),
        )
    arms = {side: arm(person, trunk, side, p.arms, p.arms, p.depth) for side in SIDES}
    # Everybody starts at the same place, however long the step.
    return assemble(person, trunk, arms, legs, _gaze(trunk, trunk_lean)) - np.array([0.0, stand_y, 0.0])


def plank(person: Person, p: Plank) -> Array:
    """Return the joints (F, 19, 3) of a plank, head towards +y: toes and forearms (or hands) planted."""
    kneel = p.kneeling
    flexion = np.radians(p.knee_flexion + (p.kneeling_flexion - p.knee_flexion) * kneel)
    pike = np.radians(p.pike + (max(30.0, p.pike - 12.0) - p.pike) * 0.75 * kneel + p.sway_pike)
    leg = reach(person.thigh, person.shank, flexion)
    body = reach(leg, person.trunk, pike)  # ankles to shoulders
    support = person.upper_arm if p.forearms else STRAIGHTEST * person.arm
    lean = np.radians(p.arm_lean - 14.0 * kneel)
    contact_height = 0.03
    shoulder = vector(0.0, support * np.sin(lean), contact_height + support * np.cos(lean))
    # Toes are where the still plank puts them, the foot upright on its ball.
    ball = float(np.hypot(0.74 * person.foot, person.ankle_height))
    still_body = reach(
        reach(person.thigh, person.shank, np.radians(p.knee_flexion)), person.trunk, np.radians(p.pike)
    )
    still_lean = np.radians(p.arm_lean)
    still = np.array([support * np.sin(still_lean), contact_height + support * np.cos(still_lean)])
    ankle_height = 0.93 * ball
    ankle_y = still[0] - np.sqrt(max(still_body**2 - (still[1] - ankle_height) ** 2, 0.01))
    toe = np.array([ankle_y - 0.01, 0.015])
    ankle_yz = _circles(shoulder[:, 1:], body, np.broadcast_to(toe, (len(kneel), 2)), ball)
    # The pelvis is off the ankle-shoulder line by the pike.
    line = shoulder[:, 1:] - ankle_yz
    length = np.linalg.norm(line, axis=1)
    at_ankle = np.arcsin(np.clip(person.trunk * np.sin(pike) / np.maximum(length, 1e-6), -1, 1))
    angle = np.arctan2(line[:, 1], line[:, 0]) + at_ankle
    pelvis = vector(p.sway_x, ankle_yz[:, 0] + leg * np.cos(angle), ankle_yz[:, 1] + leg * np.sin(angle))
    direction = unit(vector(0.0, shoulder[:, 1], shoulder[:, 2]) - pelvis * np.array([0.0, 1.0, 1.0]))
    neck = pelvis + person.trunk * direction
    right = np.broadcast_to(np.array([1.0, 0.0, 0.0]), neck.shape)
    trunk = Trunk(pelvis, neck, right, right)
    arms, legs = {}, {}
    for side in SIDES:
        x = side * person.shoulder_width / 2
        under = np.broadcast_to(np.array([x * 1.02, 0.0, contact_height]), neck.shape)
        if p.forearms:
            elbow = trunk.shoulder(person, side) + person.upper_arm * unit(
                under - trunk.shoulder(person, side)
            )
            inward = np.array([-side * 0.35, 0.93, -0.06])
            arms[side] = (elbow, elbow + person.forearm * unit(inward))
        else:
            arms[side] = bent_arm(
                person, trunk.shoulder(person, side), under, np.array([side * 0.6, -1.0, 0.0])
            )
        hip = trunk.hip(person, side)
        ankle = vector(side * max(person.hip_width / 2, 0.07), ankle_yz[:, 0], ankle_yz[:, 1])
        ankle = _ankle_in_reach(hip, ankle, person)
        knee = middle_joint(hip, ankle, person.thigh, person.shank, np.array([0.0, 0.3, -1.0]))
        # Turn the foot so that its big toe is on the ball's place.
        pitch = np.arctan2(-person.ankle_height, 0.74 * person.foot) - np.arctan2(
            toe[1] - ankle[:, 2], toe[0] - ankle[:, 1]
        )
        legs[side] = (knee, ankle, *foot(person, ankle, 0.0, pitch))
    gaze = direction * 0.8 + np.array([0.0, 0.0, -0.6])
    return assemble(person, trunk, arms, legs, gaze)


def _gaze(trunk: Trunk, lean: Array) -> Array:
    """The head makes up for most of the trunk's lean, as people look ahead."""
    own = np.radians(0.35 * lean)
    return trunk.forward * 0.45 + vector(0.0, np.sin(own), np.cos(own))


def _ankle_in_reach(hip: Array, ankle: Array, person: Person) -> Array:
    axis = ankle - hip
    distance = np.linalg.norm(axis, axis=-1, keepdims=True)
    return hip + axis * np.minimum(1.0, STRAIGHTEST * person.leg / distance)


def _lowered(person: Person, pelvis: Array, ankles: dict[float, Array]) -> Array:
    """Lower the pelvis where a leg would not reach its ankle."""
    height = pelvis[:, 2].copy()
    for side, ankle in ankles.items():
        offset = turned(np.array([side * person.hip_width / 2, 0.0, 0.0]), np.radians(person.yaw))
        across = np.square(ankle[:, :2] - pelvis[:, :2] - offset[:2]).sum(-1)
        tallest = ankle[:, 2] + np.sqrt(np.maximum((0.998 * person.leg) ** 2 - across, 0.04)) - 0.002
        height = np.minimum(height, tallest)
    return vector(pelvis[:, 0], pelvis[:, 1], height)


def _circles(centre: Array, radius: Array, other: Array, other_radius: float) -> Array:
    """Where two circles meet, the point further up and back of the two, shape (F, 2)."""
    apart = other - centre
    distance = np.maximum(np.linalg.norm(apart, axis=1), 1e-6)
    along = (distance**2 + radius**2 - other_radius**2) / (2 * distance)
    along = np.clip(along, -radius, radius)
    height = np.sqrt(np.maximum(radius**2 - along**2, 0.0))
    direction = apart / distance[:, None]
    across = np.stack([direction[:, 1], -direction[:, 0]], axis=1)
    across *= np.where(across[:, 1:] < 0, -1.0, 1.0)
    return centre + along[:, None] * direction + height[:, None] * across
