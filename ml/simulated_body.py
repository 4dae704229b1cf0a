"""The parts of a simulated body that all exercises share: trunk, arms, feet, and the 19 joints of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ml.kinematics import Array, middle_joint, reachable, turned, vector
from ml.simulated_people import Person
from ml.skeletons import EC3D_19
from ml.vectors import unit

UP = np.array([0.0, 0.0, 1.0])


@dataclass(frozen=True)
class Trunk:
    """Pelvis and trunk of every frame, each (F, 3): pelvis centre, neck, directions of the cross bars."""

    pelvis: Array
    neck: Array
    hips_right: Array
    shoulders_right: Array

    @cached_property
    def up(self) -> Array:
        return unit(self.neck - self.pelvis)

    @cached_property
    def forward(self) -> Array:
        return unit(np.cross(self.up, self.shoulders_right))

    def hip(self, person: Person, side: float) -> Array:
        return self.pelvis + side * person.hip_width / 2 * self.hips_right

    def shoulder(self, person: Person, side: float) -> Array:
        return self.neck + side * person.shoulder_width / 2 * self.shoulders_right


def upright_trunk(person: Person, pelvis: Array, lean: Array) -> Trunk:
    """Build a trunk leaning forward by `lean` degrees over `pelvis` (F, 3)."""
    lean = np.radians(lean)
    yaw = np.radians(person.yaw)
    direction = turned(vector(0.0, np.sin(lean), np.cos(lean)), yaw)
    neck = pelvis + person.trunk * direction
    tilt = np.radians(person.pelvis_roll)
    right = turned(vector(np.cos(tilt), 0.0, np.sin(tilt)), yaw)
    right = np.broadcast_to(right, pelvis.shape)
    shoulders = unit(right - (right * direction).sum(-1, keepdims=True) * direction)
    return Trunk(pelvis, neck, right, shoulders)


def _wrist_target(person: Person, trunk: Trunk, side: float, posture: str) -> Array:
    shoulder = trunk.shoulder(person, side)
    right, forward, up = trunk.shoulders_right, trunk.forward, trunk.up
    arm = person.arm
    if posture == "hanging":
        target = shoulder + arm * (side * 0.22 * right + vector(0, 0.10, -0.94))
        return np.maximum(target, [-np.inf, -np.inf, 0.05])
    if posture == "forward":
        return shoulder + arm * (-side * 0.06 * right + vector(0, 0.955, 0.05))
    if posture == "clasped":
        return trunk.neck + 0.52 * arm * forward - 0.14 * arm * up + side * 0.03 * right
    if posture == "crossed":
        return trunk.neck + 0.28 * arm * forward - 0.10 * arm * up - side * 0.22 * arm * right
    if posture == "on_hips":
        return trunk.hip(person, side) + 0.06 * side * right + 0.03 * forward + 0.05 * up
    return trunk.neck + 0.16 * arm * up - 0.05 * arm * forward + side * 0.12 * right


_ELBOW_POLES = {  # right, forward, up in the trunk's frame
    "hanging": (0.4, -1.0, 0.0),
    "forward": (0.6, 0.0, -1.0),
    "clasped": (0.6, 0.0, -1.0),
    "crossed": (0.8, 0.2, -1.0),
    "on_hips": (1.0, -0.5, 0.0),
    "behind_head": (1.0, 0.3, 0.0),
}


def arm(
    person: Person, trunk: Trunk, side: float, rest: str, working: str, blend: Array
) -> tuple[Array, Array]:
    """Return elbow and wrist (F, 3) of an arm moving from posture `rest` (blend 0) to `working` (1)."""
    share = blend[:, None]
    wrist = (1 - share) * _wrist_target(person, trunk, side, rest) + share * _wrist_target(
        person, trunk, side, working
    )
    poles = [
        side * right * trunk.shoulders_right + forward * trunk.forward + up * trunk.up
        for right, forward, up in (_ELBOW_POLES[rest], _ELBOW_POLES[working])
    ]
    return bent_arm(person, trunk.shoulder(person, side), wrist, (1 - share) * poles[0] + share * poles[1])


def bent_arm(person: Person, shoulder: Array, wrist: Array, pole: Array) -> tuple[Array, Array]:
    """Return elbow and wrist (F, 3) with the arm's own lengths; a wrist out of reach is pulled in."""
    distance = np.linalg.norm(wrist - shoulder, axis=-1, keepdims=True)
    nearest = abs(person.upper_arm - person.forearm) + 0.03
    wrist = shoulder + (wrist - shoulder) * np.maximum(1.0, nearest / np.maximum(distance, 1e-6))
    wrist = reachable(shoulder, wrist, person.arm)
    return middle_joint(shoulder, wrist, person.upper_arm, person.forearm, pole), wrist


def foot(person: Person, ankle: Array, heading: Array | float, pitch: Array | float) -> tuple[Array, Array]:
    """Return big toe and heel (F, 3) under an ankle: heading in radians from +y to the right, pitch heel up.

    At pitch 0 the sole is flat, an ankle's height below the ankle.
    """
    toe, heel = foot_offsets(person, heading, pitch)
    return ankle + toe, ankle + heel


def foot_offsets(person: Person, heading: Array | float, pitch: Array | float) -> tuple[Array, Array]:
    """Return toe and heel relative to the ankle, metres; see `foot`."""
    c, s = np.cos(pitch), np.sin(pitch)

    def place(along: float, height: float) -> Array:
        y, z = along * c + height * s, height * c - along * s
        return vector(y * np.sin(heading), y * np.cos(heading), z)

    height = -person.ankle_height
    return place(0.74 * person.foot, height), place(-0.26 * person.foot, height)


def assemble(
    person: Person,
    trunk: Trunk,
    arms: dict[float, tuple[Array, Array]],
    legs: Mapping[float, tuple[Array, ...]],
    gaze: Array,
) -> Array:
    """Put the 19 joints together.

    Parameters
    ----------
    arms : side (-1 left, +1 right) to (elbow, wrist), each (F, 3)
    legs : side to (knee, ankle, toe, heel), each (F, 3)
    gaze : ndarray, shape (F, 3)
        From the neck to the nose, any length.

    Returns
    -------
    ndarray, shape (F, 19, 3), metres, canonical frame
    """
    joints = {
        "nose": trunk.neck + person.head * unit(gaze),
        "neck": trunk.neck,
        "mid_hip": trunk.pelvis,
    }
    for side, name in ((-1.0, "left"), (1.0, "right")):
        joints[f"{name}_shoulder"] = trunk.shoulder(person, side)
        joints[f"{name}_elbow"], joints[f"{name}_wrist"] = arms[side]
        joints[f"{name}_hip"] = trunk.hip(person, side)
        knee, ankle, toe, heel = legs[side]
        joints |= {f"{name}_knee": knee, f"{name}_ankle": ankle, f"{name}_big_toe": toe, f"{name}_heel": heel}
    return np.stack([joints[name] for name in EC3D_19.joints], axis=1)
