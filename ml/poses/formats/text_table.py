"""Rows of numbers in text, fast: what TRC, BVH and headerless files consist of."""

from collections.abc import Sequence

import numpy as np

from ml.poses.errors import TRUNCATED, PoseFormatError
from ml.poses.formats.fields import fields_of
from ml.poses.limits import Limits

#: So many values are taken apart at once.
_VALUES_AT_ONCE = 1 << 19


def numbers_of(lines: Sequence[str], n_columns: int, separator: str | None, limits: Limits) -> np.ndarray:
    """Return the numbers of the lines, (rows, n_columns); empty lines are left out.

    Parameters
    ----------
    lines : sequence of str
    n_columns : int
        A row may be shorter by whole points (three columns), and longer by empty fields.
    separator : {"\\t", ","} or None
        None: any white space, so that no field can be empty. Otherwise an empty field is NaN.
    limits : Limits

    Raises
    ------
    PoseFormatError
        `truncated` for a row of another length or a word; `too_many_frames`.
    """
    rows = [line for line in lines if line.strip(" \t\r\n,")]
    if len(rows) > limits.frames or len(rows) * n_columns > limits.values:
        raise limits.too_long(f"The file has {len(rows)} frames of {n_columns} values")
    if separator is not None:
        rows = [_padded(line.rstrip("\r\n"), n_columns, separator) for line in rows]
    values = np.empty((len(rows), n_columns))
    at_once = max(1, _VALUES_AT_ONCE // max(n_columns, 1))
    for start in range(0, len(rows), at_once):
        fields, counts = fields_of("\n".join(rows[start : start + at_once]), separator)
        wrong = np.flatnonzero(counts != n_columns)
        if len(wrong):
            raise PoseFormatError(
                "truncated",
                f"Row {start + wrong[0] + 1} has {counts[wrong[0]]} values instead of {n_columns}. "
                + TRUNCATED,
            )
        values[start : start + at_once] = fields.shaped(-1, n_columns).numbers()
    return values


def _padded(line: str, n_columns: int, separator: str) -> str:
    """The line with as many fields as there are columns, where only empty ones are added or taken."""
    excess = line.count(separator) + 1 - n_columns
    while excess > 0 and line.rstrip(" ").endswith(separator):
        line = line.rstrip(" ")[:-1]
        excess -= 1
    # Writers leave out the last markers of a frame, never a part of one: that is a cut file.
    return line + separator * (-excess if excess < 0 and excess % 3 == 0 else 0)
