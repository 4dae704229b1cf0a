"""A repetition's motion as pages and integrations receive it: whole millimetres, with its joint angles."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from feedback.models import Correction, Repetition
from feedback.motions import unpack_motion
from feedback.worst_moment import worst_moment
from ml.angles import joint_angles
from ml.skeletons import EC3D_19


def motion_json(repetition: Repetition, correction: Correction | None) -> dict[str, Any]:
    """Return the performed and, if there is one to show, the corrected motion, ready for JSON."""
    performed = unpack_motion(repetition.motion)
    corrected = unpack_motion(correction.motion) if correction else None
    angles = joint_angles(performed), None if corrected is None else joint_angles(corrected)
    joints = correction.joints if correction else []
    return {
        "repetition": str(repetition.uuid),
        "frame_rate": repetition.frame_rate,
        "unit": "mm",
        "axes": "x right, y forward, z up",
        "joints": list(EC3D_19.joints),
        "frames": len(performed),
        "performed": _millimetres(performed),
        "corrected": None if corrected is None else _millimetres(corrected),
        "verified": correction.verified if correction else None,
        "joints_at_fault": joints,
        "worst": worst_moment(performed, corrected, angles, joints, repetition.finding)._asdict(),
        "angles": {
            "performed": _rounded(angles[0]),
            "corrected": None if angles[1] is None else _rounded(angles[1]),
        },
    }


def _millimetres(positions: NDArray[np.float64]) -> list[list[int]]:
    return np.rint(positions * 1000).astype(int).reshape(len(positions), -1).tolist()


def _rounded(angles: dict[str, NDArray[np.float64]]) -> dict[str, list[float | None]]:
    """Degrees to 0.1; None where an angle is not defined, since JSON knows no NaN."""
    return {
        name: [round(value, 1) if math.isfinite(value) else None for value in values.tolist()]
        for name, values in angles.items()
    }
