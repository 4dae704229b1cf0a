"""Kinect v2 skeletons: the raw text and the long CSV of IRDS, and rows of 25 joints as Keraal writes them.

Camera space is in metres and right-handed: x to the sensor's left (the right of a person who faces it), y up,
z away from the sensor. The sensor takes 30 frames a second; the files do not say so.
"""

import re
from collections.abc import Sequence

import numpy as np

from ml.poses.assemble import Found, Said
from ml.poses.errors import PoseFormatError
from ml.poses.formats.source import TRUNCATED, Source, floats
from ml.poses.formats.text_table import numbers_of
from ml.skeletons import KINECT_V2, KINECT_V2_NAMES

name = "kinect_v2"

AXES = ("right", "up", "backward")
FRAME_RATE_HZ = 30.0
#: Position and orientation (a quaternion) of each of the 25 joints.
_ROW = len(KINECT_V2) * 7
_SENSOR = "as the sensor's"
_COLUMNS = {"jointname", "x", "y", "z"}


def sniff(source: Source) -> bool:
    return set(source.header) >= _COLUMNS or _is_raw(source) or _is_rows(source)


def read(source: Source) -> Found:
    if set(source.header) >= _COLUMNS:
        positions = _of_csv(source)
    elif _is_raw(source):
        positions = _of_raw_text(source)
    else:
        positions = _of_rows(source)
    return found_in(positions)


def found_in(positions: np.ndarray) -> Found:
    """Return what is known of the places of the sensor's 25 joints, (F, 25, 3), as it writes them."""
    return Found(
        format=name,
        joints={
            KINECT_V2_NAMES[joint]: positions[:, i]
            for i, joint in enumerate(KINECT_V2)
            if joint in KINECT_V2_NAMES
        },
        frame_rate=Said(FRAME_RATE_HZ, "format", _SENSOR),
        unit=Said("m", "format", _SENSOR),
        axes=Said(AXES, "format", _SENSOR),
        may_be_swapped=True,
    )


def _is_raw(source: Source) -> bool:
    head = (source.text or "")[:2000]
    return not source.looks_like_json and re.search(r"\(SpineBase,\w+,", head) is not None


def _is_rows(source: Source) -> bool:
    if source.text is None or source.looks_like_json:
        return False
    first = source.text[:20_000].lstrip().partition("\n")[0]
    return len(first.replace(",", " ").split()) == _ROW and not re.search(r"[^-+.,\s\deE]", first)


def _of_raw_text(source: Source) -> np.ndarray:
    """A line a frame: `time,time,time,(Joint,Tracked,x,y,z,column,row),...`; the last two may be left out."""
    lines = [line.rstrip(", \r\t") for line in source.lines if "(" in line]
    source.limits.check_frames(len(lines))
    before = lines[0].partition("(")[0].count(",")
    width = lines[0].partition("(")[2].partition(")")[0].count(",") + 1
    names: list[str] = []
    states: list[str] = []
    xyz: tuple[list[str], ...] = ([], [], [])
    counts = []
    for frame, line in enumerate(lines):
        fields = line.split(",")
        joints = fields[before::width]
        whole = line.endswith(")") and len(fields) == before + width * len(joints)
        if not whole or width < 5 or not line.count("(") == line.count(")") == len(joints):
            raise PoseFormatError("truncated", f"Frame {frame + 1} is cut or damaged. " + TRUNCATED)
        names += joints
        states += fields[before + 1 :: width]
        for axis, place in zip(xyz, (2, 3, 4), strict=True):
            axis += fields[before + place :: width]
        counts.append(len(joints))
    values = np.stack([floats([value.rstrip(")") for value in axis]) for axis in xyz], axis=1)
    named = [name.removeprefix("(") for name in names]
    return _filled(np.repeat(np.arange(len(lines)), counts), named, states, values)


def _of_csv(source: Source) -> np.ndarray:
    """A row a joint; a frame begins where the first joint comes again."""
    told = ("trackingstatus",) if "trackingstatus" in source.header else ()
    (names, *states), values = source.columns("jointname", *told, numbers="xyz")
    frames = np.cumsum(np.array([joint == names[0] for joint in names], dtype=int)) - 1
    source.limits.check_frames(int(frames[-1]) + 1 if len(frames) else 0)
    return _filled(frames, names, states[0] if told else ["Tracked"] * len(names), values)


def _filled(
    frames: np.ndarray, names: Sequence[str], states: Sequence[str], values: np.ndarray
) -> np.ndarray:
    """Positions (F, 25, 3) of one joint a cell; NaN where the sensor did not track a joint."""
    order = {joint: i for i, joint in enumerate(KINECT_V2)}
    places = np.array([order.get(joint, -1) for joint in names])
    cells = (frames * len(KINECT_V2) + places)[places >= 0]
    n_frames = int(frames[-1]) + 1
    if np.bincount(cells, minlength=n_frames * len(KINECT_V2)).max(initial=0) > 1:
        raise PoseFormatError("several_people", "A joint comes twice in one frame. Upload one person a file.")
    values[np.array([state == "NotTracked" for state in states])] = np.nan
    positions = np.full((n_frames, len(KINECT_V2), 3), np.nan)
    positions.reshape(-1, 3)[cells] = values[places >= 0]
    return positions


def _of_rows(source: Source) -> np.ndarray:
    rows = numbers_of(source.lines, _ROW, None if "," not in (source.text or "") else ",", source.limits)
    source.limits.check_frames(len(rows))
    positions = rows.reshape(len(rows), len(KINECT_V2), 7)[..., :3]
    # A joint that the sensor lost is written as zeros: the sensor itself is no place of a body.
    return np.where((positions == 0).all(axis=-1, keepdims=True), np.nan, positions)
