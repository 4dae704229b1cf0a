"""exfb JSON, the documented format of its own (docs/formats.md)."""

from typing import Any

import numpy as np

from ml.poses.assemble import Found, Said, axes_of, checked_frame_rate
from ml.poses.errors import TRUNCATED, PoseFormatError
from ml.poses.formats.source import Source
from ml.poses.people import check_number, one_of
from ml.poses.writers.exfb_json import FORMAT, VERSION

name = "exfb_json"

#: Where x, y and z point in a file that does not say it.
AXES = ("right", "forward", "up")


def sniff(source: Source) -> bool:
    return source.looks_like_json and isinstance(source.json, dict) and source.json.get("format") == FORMAT


def read(source: Source) -> Found:
    content: dict[str, Any] = source.json
    if content.get("version") != VERSION:
        raise PoseFormatError(
            "unknown_format", f"This reads version {VERSION} of exfb JSON; the file is of another."
        )
    if "frame_rate" not in content:
        # The format is our own and asks for it: a file without it is broken, not merely silent.
        raise PoseFormatError(
            "no_frame_rate",
            'The file does not say its frame rate. Add "frame_rate", in frames per second.',
        )
    names = content.get("joints")
    if not isinstance(names, list) or not all(isinstance(joint, str) for joint in names):
        raise PoseFormatError("missing_joints", 'The file has no list "joints" of joint names.')
    frames = content.get("frames")
    if not isinstance(frames, list | np.ndarray):
        raise PoseFormatError("no_person", 'The file has no list "frames" of positions.')
    source.limits.check_frames(len(frames))
    positions = _positions(frames, len(names))
    unit = content.get("unit", "m")
    if unit not in ("m", "cm", "mm"):
        raise PoseFormatError("not_metres", 'The unit is not one of "m", "cm", "mm".')
    everybody = list(positions) if positions.ndim == 4 else [positions]
    check_number(len(everybody), source.limits)
    joints, facts = one_of(
        [{joint: one[:, i] for i, joint in enumerate(names)} for one in everybody], source.person
    )
    said = content.get("estimated", [])
    return Found(
        format="simulated" if content.get("simulated") is True else name,
        joints=joints,
        facts=facts,
        frame_rate=Said(checked_frame_rate(content["frame_rate"])),
        unit=Said(unit, "file" if "unit" in content else "format"),
        axes=Said(axes_of(content["axes"])) if "axes" in content else Said(AXES, "format"),
        travels=content.get("travels", True) is not False,
        estimated=frozenset(joint for joint in said if isinstance(joint, str))
        if isinstance(said, list)
        else frozenset(),
    )


def _positions(frames: list[Any] | np.ndarray, n_joints: int) -> np.ndarray:
    """Frames (of people) of joints of three numbers or nulls as an array ([P,] F, J, 3)."""
    try:
        positions = np.array(frames, dtype=np.float64)
    except (ValueError, TypeError, OverflowError) as error:
        raise PoseFormatError(
            "truncated", "Frames differ in shape or hold other things than numbers. " + TRUNCATED
        ) from error
    if positions.ndim > 2 and positions.shape[-1] == 2:
        raise PoseFormatError(
            "not_3d", "Each joint has two coordinates. Upload positions in three dimensions."
        )
    if positions.ndim not in (3, 4) or positions.shape[-2:] != (n_joints, 3):
        raise PoseFormatError(
            "truncated", f"A frame must hold {n_joints} joints of three numbers. " + TRUNCATED
        )
    return positions if positions.ndim == 3 else positions.swapaxes(0, 1)
