"""Kinect v2 skeletons: the raw text and the long CSV of IRDS, and rows of 25 joints as Keraal writes them.

Camera space is in metres and right-handed: x to the sensor's left (the right of a person who faces it), y up,
z away from the sensor. The sensor takes 30 frames a second; the files do not say so.
"""

import re

import numpy as np

from ml.poses.assemble import Found, Said
from ml.poses.errors import TRUNCATED, PoseFormatError
from ml.poses.formats.fields import fields_of
from ml.poses.formats.source import Source
from ml.poses.formats.text_table import numbers_of
from ml.skeletons import KINECT_V2, KINECT_V2_NAMES

name = "kinect_v2"

AXES = ("right", "up", "backward")
FRAME_RATE_HZ = 30.0
#: Position and orientation (a quaternion) of each of the 25 joints.
_ROW = len(KINECT_V2) * 7
_SENSOR = "as the sensor's"
#: What the sensor says of a joint whose place it does not know.
_LOST = ["NotTracked"]
#: So many frames of raw text are taken apart at once.
_LINES_AT_ONCE = 2000
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
    width = lines[0].partition("(")[2].partition(")")[0].count(",") + 1
    parts = []
    for start in range(0, len(lines), _LINES_AT_ONCE):
        some = [line[line.index("(") :] for line in lines[start : start + _LINES_AT_ONCE]]
        text = "\n".join(some)
        bare = text.replace("(", "").replace(")", "")
        fields, n_fields = fields_of(bare, ",")
        n_joints = np.array([line.count("),(") + 1 for line in some])
        is_whole = (n_fields == n_joints * width) & np.array([line.endswith(")") for line in some])
        if width < 5 or not is_whole.all() or len(text) - len(bare) != 2 * n_joints.sum():
            raise PoseFormatError(
                "truncated", f"Frame {start + is_whole.argmin() + 1} is cut or damaged. " + TRUNCATED
            )
        joints = fields.shaped(-1, width)
        names, states = joints.at(np.s_[:, 0]).places(KINECT_V2), joints.at(np.s_[:, 1]).places(_LOST)
        frames = np.repeat(np.arange(start, start + len(some)), n_joints)
        parts.append((frames, names, states, joints.at(np.s_[:, 2:5]).numbers()))
    return _filled(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def _of_csv(source: Source) -> np.ndarray:
    """A row a joint; a frame begins where the first joint comes again."""
    words = {"jointname": list(dict.fromkeys((*KINECT_V2, source.first("jointname"))))}
    told = {"trackingstatus": _LOST} if "trackingstatus" in source.header else {}
    (places, *lost), values = source.columns(words | told, "xyz")
    frames = np.cumsum(places == places[0]) - 1 if len(places) else places
    source.limits.check_frames(int(frames[-1]) + 1 if len(frames) else 0)
    return _filled(frames, places, lost[0] if told else np.full(len(places), -1), values)


def _filled(frames: np.ndarray, places: np.ndarray, lost: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Positions (F, 25, 3) of one joint a cell; NaN where the sensor did not track a joint."""
    values[lost >= 0] = np.nan
    known = (places >= 0) & (places < len(KINECT_V2))
    cells = frames[known] * len(KINECT_V2) + places[known]
    n_frames = int(frames[-1]) + 1
    if np.bincount(cells, minlength=n_frames * len(KINECT_V2)).max(initial=0) > 1:
        raise PoseFormatError("several_people", "A joint comes twice in one frame. Upload one person a file.")
    positions = np.full((n_frames, len(KINECT_V2), 3), np.nan)
    positions.reshape(-1, 3)[cells] = values[known]
    return positions


def _of_rows(source: Source) -> np.ndarray:
    rows = numbers_of(source.lines, _ROW, None if "," not in (source.text or "") else ",", source.limits)
    source.limits.check_frames(len(rows))
    positions = rows.reshape(len(rows), len(KINECT_V2), 7)[..., :3]
    # A joint that the sensor lost is written as zeros: the sensor itself is no place of a body.
    return np.where((positions == 0).all(axis=-1, keepdims=True), np.nan, positions)
