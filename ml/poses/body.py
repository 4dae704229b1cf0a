"""What makes a body: the joints it cannot do without, its size, and where joints lie that a source lacks."""

import numpy as np
from numpy.typing import NDArray

from ml.vectors import direction

Array = NDArray[np.float64]

#: Without these nothing can be said; the others can be put in from them.
REQUIRED = tuple(
    f"{side}_{part}"
    for part in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle")
    for side in ("left", "right")
)


def seen(path: Array) -> NDArray[np.bool_]:
    """Return in which frames of a path (F, 3) the joint was seen, (F,)."""
    return np.asarray(np.isfinite(path).all(axis=-1))


def middle(joints: dict[str, Array], part: str) -> Array:
    """Return the path halfway between the left and the right joint, (F, 3)."""
    return (joints[f"left_{part}"] + joints[f"right_{part}"]) / 2.0


def median_length(path: Array) -> float:
    """Return the median length of vectors (F, 3) of which some may be NaN."""
    lengths = np.linalg.norm(path, axis=-1)
    lengths = lengths[np.isfinite(lengths)]
    return float(np.median(lengths)) if len(lengths) else float("nan")


def body_length(joints: dict[str, Array]) -> float:
    """Shank, thigh and trunk of the person, one after the other, in the file's unit."""
    legs = [
        median_length(joints[f"{side}_{upper}"] - joints[f"{side}_{lower}"])
        for side in ("left", "right")
        for upper, lower in (("knee", "ankle"), ("hip", "knee"))
    ]
    return sum(legs) / 2.0 + median_length(middle(joints, "shoulder") - middle(joints, "hip"))


def estimated_joints(joints: dict[str, Array]) -> dict[str, Array]:
    """The joints that the source lacks, from their neighbours and the proportions of an adult.

    Lengths are shares of the thigh and shank (Drillis and Contini's segment table, rounded): a sole is about
    a third of the leg. A foot is taken as level and pointing where the pelvis points, which only a rough
    picture should rest on; hence the mark.
    """
    added: dict[str, Array] = {}
    shoulders, hips = middle(joints, "shoulder"), middle(joints, "hip")
    if "neck" not in joints:
        added["neck"] = shoulders
    if "mid_hip" not in joints:
        added["mid_hip"] = hips
    up = direction(shoulders - hips)
    to_right = joints["right_shoulder"] - joints["left_shoulder"] + joints["right_hip"] - joints["left_hip"]
    if "nose" not in joints:
        trunk = median_length(shoulders - hips)
        added["nose"] = shoulders + trunk * (0.35 * up + 0.18 * direction(np.cross(up, to_right)))
    level_forward = direction(np.cross(np.array([0.0, 0.0, 1.0]), to_right))
    for side in ("left", "right"):
        ankle = joints[f"{side}_ankle"]
        leg = median_length(joints[f"{side}_hip"] - joints[f"{side}_knee"])
        leg += median_length(joints[f"{side}_knee"] - ankle)
        drop = np.array([0.0, 0.0, 0.07]) * leg
        if f"{side}_big_toe" not in joints:
            added[f"{side}_big_toe"] = ankle + 0.2 * leg * level_forward - drop
        if f"{side}_heel" not in joints:
            added[f"{side}_heel"] = ankle - 0.06 * leg * level_forward - drop
    return added
