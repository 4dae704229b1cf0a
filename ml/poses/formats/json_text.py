"""JSON that mostly consists of numbers: long nested lists of one shape come as arrays, read all at once."""

import json
import math
import re
from collections.abc import Iterator
from typing import Any

import numpy as np

from ml.poses.errors import PoseFormatError
from ml.poses.formats.fields import fields_of

#: Shorter lists are left to Python.
_NUMBERS = re.compile(r"\[[-+.0-9eE, \t\r\n\[\]nul]{200,}")
_NO_STRUCTURE = b"+-.0123456789eE \t\r\nnul"
_MOST_LEVELS = 4
_TEXT_AT_ONCE = 1 << 22


def loads(text: str) -> Any:
    """Return the value of a JSON text, as `json.loads` and with its errors.

    A long list of numbers and nulls (NaN), nested or not, is an array; one of no single shape remains a list.
    """
    if "NaN" in text or "Infinity" in text:  # which stand for the arrays below
        return json.loads(text)
    found: list[tuple[tuple[int, ...], bytes]] = []
    shapes: dict[bytes, tuple[int, ...] | None] = {}

    def taken_out(match: re.Match[str]) -> str:
        run = match[0].rstrip(", \t\r\n")
        encoded = run.encode()
        structure = encoded.translate(None, delete=_NO_STRUCTURE)
        if structure not in shapes:
            shapes[structure] = _shape(structure)
        shape = shapes[structure]
        if shape is None:
            return match[0]
        found.append((shape, encoded.translate(None, delete=b"[]\r\n").replace(b"null", b"nan")))
        return "NaN" + match[0][len(run) :]

    rest = _NUMBERS.sub(taken_out, text)
    arrays = _arrays(found)
    if not arrays:
        return json.loads(text)
    n_taken = 0

    def put_in(_: str) -> np.ndarray | None:
        nonlocal n_taken
        n_taken += 1
        return arrays[n_taken - 1] if n_taken <= len(arrays) else None

    value = json.loads(rest, parse_constant=put_in)
    # What only looks like a list, inside a text, leaves one over.
    return value if n_taken == len(arrays) else json.loads(text)


def _shape(structure: bytes) -> tuple[int, ...] | None:
    """The shape that brackets and commas have, if they have one."""
    n_levels = len(structure) - len(structure.lstrip(b"["))
    if not 1 <= n_levels <= _MOST_LEVELS:
        return None
    start, shape, part = n_levels, [], b""
    for level in range(1, n_levels + 1):
        # Where a list of this level ends, as many brackets close at once.
        length = structure.find(b"]" * level, start) - start + level - 1
        count, over = divmod(length + 1, len(part) + 1)
        if count < 1 or over:
            return None
        part = b"[" + b",".join([part] * count) + b"]"
        shape.append(count)
        start -= 1
    return tuple(reversed(shape)) if part == structure else None


def _arrays(found: list[tuple[tuple[int, ...], bytes]]) -> list[np.ndarray]:
    """The arrays of some shapes and of numbers between commas; none if one is no number."""
    numbers = b",".join(text for _, text in found)
    try:
        values = np.concatenate([np.empty(0), *(_values(part) for part in _parts(numbers))])
    except PoseFormatError:
        return []
    ends = np.cumsum([math.prod(shape) for shape, _ in found], dtype=int)
    if not found or ends[-1] != len(values):
        return []
    return [part.reshape(shape) for part, (shape, _) in zip(np.split(values, ends[:-1]), found, strict=True)]


def _parts(text: bytes) -> Iterator[bytes]:
    start = 0
    while start < len(text):
        end = text.find(b",", start + _TEXT_AT_ONCE)
        end = len(text) if end < 0 else end
        yield text[start:end]
        start = end + 1


def _values(text: bytes) -> np.ndarray:
    values = fields_of(text.decode(), ",")[0].numbers()
    if np.isnan(values).sum() != text.count(b"nan"):
        raise PoseFormatError("truncated", "A list lacks a number.")
    return values
