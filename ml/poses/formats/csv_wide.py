"""Tables of one row a frame and three columns a joint, such as left_knee_x (docs/formats.md)."""

import numpy as np

from ml.poses.assemble import Found, Said, axes_of, checked_frame_rate, frame_rate_of_times
from ml.poses.errors import PoseFormatError
from ml.poses.formats.fields import number
from ml.poses.formats.source import Source
from ml.poses.people import check_number, one_of

name = "csv"


def sniff(source: Source) -> bool:
    return sum(column.endswith("_x") and f"{column[:-2]}_y" in source.header for column in source.header) >= 2


def read(source: Source) -> Found:
    named = [column[:-2] for column in source.header if column.endswith("_x")]
    if not any(f"{joint}_z" in source.header for joint in named):
        raise PoseFormatError(
            "not_3d", "The table has x and y of the joints but no z. Upload positions in three dimensions."
        )
    source.limits.check_frames(source.n_rows)
    unit = source.comments.get("unit")
    if unit not in (None, "m", "cm", "mm"):
        raise PoseFormatError("not_metres", "The unit is not one of m, cm, mm.")
    whole = [joint for joint in named if {f"{joint}_y", f"{joint}_z"} <= set(source.header)]
    values = source.numbers(*(f"{joint}_{axis}" for joint in whole for axis in "xyz"))
    joints, facts = one_of(
        [
            {joint: rows[:, 3 * i : 3 * i + 3] for i, joint in enumerate(whole)}
            for rows in _by_person(source, values)
        ],
        source.person,
    )
    return Found(
        format=name,
        joints=joints,
        facts=facts,
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
        times = source.numbers("time")[:, 0]
        return Said(frame_rate_of_times(np.unique(times) if "person" in source.header else times))
    return "Add a column 'time' in seconds, or a first line '# frame_rate: 30'."


def _by_person(source: Source, values: np.ndarray) -> list[np.ndarray]:
    """The rows of each person; where a column says the frame, at that, so that all have as many."""
    if "person" not in source.header:
        return [values]
    numbers, whose = np.unique(source.numbers("person")[:, 0], return_inverse=True)
    if len(numbers) == 1:
        return [values]
    check_number(len(numbers), source.limits)
    if "frame" not in source.header:
        raise PoseFormatError(
            "several_people", "The table shows several people, but no column says the frame."
        )
    frames = np.unique(source.numbers("frame")[:, 0], return_inverse=True)[1]
    paths = np.full((len(numbers), int(frames.max()) + 1, values.shape[1]), np.nan)
    paths[whose, frames] = values
    return list(paths)
