"""exfb JSON, the documented format of its own (docs/formats.md)."""

from typing import Any

import numpy as np

from ml.poses.assemble import (
    assemble,
    axes_of,
    check_frame_count,
    checked_frame_rate,
    no_frame_rate,
    to_canonical,
)
from ml.poses.errors import PoseFormatError
from ml.poses.formats.source import TRUNCATED, Source
from ml.poses.sequence import PoseSequence
from ml.poses.writers.exfb_json import FORMAT, VERSION
from ml.skeletons import EC3D_19

name = "exfb_json"


def sniff(source: Source) -> bool:
    return source.looks_like_json and isinstance(source.json, dict) and source.json.get("format") == FORMAT


def read(source: Source) -> PoseSequence:
    content: dict[str, Any] = source.json
    if content.get("version") != VERSION:
        raise PoseFormatError(
            "unknown_format", f"This reads version {VERSION} of exfb JSON; the file is of another."
        )
    if "frame_rate" not in content:
        raise no_frame_rate('Add "frame_rate", in frames per second.')
    frame_rate = checked_frame_rate(content["frame_rate"])
    names = content.get("joints")
    if not isinstance(names, list) or not all(isinstance(joint, str) for joint in names):
        raise PoseFormatError("missing_joints", 'The file has no list "joints" of joint names.')
    frames = content.get("frames")
    if not isinstance(frames, list):
        raise PoseFormatError("no_person", 'The file has no list "frames" of positions.')
    check_frame_count(len(frames))
    positions = _positions(frames, len(names))
    positions = to_canonical(positions, axes_of(content.get("axes", ["right", "forward", "up"])))
    unit = content.get("unit", "m")
    if unit not in ("m", "cm", "mm"):
        raise PoseFormatError("not_metres", 'The unit is not one of "m", "cm", "mm".')
    said = content.get("estimated", [])
    sequence = assemble(
        {joint: positions[:, i] for i, joint in enumerate(names)},
        frame_rate=frame_rate,
        format="simulated" if content.get("simulated") is True else name,
        unit=unit,
        travels=content.get("travels", True) is not False,
    )
    said_known = {joint for joint in said if joint in EC3D_19.joints} if isinstance(said, list) else set()
    return PoseSequence(**{**vars(sequence), "estimated": sequence.estimated | said_known})


def _positions(frames: list[Any], n_joints: int) -> np.ndarray:
    """Frames of joints of three numbers or nulls as an array (F, J, 3)."""
    try:
        positions = np.array(frames, dtype=np.float64)
    except (ValueError, TypeError, OverflowError) as error:
        raise PoseFormatError(
            "truncated", "Frames differ in shape or hold other things than numbers. " + TRUNCATED
        ) from error
    if positions.ndim == 4:
        raise PoseFormatError("several_people", "The frames hold several people. Upload the patient's alone.")
    if positions.ndim == 3 and positions.shape[2] == 2:
        raise PoseFormatError(
            "not_3d", "Each joint has two coordinates. Upload positions in three dimensions."
        )
    if positions.shape[1:] != (n_joints, 3):
        raise PoseFormatError(
            "truncated", f"A frame must hold {n_joints} joints of three numbers. " + TRUNCATED
        )
    return positions
