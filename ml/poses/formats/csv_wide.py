"""Tables of one row a frame and three columns a joint, such as left_knee_x (docs/formats.md)."""

from ml.poses.assemble import Found, Said, axes_of, checked_frame_rate, frame_rate_of_times
from ml.poses.errors import PoseFormatError
from ml.poses.formats.fields import number
from ml.poses.formats.source import Source

name = "csv"


def sniff(source: Source) -> bool:
    return sum(column.endswith("_x") and f"{column[:-2]}_y" in source.header for column in source.header) >= 2


def read(source: Source) -> Found:
    joints = [column[:-2] for column in source.header if column.endswith("_x")]
    if not any(f"{joint}_z" in source.header for joint in joints):
        raise PoseFormatError(
            "not_3d", "The table has x and y of the joints but no z. Upload positions in three dimensions."
        )
    source.limits.check_frames(source.n_rows)
    if "person" in source.header and _has_several(source):
        raise PoseFormatError(
            "several_people", "The table shows several people. Keep the patient's rows only."
        )
    unit = source.comments.get("unit")
    if unit not in (None, "m", "cm", "mm"):
        raise PoseFormatError("not_metres", "The unit is not one of m, cm, mm.")
    whole = [joint for joint in joints if {f"{joint}_y", f"{joint}_z"} <= set(source.header)]
    values = source.numbers(*(f"{joint}_{axis}" for joint in whole for axis in "xyz"))
    return Found(
        format=name,
        joints={joint: values[:, 3 * i : 3 * i + 3] for i, joint in enumerate(whole)},
        frame_rate=_frame_rate(source),
        unit=None if unit is None else Said(unit),
        axes=Said(axes_of(source.comments["axes"])) if "axes" in source.comments else None,
    )


def _frame_rate(source: Source) -> Said | str:
    if "frame_rate" in source.comments:
        return Said(checked_frame_rate(number(source.comments["frame_rate"])))
    if "frame_rate" in source.header:
        return Said(checked_frame_rate(float(source.numbers("frame_rate")[0, 0])))
    if "time" in source.header:
        return Said(frame_rate_of_times(source.numbers("time")[:, 0]))
    return "Add a column 'time' in seconds, or a first line '# frame_rate: 30'."


def _has_several(source: Source) -> bool:
    (same,), _ = source.columns({"person": [source.first("person")]}, ())
    return bool((same < 0).any())
