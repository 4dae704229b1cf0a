"""What is measured of one repetition and followed over weeks: depth, range, sides, tempo."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ml.angles import joint_angles

Array = NDArray[np.float64]


class MeasureDefinition(NamedTuple):
    """One measure: its unit, what it is, and of which exercises it is taken."""

    name: str
    unit: str
    definition: str
    exercises: tuple[str, ...]


MEASURES: tuple[MeasureDefinition, ...] = (
    MeasureDefinition("knee_bend", "deg", "greatest flexion of the knee that bends most", ("squat", "lunge")),
    MeasureDefinition(
        "knee_range", "deg", "greatest minus smallest flexion of the knee that bends most", ("squat", "lunge")
    ),
    MeasureDefinition(
        "asymmetry", "deg", "left minus right knee flexion where their sum is greatest", ("squat",)
    ),
    MeasureDefinition("seconds_down", "s", "from the start to where the knees bend most", ("squat", "lunge")),
    MeasureDefinition("seconds_up", "s", "from where the knees bend most to the end", ("squat", "lunge")),
    MeasureDefinition("hips_off_line", "deg", "median of back_curve: + hips high, - hips low", ("plank",)),
    MeasureDefinition("seconds_held", "s", "duration", ("plank",)),
)


def measure(positions: Array, frame_rate: float, exercise: str) -> dict[str, float]:
    """Measure one repetition.

    Parameters
    ----------
    positions : ndarray of float, shape (F, 19, 3)
        Skeleton EC3D_19, canonical frame, metres.
    frame_rate : float
        Hz.
    exercise : str
        Of `ml.catalogue.EXERCISES`.

    Returns
    -------
    dict of str to float
        The measures of `MEASURES` that are taken of the exercise, to 0.01 of their unit; one whose joints are
        not known is left out.
    """
    angles = joint_angles(positions)
    left, right = angles["left_knee_flexion"], angles["right_knee_flexion"]
    both = left + right
    values: dict[str, float] = {
        "hips_off_line": _median(angles["back_curve"]),
        "seconds_held": len(positions) / frame_rate,
    }
    if np.isfinite(both).any():
        deepest = int(np.nanargmax(both))
        more_bent = left if np.nanmax(left) >= np.nanmax(right) else right
        values |= {
            "knee_bend": float(np.nanmax(more_bent)),
            "knee_range": float(np.nanmax(more_bent) - np.nanmin(more_bent)),
            "asymmetry": float(left[deepest] - right[deepest]),
            "seconds_down": deepest / frame_rate,
            "seconds_up": (len(positions) - 1 - deepest) / frame_rate,
        }
    return {
        one.name: round(values[one.name], 2)
        for one in MEASURES
        if exercise in one.exercises and np.isfinite(values.get(one.name, np.nan))
    }


def _median(values: Array) -> float:
    known = values[np.isfinite(values)]
    return float(np.median(known)) if len(known) else float("nan")
