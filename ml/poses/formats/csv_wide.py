"""Tables of one row a frame and three columns a joint, such as left_knee_x (docs/formats.md)."""

import numpy as np

from ml.poses.assemble import (
    assemble,
    axes_of,
    check_frame_count,
    checked_frame_rate,
    frame_rate_of_times,
    no_frame_rate,
    to_canonical,
)
from ml.poses.errors import PoseFormatError
from ml.poses.formats.source import Source, number
from ml.poses.sequence import PoseSequence

name = "csv"


def sniff(source: Source) -> bool:
    return sum(column.endswith("_x") and f"{column[:-2]}_y" in source.header for column in source.header) >= 2


def read(source: Source) -> PoseSequence:
    joints = [column[:-2] for column in source.header if column.endswith("_x")]
    if not any(f"{joint}_z" in source.header for joint in joints):
        raise PoseFormatError(
            "not_3d", "The table has x and y of the joints but no z. Upload positions in three dimensions."
        )
    check_frame_count(len(source.rows))
    if "person" in source.header and len(set(source.column("person"))) > 1:
        raise PoseFormatError(
            "several_people", "The table shows several people. Keep the patient's rows only."
        )
    axes = axes_of(source.comments.get("axes", "right forward up"))
    unit = source.comments.get("unit")
    if unit not in (None, "m", "cm", "mm"):
        raise PoseFormatError("not_metres", "The unit is not one of m, cm, mm.")
    paths = {
        joint: to_canonical(np.stack([source.numbers(f"{joint}_{axis}") for axis in "xyz"], axis=1), axes)
        for joint in joints
        if {f"{joint}_y", f"{joint}_z"} <= set(source.header)
    }
    return assemble(paths, frame_rate=_frame_rate(source), format=name, unit=unit)


def _frame_rate(source: Source) -> float:
    if "frame_rate" in source.comments:
        return checked_frame_rate(number(source.comments["frame_rate"]))
    if "frame_rate" in source.header:
        return checked_frame_rate(float(source.numbers("frame_rate")[0]))
    if "time" in source.header:
        return frame_rate_of_times(source.numbers("time"))
    raise no_frame_rate("Add a column 'time' in seconds, or a first line '# frame_rate: 30'.")
