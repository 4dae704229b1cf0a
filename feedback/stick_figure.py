"""The person of a recording as two line drawings, from the front and from the side: is up up, left left?"""

from typing import NamedTuple

import numpy as np
from django.conf import settings

from ml.poses.errors import PoseFormatError
from ml.poses.faults import repair
from ml.poses.formats import read
from ml.skeletons import EC3D_19
from ml.vectors import unit
from patients.models import Recording

#: Size of a drawing, in its own units, and the part of it that the person fills.
SIZE, FILLED = 200, 0.86


class Line(NamedTuple):
    """One bone of a drawing; `side` is left, right or middle."""

    x1: int
    y1: int
    x2: int
    y2: int
    side: str


class Figure(NamedTuple):
    """The person at one moment, as seen by one who stands in front of them, and from their right."""

    front: list[Line]
    side: list[Line]


def figure_of(recording: Recording) -> Figure | None:
    """Draw the person in the middle of the first tenth of a recording; None if its file cannot be read."""
    try:
        with recording.file.open("rb") as file:
            found = read(file.file, corrections=recording.said, limits=settings.RECORDING_LIMITS)
            sequence = repair(found).sequence
    except (PoseFormatError, OSError):
        return None
    body = sequence.positions[len(sequence) // 20]
    right = body[list(EC3D_19.indices("right_hip", "right_shoulder"))].sum(axis=0)
    right -= body[list(EC3D_19.indices("left_hip", "left_shoulder"))].sum(axis=0)
    across = unit(right * [1.0, 1.0, 0.0])
    ahead = np.cross([0.0, 0.0, 1.0], across)
    # Who stands in front of a person has the person's right on their own left.
    return Figure(_drawn(-body @ across, body[:, 2]), _drawn(body @ ahead, body[:, 2]))


def _drawn(horizontal: np.ndarray, vertical: np.ndarray) -> list[Line]:
    places = np.stack([horizontal, -vertical], axis=1)
    low, high = places.min(axis=0), places.max(axis=0)
    scale = FILLED * SIZE / max(float((high - low).max()), 1e-6)
    drawn = np.rint((places - (low + high) / 2) * scale + SIZE / 2).astype(int)
    return [
        Line(int(x1), int(y1), int(x2), int(y2), _side(EC3D_19.joints[child]))
        for (x1, y1), (x2, y2), child in ((drawn[a], drawn[b], b) for a, b in EC3D_19.bones)
    ]


def _side(joint: str) -> str:
    side = joint.partition("_")[0]
    return side if side in ("left", "right") else "middle"
