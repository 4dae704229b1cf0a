"""UI-PRMD's Vicon text: rows of 39 Plug-in Gait markers, in millimetres, 100 a second, without a header.

Its Kinect text is not read: positions there are relative to the parent's turn, which is in another file.
"""

import re

from ml.poses.assemble import check_frame_count
from ml.poses.formats.source import Source
from ml.poses.formats.text_table import numbers_of
from ml.poses.markers import sequence_from_points
from ml.poses.sequence import PoseSequence
from ml.skeletons import PLUG_IN_GAIT_39

name = "ui_prmd_vicon"

FRAME_RATE_HZ = 100.0
_COLUMNS = 3 * len(PLUG_IN_GAIT_39)
_INFERRED = ("frame rate: 100 Hz, as the data set", "unit: mm, as the data set")


def sniff(source: Source) -> bool:
    if source.text is None or source.looks_like_json:
        return False
    first = source.text[:20_000].lstrip().partition("\n")[0]
    return len(first.replace(",", " ").split()) == _COLUMNS and not re.search(r"[^-+.,\s\deE]", first)


def read(source: Source) -> PoseSequence:
    text = source.text or ""
    rows = numbers_of(source.lines, _COLUMNS, "," if "," in text else None)
    check_frame_count(len(rows))
    points = {marker: rows[:, 3 * i : 3 * i + 3] for i, marker in enumerate(PLUG_IN_GAIT_39)}
    return sequence_from_points(points, unit="mm", frame_rate=FRAME_RATE_HZ, format=name, inferred=_INFERRED)
