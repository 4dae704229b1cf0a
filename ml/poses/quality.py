"""How far a recording can be trusted: good, usable or poor, with the reasons."""

from typing import Literal, NamedTuple

import numpy as np

from ml.poses.faults import Fault, Repaired
from ml.poses.sequence import PoseSequence

Grade = Literal["good", "usable", "poor"]
GRADES: tuple[Grade, ...] = ("good", "usable", "poor")

#: From the first number on a recording is usable, from the second poor.
FILLED_SHARE = (0.05, 0.2)
SWAPPED_SHARE = (0.0, 0.2)
#: A gap up to the first length (seconds) is bridged without loss; over a longer one the path is a guess.
GAP_S = (0.2, 1.0)
#: A limb is rigid: what its length varies by (median deviation, as a share) is the sensor's error.
LENGTH_SPREAD = (0.05, 0.15)
#: Jitter that the analysis takes out is taken out here too: lengths are averaged over this time.
AVERAGED_S = 0.1
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


#: What lowers the grade, by code, as `python -m ml.poses check` says it.
REASONS = {
    "filled": "{share} of the {joint} was filled in.",
    "lost": "The {joint} is lost for {seconds} s from {start} s on.",
    "exchanged": "Left and right {part} were exchanged in {frames} frames.",
    "limb_length": "The length of the {limb} varies by {share}.",
    "slow": "Only {rate} frames a second were recorded.",
    "no_feet": "The feet were not measured; they are put in from the ankles.",
}


class Reason(NamedTuple):
    """One thing that lowers the grade: a code of `REASONS`, and what its sentence names."""

    code: str
    values: dict[str, str]

    def in_words(self) -> str:
        """Return the reason as an English sentence."""
        return REASONS[self.code].format(
            **{name: value.replace("_", " ") for name, value in self.values.items()}
        )


class Quality(NamedTuple):
    """The grade, and what lowers it (nothing for a good recording)."""

    grade: Grade
    reasons: tuple[Reason, ...]


GOOD = Quality("good", ())


def grade(repaired: Repaired) -> Quality:
    """Grade one recording.

    Parameters
    ----------
    repaired : Repaired
        From `ml.poses.faults.repair`: the motion without gaps, and what was wrong with it.

    Returns
    -------
    Quality
        The worst of what was found decides: joints filled in, lost for long or exchanged, limbs whose length
        varies, a slow frame rate, feet that the sensor does not give.
    """
    sequence = repaired.sequence
    found = [
        *_filled(repaired.filled),
        *_long_gaps(repaired.faults, sequence.frame_rate),
        *_exchanged(repaired.faults, len(sequence)),
        *_lengths(sequence),
        *_rate(sequence),
        *_feet(sequence),
    ]
    worst = max((GRADES.index(level) for level, _ in found), default=0)
    return Quality(GRADES[worst], tuple(reason for _, reason in found))


def _level(value: float, thresholds: tuple[float, float]) -> Grade:
    return "poor" if value >= thresholds[1] else "usable" if value >= thresholds[0] else "good"


def _filled(filled: dict[str, float]) -> list[tuple[Grade, Reason]]:
    """Of joints that the model needs most of; EC3D's nose tells nothing about an exercise."""
    return [
        (level, Reason("filled", {"share": f"{share:.0%}", "joint": joint}))
        for joint, share in sorted(filled.items(), key=lambda item: -item[1])
        if joint != "nose" and (level := _level(share, FILLED_SHARE)) != "good"
    ]


def _long_gaps(faults: tuple[Fault, ...], frame_rate: float) -> list[tuple[Grade, Reason]]:
    """The longest gap of each joint, where it is too long for a straight line."""
    longest: dict[str, Fault] = {}
    for fault in faults:
        length = fault.end_frame - fault.start_frame
        if fault.kind == "gap" and fault.joint != "nose" and length > GAP_S[0] * frame_rate:
            known = longest.get(fault.joint)
            if known is None or length > known.end_frame - known.start_frame:
                longest[fault.joint] = fault
    found = []
    for joint, fault in longest.items():
        start, end = fault.start_frame / frame_rate, fault.end_frame / frame_rate
        told = {"joint": joint, "seconds": f"{end - start:.1f}", "start": f"{start:.1f}"}
        found.append((_level(end - start, GAP_S), Reason("lost", told)))
    return found


def _exchanged(faults: tuple[Fault, ...], n_frames: int) -> list[tuple[Grade, Reason]]:
    found = []
    for part in dict.fromkeys(fault.joint.partition("_")[2] for fault in faults if fault.kind == "swap"):
        n_swapped = sum(
            fault.end_frame - fault.start_frame
            for fault in faults
            if fault.kind == "swap" and fault.joint == f"left_{part}"
        )
        reason = Reason("exchanged", {"part": part, "frames": str(n_swapped)})
        found.append((_level(n_swapped / n_frames, SWAPPED_SHARE), reason))
    return found


def _lengths(sequence: PoseSequence) -> list[tuple[Grade, Reason]]:
    found: list[tuple[Grade, Reason]] = []
    width = min(max(1, round(AVERAGED_S * sequence.frame_rate)), len(sequence))
    upper, lower = (
        sequence.positions[:, list(sequence.skeleton.indices(*(limb[end] for limb in _LIMBS)))]
        for end in (0, 1)
    )
    sums = np.cumsum(np.concatenate([np.zeros((1, len(_LIMBS), 3)), upper - lower]), axis=0)
    lengths = np.linalg.norm((sums[width:] - sums[:-width]) / width, axis=-1)
    medians = np.median(lengths, axis=0)
    deviations = np.median(np.abs(lengths - medians), axis=0)
    for (_, _, limb), median, deviation in zip(_LIMBS, medians, deviations, strict=True):
        spread = float(deviation / median) if median > 0 else 1.0
        if (level := _level(spread, LENGTH_SPREAD)) != "good":
            # Arms are what one camera sees worst and what these exercises need least.
            is_leg = limb.endswith(("thigh", "shank"))
            reason = Reason("limb_length", {"limb": limb.replace(" ", "_"), "share": f"{spread:.0%}"})
            found.append((level if is_leg else "usable", reason))
    return found


def _rate(sequence: PoseSequence) -> list[tuple[Grade, Reason]]:
    usable, poor = FRAME_RATE_HZ
    rate = sequence.frame_rate
    if rate >= usable:
        return []
    return [("poor" if rate < poor else "usable", Reason("slow", {"rate": f"{rate:g}"}))]


def _feet(sequence: PoseSequence) -> list[tuple[Grade, Reason]]:
    feet = [joint for joint in sequence.estimated if joint.endswith("big_toe")]
    return [("usable", Reason("no_feet", {}))] if feet else []
