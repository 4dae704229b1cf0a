"""A moment of a repetition as strokes: a body performed and one corrected, from one camera. NumPy only."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.skeletons import EC3D_19
from ml.vectors import unit

Array = NDArray[np.float64]
_UP = np.array([0.0, 0.0, 1.0])
#: Room around the bodies, and how large a head is drawn.
_MARGIN_MM, _HEAD_MM = 60, 95
_LEFT = tuple(i for i, joint in enumerate(EC3D_19.joints) if joint.startswith("left_"))
_MIDDLE = {"trunk_lean": "neck", "back_curve": "mid_hip"}
_NOSE = EC3D_19.index("nose")
_TRUNK = EC3D_19.indices("right_shoulder", "left_shoulder", "left_hip", "right_hip")
#: A head is drawn as a circle, not as a bone.
_BONES = tuple(bone for bone in EC3D_19.bones if _NOSE not in bone)


def picture(performed: Array, corrected: Array, camera: str, angle: str | None) -> dict[str, Any]:
    """Return two bodies of shape (19, 3), in metres, as they look from the `front` or from the `side`.

    Whole millimetres from the upper left; both bodies share `width`, `height` and the height of the `ground`.
    `bones` are [x1, y1, x2, y2, far] (`far` is 1 for the side away from the camera), `head` is [x, y, r],
    `trunk` the corners of the trunk, `mark` where the joint is whose `angle` tells the difference, or None.
    """
    across = _across(performed, camera)
    flat = [np.stack([body @ across, -(body @ _UP)], axis=1) * 1000 for body in (performed, corrected)]
    points = np.concatenate(flat)
    low, high = points.min(axis=0) - _MARGIN_MM, points.max(axis=0) + _MARGIN_MM
    low[1] -= _HEAD_MM / 2
    width, height = (high - low).round().astype(int)
    joint = _joint_of(angle)
    return {
        "width": int(width),
        "height": int(height),
        "ground": round(points[:, 1].max() - low[1]),
        "performed": _body(flat[0] - low, camera, joint),
        "corrected": _body(flat[1] - low, camera, joint),
    }


def _across(body: Array, camera: str) -> Array:
    """Return the horizontal direction that points to the right of the picture."""
    right = body[EC3D_19.index("right_hip")] - body[EC3D_19.index("left_hip")]
    right = right + body[EC3D_19.index("right_shoulder")] - body[EC3D_19.index("left_shoulder")]
    right = unit(right * (1.0, 1.0, 0.0))
    # From the front a person's right is on the left; from their right side they look to the right.
    return -right if camera == "front" else np.cross(_UP, right)


def _joint_of(angle: str | None) -> str | None:
    """Return the joint at which an angle of `ml.angles` is measured."""
    if angle is None:
        return None
    return _MIDDLE.get(angle) or "_".join(angle.split("_")[:2])


def _body(points: Array, camera: str, joint: str | None) -> dict[str, Any]:
    whole = points.round().astype(int).tolist()
    far = set(_LEFT) if camera == "side" else set()
    bones = [[*whole[a], *whole[b], int(b in far or a in far)] for a, b in _BONES]
    return {
        "bones": sorted(bones, key=lambda bone: -bone[4]),
        "joints": [whole[i] for i in range(len(whole)) if i != _NOSE],
        "head": [*whole[_NOSE], _HEAD_MM],
        "trunk": [whole[i] for i in _TRUNK],
        "mark": whole[EC3D_19.index(joint)] if joint else None,
    }
