"""TRC, the table of named points that OpenSim, OpenCap, Pose2Sim and Vicon Nexus write."""

from itertools import dropwhile

import numpy as np

from ml.poses.assemble import Found, Said, checked_frame_rate, frame_rate_of_times
from ml.poses.errors import TRUNCATED, PoseFormatError
from ml.poses.formats.fields import number
from ml.poses.formats.source import Source
from ml.poses.formats.text_table import numbers_of
from ml.poses.markers import found_in_points

name = "trc"

_UNITS = {"m": "m", "meters": "m", "metres": "m", "cm": "cm", "mm": "mm", "millimeters": "mm"}
#: The rate of the header and that of the times may differ by rounding, not by more.
SAME_RATE = 0.05


def sniff(source: Source) -> bool:
    return (source.text or "")[:200].lstrip().startswith("PathFileType")


def read(source: Source) -> Found:
    head, rows, names = _table(source)
    unit = _UNITS.get(head.get("Units", "").lower())
    if unit is None:
        raise PoseFormatError("not_metres", "The header does not state a unit of m, cm or mm under 'Units'.")
    frame_rate = _frame_rate(head, rows[:, 1])
    return found_in_points(
        _named(rows, names), format=name, frame_rate=frame_rate, unit=Said(unit), person=source.person
    )


def points_of(source: Source) -> dict[str, np.ndarray]:
    """Return the named points as they are in the file, (F, 3) each, in its axes and unit; NaN where empty."""
    _, rows, names = _table(source)
    return _named(rows, names)


def _table(source: Source) -> tuple[dict[str, str], np.ndarray, list[str]]:
    """The header by key, the rows (F, 2 + 3 points: number, time, coordinates), and the points' names."""
    lines = list(dropwhile(lambda line: not line.strip(), source.lines))
    if len(lines) < 6:
        raise PoseFormatError("truncated", "The file has no points below its header. " + TRUNCATED)
    separator = "\t" if "\t" in lines[1] else ","
    head = dict(zip(_fields(lines[1], separator), _fields(lines[2], separator), strict=False))
    names = [field for field in _fields(lines[3], separator)[2:] if field]
    rows = numbers_of(lines[5:], 2 + 3 * len(names), separator, source.limits)
    _check_count(head, len(rows))
    source.limits.check_frames(len(rows))
    return head, rows, names


def _named(rows: np.ndarray, names: list[str]) -> dict[str, np.ndarray]:
    return {point: rows[:, 2 + 3 * i : 5 + 3 * i] for i, point in enumerate(names)}


def _fields(line: str, separator: str) -> list[str]:
    return [field.strip() for field in line.split(separator)]


def _check_count(head: dict[str, str], n_rows: int) -> None:
    """A file with fewer frames than its header promises was cut; more are only a careless header."""
    promised = number(head.get("NumFrames", ""))
    if promised > n_rows:
        raise PoseFormatError(
            "truncated", f"The header promises {promised:.0f} frames, but {n_rows} are there. " + TRUNCATED
        )


def _frame_rate(head: dict[str, str], times: np.ndarray) -> Said | str:
    if not head.get("DataRate"):
        if np.isfinite(times).all():
            return Said(frame_rate_of_times(times))
        return "Write it in the header under 'DataRate', in frames per second."
    stated = checked_frame_rate(number(head["DataRate"]))
    if np.isfinite(times).all() and abs(frame_rate_of_times(times) / stated - 1.0) > SAME_RATE:
        raise PoseFormatError(
            "bad_frame_rate",
            f"The header says {stated:g} frames per second, the times {frame_rate_of_times(times):.4g}. "
            "Export the file again.",
        )
    return Said(stated)
