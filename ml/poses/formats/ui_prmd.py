"""UI-PRMD's Vicon text: rows of 39 Plug-in Gait markers, in millimetres, 100 a second, without a header.

Its Kinect text is not read: positions there are relative to the parent's turn, which is in another file.
"""

import re

from ml.poses.assemble import Found, Said
from ml.poses.formats.source import Source
from ml.poses.formats.text_table import numbers_of
from ml.poses.markers import found_in_points
from ml.skeletons import PLUG_IN_GAIT_39

name = "ui_prmd_vicon"

FRAME_RATE_HZ = 100.0
_COLUMNS = 3 * len(PLUG_IN_GAIT_39)
_DATA_SET = "as the data set"


def sniff(source: Source) -> bool:
    if source.text is None or source.looks_like_json:
        return False
    first = source.text[:20_000].lstrip().partition("\n")[0]
    return len(first.replace(",", " ").split()) == _COLUMNS and not re.search(r"[^-+.,\s\deE]", first)


def read(source: Source) -> Found:
    text = source.text or ""
    rows = numbers_of(source.lines, _COLUMNS, "," if "," in text else None, source.limits)
    source.limits.check_frames(len(rows))
    points = {marker: rows[:, 3 * i : 3 * i + 3] for i, marker in enumerate(PLUG_IN_GAIT_39)}
    return found_in_points(
        points,
        format=name,
        frame_rate=Said(FRAME_RATE_HZ, "format", _DATA_SET),
        unit=Said("mm", "format", _DATA_SET),
    )
