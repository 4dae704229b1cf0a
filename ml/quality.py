"""How far a recording can be trusted: good, usable or poor, with the reasons."""

from typing import Literal, NamedTuple

import numpy as np

from ml.poses.sequence import PoseSequence
from ml.preprocess import Prepared
from ml.skeletons import EC3D_19

Grade = Literal["good", "usable", "poor"]

#: From the first number on a recording is usable, from the second poor.
FILLED_SHARE = (0.05, 0.2)
#: A limb is rigid: what its length varies by (median deviation, as a share) is the sensor's error.
LENGTH_SPREAD = (0.05, 0.15)
#: Below the first number usable, below the second poor; Hz.
FRAME_RATE_HZ = (20.0, 12.0)

_LIMBS = tuple(
    (f"{side}_{upper}", f"{side}_{lower}", f"{side} {limb}")
    for limb, upper, lower in (
        ("thigh", "hip", "knee"),
        ("shank", "knee", "ankle"),
        ("upper arm", "shoulder", "elbow"),
        ("forearm", "elbow", "wrist"),
    )
    for side in ("left", "right")
)


class Quality(NamedTuple):
    """The grade, and a sentence for each thing that lowers it (none for a good recording)."""

    grade: Grade
    reasons: tuple[str, ...]


def grade(prepared: Prepared) -> Quality:
    """Grade one recording.

    Parameters
    ----------
    prepared : Prepared
        From `ml.preprocess.prepare`: the motion, and the share of each joint that was filled in.

    Returns
    -------
    Quality
        The worst of what was found decides: joints filled in, limbs whose length varies, a slow frame rate,
        feet that the sensor does not give.
    """
    found = [
        *_filled(prepared.filled),
        *_lengths(prepared.sequence),
        *_rate(prepared.sequence),
        *_feet(prepared.sequence),
    ]
    order: tuple[Grade, ...] = ("good", "usable", "poor")
    worst = max((order.index(level) for level, _ in found), default=0)
    return Quality(order[worst], tuple(reason for _, reason in found))


def _level(value: float, thresholds: tuple[float, float]) -> Grade:
    return "poor" if value >= thresholds[1] else "usable" if value >= thresholds[0] else "good"


def _filled(filled: dict[str, float]) -> list[tuple[Grade, str]]:
    """Of joints that the model needs most of; EC3D's nose tells nothing about an exercise."""
    return [
        (level, f"{share:.0%} of the {joint.replace('_', ' ')} was filled in.")
        for joint, share in sorted(filled.items(), key=lambda item: -item[1])
        if joint != "nose" and (level := _level(share, FILLED_SHARE)) != "good"
    ]


def _lengths(sequence: PoseSequence) -> list[tuple[Grade, str]]:
    found: list[tuple[Grade, str]] = []
    for upper, lower, limb in _LIMBS:
        lengths = np.linalg.norm(sequence.joint(upper) - sequence.joint(lower), axis=1)
        median = float(np.median(lengths))
        spread = float(np.median(np.abs(lengths - median))) / median if median > 0 else 1.0
        if (level := _level(spread, LENGTH_SPREAD)) != "good":
            # Arms are what one camera sees worst and what these exercises need least.
            is_leg = limb.endswith(("thigh", "shank"))
            found.append((level if is_leg else "usable", f"The length of the {limb} varies by {spread:.0%}."))
    return found


def _rate(sequence: PoseSequence) -> list[tuple[Grade, str]]:
    usable, poor = FRAME_RATE_HZ
    rate = sequence.frame_rate
    if rate >= usable:
        return []
    return [("poor" if rate < poor else "usable", f"Only {rate:g} frames a second were recorded.")]


def _feet(sequence: PoseSequence) -> list[tuple[Grade, str]]:
    feet = [joint for joint in EC3D_19.joints if joint.endswith("big_toe") and joint in sequence.estimated]
    return [("usable", "The feet were not measured; they are put in from the ankles.")] if feet else []
