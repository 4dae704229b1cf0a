"""The fields of a text table, found and read many at once: one at a time takes longer than anybody waits."""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ml.poses.errors import TRUNCATED, PoseFormatError

#: Longer fields, and those that are no plain decimal number, are read one by one.
_WIDEST = 24
#: What fits into 64 bits whatever the digits are.
_MOST_DIGITS = 18
#: So many numbers are read in one go: what is held for them fits a processor's cache.
_AT_ONCE = 1 << 15
#: Blanks at either end of a field, of more than these it is read by itself.
_BLANKS = 2
_POWERS = 10.0 ** np.arange(_MOST_DIGITS + 1)
_SPACE, _NEWLINE, _MINUS, _PLUS, _DOT, _ZERO = b" \n-+.0"


class Fields(NamedTuple):
    """Where fields begin and end in the bytes of a text; `starts` and `ends` are of one shape."""

    data: NDArray[np.uint8]
    starts: NDArray[np.intp]
    ends: NDArray[np.intp]

    def at(self, key: Any) -> "Fields":
        """Return those fields that an index of NumPy takes."""
        return Fields(self.data, self.starts[key], self.ends[key])

    def shaped(self, *shape: int) -> "Fields":
        """Return the fields in rows and columns."""
        return Fields(self.data, self.starts.reshape(shape), self.ends.reshape(shape))

    def numbers(self) -> NDArray[np.float64]:
        """Return the fields as numbers to the last digit but one, NaN where one is empty.

        Raises
        ------
        PoseFormatError
            `truncated` where something else than a number stands.
        """
        starts, ends = self.starts.ravel(), self.ends.ravel()
        values = np.empty(len(starts))
        for i in range(0, len(starts), _AT_ONCE):
            part = slice(i, i + _AT_ONCE)
            values[part] = _numbers(self.data, starts[part], ends[part])
        return values.reshape(self.starts.shape)

    def places(self, words: Sequence[str]) -> NDArray[np.intp]:
        """Return which of the words each field is, -1 for none of them."""
        starts, ends = _stripped(self.data, self.starts.ravel(), self.ends.ravel())
        places = np.full(len(starts), -1)
        by_length: dict[int, list[tuple[int, bytes]]] = {}
        for place, word in enumerate(words):
            if word:
                by_length.setdefault(len(word.encode()), []).append((place, word.encode()))
        for length, alike in by_length.items():
            candidates = np.flatnonzero(ends - starts == length)
            texts = self.data[starts[candidates, None] + np.arange(length)]
            for place, letters in alike:
                places[candidates[texts.view(f"S{length}").ravel() == letters]] = place
        return places.reshape(self.starts.shape)


def fields_of(text: str, separator: str | None) -> tuple[Fields, NDArray[np.intp]]:
    """Return the fields of lines of text, one after the other, and how many each line has.

    Parameters
    ----------
    text : str
        Lines that end in a line feed; the last need not.
    separator : str, optional
        One ASCII character. None: any white space, so that no field can be empty.
    """
    encoded = text.removesuffix("\n").encode() + b"\n"
    # Padded, so that the widest window of a field never leaves the array.
    data = np.frombuffer(encoded + bytes(_WIDEST), np.uint8)
    there = data[: len(encoded)]
    newlines = np.flatnonzero(there == _NEWLINE)
    if separator is None:
        edges = np.flatnonzero(np.diff(there > _SPACE, prepend=False))
        starts, ends = edges[::2], edges[1::2]
    else:
        ends = np.flatnonzero((there == ord(separator)) | (there == _NEWLINE))
        starts = np.concatenate([[0], ends[:-1] + 1])
    return Fields(data, starts, ends), np.diff(np.searchsorted(ends, newlines, "right"), prepend=0)


def number(field: object) -> float:
    """A number of a text field or a JSON value; NaN if empty or null, refused if it is something else."""
    if field is None or field == "":
        return math.nan
    if isinstance(field, int | float | str) and not isinstance(field, bool):
        try:
            return float(field)
        except (ValueError, OverflowError):
            pass
    raise PoseFormatError("truncated", f"{str(field)[:30]!r} stands where a number should be. " + TRUNCATED)


def _stripped(
    data: NDArray[np.uint8], starts: NDArray[np.intp], ends: NDArray[np.intp]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    for _ in range(_BLANKS):
        first = (data[starts] <= _SPACE) & (starts < ends)
        last = (data[ends - 1] <= _SPACE) & (starts + first < ends)
        if not (first.any() or last.any()):
            break
        starts, ends = starts + first, ends - last
    return starts, ends


def _numbers(
    data: NDArray[np.uint8], starts: NDArray[np.intp], ends: NDArray[np.intp]
) -> NDArray[np.float64]:
    """Sign, digits and at most one point, a column of characters at a time; the rest one by one."""
    starts, ends = _stripped(data, starts, ends)
    signed = (data[starts] == _MINUS) | (data[starts] == _PLUS)
    negative = data[starts] == _MINUS
    first = starts + (signed & (starts < ends))
    lengths = ends - first
    width = min(int(lengths.max(initial=0)), _WIDEST - 1)
    windows = np.lib.stride_tricks.sliding_window_view(data, max(width, 1))[first]
    characters = np.ascontiguousarray(windows.T)
    inside = lengths > np.arange(len(characters))[:, None]
    digits = characters - np.uint8(_ZERO)  # whatever is before 0 goes round to the far end
    is_digit, is_dot = (digits <= 9) & inside, (characters == _DOT) & inside
    mantissa = np.zeros(len(starts), dtype=np.int64)
    decimals = np.zeros(len(starts), dtype=np.int8)
    after_dot = np.zeros(len(starts), dtype=bool)
    for digit, here, dot in zip(digits, is_digit, is_dot, strict=True):
        mantissa = np.where(here, mantissa * 10 + digit, mantissa)
        decimals += here & after_dot
        after_dot |= dot
    n_digits, n_dots = is_digit.sum(axis=0, dtype=np.int8), is_dot.sum(axis=0, dtype=np.int8)
    values = mantissa / _POWERS[np.minimum(decimals, _MOST_DIGITS)]
    values[negative] *= -1.0
    values[starts == ends] = np.nan
    plain = (n_digits + n_dots == lengths) & (n_dots <= 1) & (n_digits >= 1) & (n_digits <= _MOST_DIGITS)
    odd = np.flatnonzero(~plain & (starts < ends))
    values[odd] = _one_by_one(data, starts[odd], ends[odd])
    return values


def _one_by_one(data: NDArray[np.uint8], starts: NDArray[np.intp], ends: NDArray[np.intp]) -> list[float]:
    if not len(starts):
        return []
    first = int(starts.min())
    text = data[first : int(ends.max())].tobytes()
    fields = [text[a:b] for a, b in zip((starts - first).tolist(), (ends - first).tolist(), strict=True)]
    try:
        return list(map(float, fields))
    except ValueError:
        return [number(field.decode("utf-8", "replace").strip()) for field in fields]
