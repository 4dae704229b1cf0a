"""BVH: the joints as a hierarchy with turns, which Blender and its like take for an armature.

A recorded bone is not equally long in every frame. So each joint has a place of its own beside its turn, and
what is read again is the motion itself and not that of a puppet with the mean bones.
"""

import numpy as np
from numpy.typing import NDArray

from ml.poses.sequence import PoseSequence
from ml.poses.writers.conventions import Convention
from ml.poses.writers.text_table import rows_of
from ml.skeletons import Skeleton
from ml.vectors import unit

name = extension = "bvh"

Array = NDArray[np.float64]

CHANNELS = "CHANNELS 6 Xposition Yposition Zposition Zrotation Xrotation Yrotation"
#: The end of a limb's last bone, beyond its joint, as a share of the bone before.
_END = 0.2
#: Of the degrees and of the places of the joints.
_DECIMALS = 6


def write(sequence: PoseSequence, convention: Convention) -> bytes:
    """Return the file; raises `ValueError` where a joint was not seen, for which BVH has no sign.

    The pose of rest, with all turns zero, is the first frame.
    """
    values = convention.coordinates(sequence)
    if not np.isfinite(values).all():
        raise ValueError("BVH cannot leave a joint out of a frame")
    skeleton = sequence.skeleton
    order = _depth_first(skeleton, skeleton.parents.index(-1))
    lines = ["HIERARCHY", *_hierarchy(skeleton, order[0], values[0], convention.decimals)]
    lines += ["MOTION", f"Frames: {len(sequence)}", f"Frame Time: {1.0 / sequence.frame_rate:.10f}"]
    lines += rows_of([], _channels(skeleton, order, values), [], _DECIMALS, " ")
    return ("\n".join(lines) + "\n").encode()


def _children(skeleton: Skeleton, joint: int) -> list[int]:
    return [child for child, parent in enumerate(skeleton.parents) if parent == joint]


def _depth_first(skeleton: Skeleton, joint: int) -> list[int]:
    return [joint, *(one for child in _children(skeleton, joint) for one in _depth_first(skeleton, child))]


def _hierarchy(skeleton: Skeleton, joint: int, rest: Array, decimals: int, depth: int = 0) -> list[str]:
    """The lines of a joint and of everything that hangs on it; rest is (J, 3)."""

    def placed(offset: Array, margin: str) -> str:
        return f"{margin}OFFSET {' '.join(f'{value + 0.0:.{decimals}f}' for value in offset)}"

    margin, parent, children = "  " * depth, skeleton.parents[joint], _children(skeleton, joint)
    offset = rest[joint] - rest[parent] if parent >= 0 else np.zeros(3)
    inner: list[str] = []
    for child in children:
        inner += _hierarchy(skeleton, child, rest, decimals, depth + 1)
    if not children:
        end = f"{margin}  "
        inner = [f"{end}End Site", f"{end}{{", placed(_END * offset, f"{end}  "), f"{end}}}"]
    return [
        f"{margin}{'JOINT' if depth else 'ROOT'} {skeleton.joints[joint]}",
        f"{margin}{{",
        placed(offset, f"{margin}  "),
        f"{margin}  {CHANNELS}",
        *inner,
        f"{margin}}}",
    ]


def _channels(skeleton: Skeleton, order: list[int], values: Array) -> Array:
    """Place and turn of every joint, in the order of the hierarchy, (F, 6 J)."""
    turns: dict[int, Array] = {-1: np.broadcast_to(np.eye(3), (len(values), 3, 3))}
    columns = []
    for joint in order:
        parent = skeleton.parents[joint]
        above = turns[parent]
        away = values[:, joint] - (values[:, parent] if parent >= 0 else 0.0)
        children = _children(skeleton, joint)
        bones = values[:, children] - values[:, joint, None]
        degrees = (
            _angles(np.swapaxes(above, 1, 2) @ _turn(bones, above))
            if children
            else np.zeros((len(values), 3))
        )
        # Places are told in the frame of the turns as they are written, so that rounding them moves nothing.
        columns += [np.einsum("fji,fj->fi", above, away), degrees]
        turns[joint] = above @ _matrices(degrees)
    return np.concatenate(columns, axis=1)


def _turn(bones: Array, above: Array) -> Array:
    """The turn (F, 3, 3) that brings a joint's bones (F, N, 3) from the first frame to each one.

    One bone alone does not tell its twist: it is that of the bone above.
    """
    if bones.shape[1] == 1:
        before, after = unit(np.einsum("fij,j->fi", above, bones[0, 0])), unit(bones[:, 0])
        return _shortest(before, after) @ above
    u, _, vt = np.linalg.svd(np.einsum("ni,fnj->fij", bones[0], bones))
    v = np.swapaxes(vt, 1, 2)
    v[:, :, 2] *= np.sign(np.linalg.det(u) * np.linalg.det(v))[:, None]
    return v @ np.swapaxes(u, 1, 2)


def _shortest(before: Array, after: Array) -> Array:
    """The smallest turns (F, 3, 3) from one unit vector to another, (F, 3) each."""
    axis, cosine = np.cross(before, after), np.sum(before * after, axis=-1)
    crossed = np.zeros((len(axis), 3, 3))
    for i, (a, b) in enumerate(((1, 2), (2, 0), (0, 1))):
        crossed[:, b, a], crossed[:, a, b] = axis[:, i], -axis[:, i]
    # Half a turn has no smallest axis; a bone does not turn round between rest and any other frame.
    return np.eye(3) + crossed + crossed @ crossed / np.maximum(1.0 + cosine, 1e-9)[:, None, None]


def _angles(turns: Array) -> Array:
    """Degrees about z, x and y, (F, 3), that make turns = Rz Rx Ry; without leaps from frame to frame."""
    z = np.arctan2(-turns[:, 0, 1], turns[:, 1, 1])
    x = np.arcsin(np.clip(turns[:, 2, 1], -1.0, 1.0))
    y = np.arctan2(-turns[:, 2, 0], turns[:, 2, 2])
    degrees: Array = np.degrees(np.unwrap(np.stack([z, x, y], axis=1), axis=0))
    return np.round(degrees, _DECIMALS)


def _matrices(degrees: Array) -> Array:
    """The turns (F, 3, 3) of degrees about z, x and y, (F, 3)."""
    (cz, cx, cy), (sz, sx, sy) = np.cos(np.radians(degrees)).T, np.sin(np.radians(degrees)).T
    rows = [
        [cz * cy - sz * sx * sy, -sz * cx, cz * sy + sz * sx * cy],
        [sz * cy + cz * sx * sy, cz * cx, sz * sy - cz * sx * cy],
        [-cx * sy, sx, cx * cy],
    ]
    return np.moveaxis(np.array(rows), 2, 0)
