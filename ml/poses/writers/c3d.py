"""C3D (https://www.c3d.org/HTML/): points as floats of an Intel computer, with what its readers ask for.

The directions of the axes are in `EXFB:AXES`; `POINT:Y_SCREEN` names the one that points up.
"""

import struct
from collections.abc import Sequence

import numpy as np

from ml.poses.sequence import PoseSequence
from ml.poses.writers.conventions import Convention

name = extension = "c3d"

BLOCK = 512
_INTEL = 84
#: Number and block of the header and of the section of parameters, which begins in the second block.
_PARAMETERS_AT = 2
_POINT, _TRIAL, _EXFB = 1, 2, 3


def write(sequence: PoseSequence, convention: Convention) -> bytes:
    frames, joints = len(sequence), sequence.skeleton.joints
    # The section of parameters names the block in which the data begin, and its length does not depend on it.
    length = len(_parameters(sequence, convention, 0)) // BLOCK
    data_at = _PARAMETERS_AT + length
    header = struct.pack("<BB", _PARAMETERS_AT, 0x50) + struct.pack(
        "<5HfHHf", len(joints), 0, 1, frames, 0, -1.0, data_at, 0, sequence.frame_rate
    )
    parts = header, _parameters(sequence, convention, data_at), _data(convention.coordinates(sequence))
    return b"".join(part.ljust(-(-len(part) // BLOCK) * BLOCK, b"\0") for part in parts)


def _data(values: np.ndarray) -> bytes:
    """x, y, z and a residual each: 0 measured, -1 not seen, where the place is 0 by custom."""
    lost = np.isnan(values).any(axis=-1, keepdims=True)
    cells = np.concatenate([np.where(lost, 0.0, values), np.where(lost, -1.0, 0.0)], axis=-1)
    return cells.astype("<f4").tobytes()


def _parameters(sequence: PoseSequence, convention: Convention, data_at: int) -> bytes:
    frames, joints = len(sequence), sequence.skeleton.joints
    across = "XYZ"[next(i for i, axis in enumerate(convention.axes) if axis in ("right", "left"))]
    items = [
        _item("POINT", -_POINT, b""),
        _item("USED", _POINT, _integers(len(joints))),
        _item("SCALE", _POINT, _float(-1.0)),
        _item("RATE", _POINT, _float(sequence.frame_rate)),
        _item("DATA_START", _POINT, _integers(data_at)),
        _item("FRAMES", _POINT, _integers(frames)),
        _item("LABELS", _POINT, _texts(joints)),
        _item("DESCRIPTIONS", _POINT, _texts([joint.replace("_", " ") for joint in joints])),
        _item("UNITS", _POINT, _text(convention.unit)),
        _item("X_SCREEN", _POINT, _text(f"+{across}")),
        _item("Y_SCREEN", _POINT, _text(f"+{'XYZ'[convention.axes.index('up')]}")),
        _item("TRIAL", -_TRIAL, b""),
        # A frame number is two words, the low one first.
        _item("ACTUAL_START_FIELD", _TRIAL, _integers(1, 0)),
        _item("ACTUAL_END_FIELD", _TRIAL, _integers(frames % 2**16, frames // 2**16)),
        _item("EXFB", -_EXFB, b""),
        _item("AXES", _EXFB, _texts(convention.axes)),
    ]
    body = b"".join(items) + b"\0\0"
    blocks = -(-(len(body) + 4) // BLOCK)
    return (struct.pack("<4B", 1, 0x50, blocks, _INTEL) + body).ljust(blocks * BLOCK, b"\0")


def _item(label: str, number: int, value: bytes) -> bytes:
    """One group (its number negative) or parameter, with the way to the next and an empty description."""
    content = value + b"\0"
    head = struct.pack("<bb", len(label), number) + label.encode("ascii")
    return head + struct.pack("<H", len(content) + 2) + content


def _integers(*values: int) -> bytes:
    shape = (len(values),) if len(values) > 1 else ()
    return struct.pack(f"<bB{len(shape)}B{len(values)}H", 2, len(shape), *shape, *values)


def _float(value: float) -> bytes:
    return struct.pack("<bBf", 4, 0, value)


def _text(value: str) -> bytes:
    return struct.pack("<bBB", -1, 1, len(value)) + value.encode("ascii")


def _texts(values: Sequence[str]) -> bytes:
    width = max(map(len, values))
    cells = b"".join(value.encode("ascii").ljust(width) for value in values)
    return struct.pack("<bBBB", -1, 2, width, len(values)) + cells
