"""NumPy archives with `positions`, `joints` and `frame_rate` (docs/formats.md)."""

import numpy as np

from ml.poses.assemble import Found, Said, axes_of, checked_frame_rate
from ml.poses.errors import TRUNCATED, PoseFormatError
from ml.poses.formats.source import Source
from ml.poses.people import by_person, one_of
from ml.skeletons import BODY_25_NAMES

name = "npz"


def sniff(source: Source) -> bool:
    return "positions" in source.array_shapes


def read(source: Source) -> Found:
    shape = source.array_shapes["positions"]
    if len(shape) not in (3, 4) or shape[-1] != 3:
        raise PoseFormatError("not_3d", f"The positions have shape {shape}, not (frames, joints, 3).")
    source.limits.check_frames(max(shape[:-2]))
    if "joints" not in source.array_shapes:
        raise PoseFormatError(
            "missing_joints", "The file has no array 'joints' with the names of the joints."
        )
    names = [BODY_25_NAMES.get(str(joint), str(joint)) for joint in source.array("joints").ravel()]
    if len(names) != shape[-2]:
        raise PoseFormatError("missing_joints", f"The file has {shape[-2]} joints but names {len(names)}.")
    axes = axes_of(source.array("axes").ravel().tolist()) if "axes" in source.array_shapes else None
    positions = source.array("positions")
    if positions.dtype.kind not in "fiu":
        raise PoseFormatError("truncated", "The positions are not numbers. " + TRUNCATED)
    positions = positions.astype(np.float64)
    everybody = by_person(positions, source.limits) if positions.ndim == 4 else [positions]
    joints, facts = one_of(
        [{joint: one[:, i] for i, joint in enumerate(names)} for one in everybody], source.person
    )
    unit = str(_scalar(source, "unit")) if "unit" in source.array_shapes else None
    if unit not in (None, "m", "cm", "mm"):
        raise PoseFormatError("not_metres", "The unit is not one of m, cm, mm.")
    return Found(
        format=name,
        joints=joints,
        facts=facts,
        frame_rate=Said(checked_frame_rate(_scalar(source, "frame_rate")))
        if "frame_rate" in source.array_shapes
        else "Add a number 'frame_rate', in frames per second.",
        unit=None if unit is None else Said(unit),
        axes=None if axes is None else Said(axes),
    )


def _scalar(source: Source, key: str) -> object:
    values = source.array(key).ravel().tolist()
    return values[0] if len(values) == 1 else None
