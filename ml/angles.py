"""The joint angles of exfb and their definitions; `docs/angles.md` is the same table in words."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ml.skeletons import EC3D_19
from ml.vectors import direction

Array = NDArray[np.float64]


class AngleDefinition(NamedTuple):
    """One row of the published table: what is measured, from which joints, and what a sensor is good for."""

    name: str
    unit: str
    definition: str
    sign: str
    trust: str


def _sides(name: str, definition: str, sign: str, trust: str) -> tuple[AngleDefinition, ...]:
    return tuple(
        AngleDefinition(f"{side}_{name}", "deg", definition.format(side=side), sign, trust)
        for side in ("left", "right")
    )


ANGLES: tuple[AngleDefinition, ...] = (
    *_sides(
        "knee_flexion",
        "180° minus the angle at {side}_knee between {side}_hip and {side}_ankle",
        "0 straight, + bent",
        "good from any sensor (about 5°)",
    ),
    *_sides(
        "hip_flexion",
        "180° minus the angle at {side}_hip between {side}_knee and the trunk (mid_hip to neck)",
        "0 straight, + bent",
        "fair: a rounded back counts as hip flexion",
    ),
    *_sides(
        "ankle_dorsiflexion",
        "90° minus the angle between {side}_heel to {side}_big_toe and {side}_ankle to {side}_knee",
        "0 when the shank is upright on a flat foot, + shank forward",
        "fair with several cameras, poor from one",
    ),
    *_sides(
        "knee_valgus",
        "angle of {side}_knee off the line {side}_hip to {side}_ankle, along the person's left-right axis",
        "+ knee inward, - outward",
        "fair with several cameras; one camera shows less than there is",
    ),
    AngleDefinition(
        "trunk_lean",
        "deg",
        "angle of mid_hip to neck from the vertical",
        "0 upright, 90 horizontal",
        "good where the vertical is known; one tilted camera adds its tilt",
    ),
    AngleDefinition(
        "back_curve",
        "deg",
        "angle by which neck, mid_hip and the mean of the knees leave a straight line, seen from the side",
        "0 straight, + hips away from the front (hunched), - hips towards the front (arched)",
        "fair: sees the hips sag or pike, not the curve of the spine itself",
    ),
)


def joint_angles(positions: Array) -> dict[str, Array]:
    """Return every angle of `ANGLES` in every frame.

    Parameters
    ----------
    positions : ndarray of float, shape (F, 19, 3)
        Skeleton EC3D_19, canonical frame (z up); any unit of length.

    Returns
    -------
    dict of str to ndarray of float, shape (F,)
        Degrees, in the order of `ANGLES`. NaN where a joint is NaN or two joints coincide.
    """
    joint = {name: positions[:, i] for i, name in enumerate(EC3D_19.joints)}
    trunk = joint["neck"] - joint["mid_hip"]
    to_right = (joint["right_hip"] - joint["left_hip"]) + (joint["right_shoulder"] - joint["left_shoulder"])
    angles: dict[str, Array] = {}
    for side in ("left", "right"):
        hip, knee, ankle = (joint[f"{side}_{part}"] for part in ("hip", "knee", "ankle"))
        foot = joint[f"{side}_big_toe"] - joint[f"{side}_heel"]
        inward = to_right if side == "left" else -to_right
        angles[f"{side}_knee_flexion"] = 180.0 - _between(hip - knee, ankle - knee)
        angles[f"{side}_hip_flexion"] = 180.0 - _between(knee - hip, trunk)
        angles[f"{side}_ankle_dorsiflexion"] = 90.0 - _between(foot, knee - ankle)
        angles[f"{side}_knee_valgus"] = _valgus(hip, knee, ankle, inward)
    vertical = np.broadcast_to(np.array([0.0, 0.0, 1.0]), trunk.shape)
    angles["trunk_lean"] = _between(trunk, vertical)
    thighs = (joint["left_knee"] + joint["right_knee"]) / 2.0 - joint["mid_hip"]
    angles["back_curve"] = _sagittal_bend(trunk, -thighs, direction(to_right))
    return {definition.name: angles[definition.name] for definition in ANGLES}


def _between(a: Array, b: Array) -> Array:
    """Angle in degrees between two vectors a frame."""
    return np.degrees(np.arccos(np.clip(np.sum(direction(a) * direction(b), axis=-1), -1.0, 1.0)))


def _sagittal_bend(upper: Array, lower: Array, right: Array) -> Array:
    """Angle from `lower` to `upper` as seen from the side, + where the upper leans to the person's front."""
    upper = upper - np.sum(upper * right, axis=-1, keepdims=True) * right
    lower = lower - np.sum(lower * right, axis=-1, keepdims=True) * right
    sine = -np.sum(np.cross(lower, upper) * right, axis=-1)
    return np.degrees(np.arctan2(sine, np.sum(lower * upper, axis=-1)))


def _valgus(hip: Array, knee: Array, ankle: Array, inward: Array) -> Array:
    """How far the knee leaves the plane through hip and ankle that holds the forward direction."""
    leg = direction(ankle - hip)
    across = inward - np.sum(inward * leg, axis=-1, keepdims=True) * leg
    offset = np.sum((knee - hip) * direction(across), axis=-1)
    thigh = np.linalg.norm(knee - hip, axis=-1)
    shank = np.linalg.norm(ankle - knee, axis=-1)
    # The bend at the knee that this sideways offset means: asin on the thigh plus asin on the shank.
    return np.degrees(_asin_of_ratio(offset, thigh) + _asin_of_ratio(offset, shank))


def _asin_of_ratio(opposite: Array, hypotenuse: Array) -> Array:
    """Radians; NaN where the bone has no length."""
    ratio = np.divide(opposite, hypotenuse, out=np.full_like(opposite, np.nan), where=hypotenuse > 1e-12)
    return np.arcsin(np.clip(ratio, -1.0, 1.0))
