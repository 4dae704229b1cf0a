"""Rows of numbers in text, fast: what TRC, BVH and headerless files consist of."""

import re
from collections.abc import Sequence

import numpy as np

from ml.poses.errors import PoseFormatError
from ml.poses.formats.source import TRUNCATED
from ml.poses.limits import Limits

_EMPTY_FIELD = {
    sep: re.compile(f"(?<={sep})[ ]*(?={sep}|$)|^[ ]*(?={sep})", re.MULTILINE) for sep in ("\t", ",")
}


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
    if separator is None:
        rows = [" ".join(line.split()) for line in rows]
        separator = " "
    else:
        rows = [_padded(line.rstrip("\r\n"), n_columns, separator) for line in rows]
        rows = _EMPTY_FIELD[separator].sub("nan", "\n".join(rows)).split("\n")
    bad = next((i for i, line in enumerate(rows) if line.count(separator) + 1 != n_columns), None)
    if bad is not None:
        raise PoseFormatError(
            "truncated",
            f"Row {bad + 1} has {rows[bad].count(separator) + 1} values instead of {n_columns}. " + TRUNCATED,
        )
    if not rows:
        return np.empty((0, n_columns))
    try:
        return np.loadtxt(rows, delimiter=separator, ndmin=2, comments=None, dtype=np.float64)
    except ValueError as error:
        raise PoseFormatError("truncated", "Text stands where a number should be. " + TRUNCATED) from error


def _padded(line: str, n_columns: int, separator: str) -> str:
    """The line with as many fields as there are columns, where only empty ones are added or taken."""
    excess = line.count(separator) + 1 - n_columns
    while excess > 0 and line.rstrip(" ").endswith(separator):
        line = line.rstrip(" ")[:-1]
        excess -= 1
    # Writers leave out the last markers of a frame, never a part of one: that is a cut file.
    return line + separator * (-excess if excess < 0 and excess % 3 == 0 else 0)
