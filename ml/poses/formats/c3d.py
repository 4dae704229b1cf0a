"""C3D, the binary of motion capture systems (https://www.c3d.org/HTML/): its points, integer or float.

Read here rather than by a library, since a file from outside must neither crash the process nor ask for
memory that its size does not warrant: every count is compared with the bytes that are there.
"""

import math
import struct
from dataclasses import dataclass, field

import numpy as np

from ml.poses.assemble import Found, Said, checked_frame_rate
from ml.poses.errors import TRUNCATED, PoseFormatError
from ml.poses.formats.source import Source
from ml.poses.limits import Limits
from ml.poses.markers import found_in_points

name = "c3d"

BLOCK = 512
INTEL, DEC, SGI = 84, 85, 86
MAX_POINTS = 1000


class _Bytes:
    """The file's bytes as numbers of the computer that wrote them."""

    def __init__(self, data: bytes, processor: int) -> None:
        if processor not in (INTEL, DEC, SGI):
            raise PoseFormatError("truncated", "The C3D file names no known number format. " + TRUNCATED)
        self.data = data
        self.is_dec = processor == DEC
        self.order = ">" if processor == SGI else "<"

    def unpack(self, layout: str, place: int) -> tuple[int, ...]:
        return struct.unpack_from(self.order + layout, self.data, place)

    def integers(self, kind: str, count: int, place: int) -> np.ndarray:
        return np.frombuffer(self.data, self.order + kind, count, place)

    def floats(self, count: int, place: int) -> np.ndarray:
        """A DEC float has its two words the other way round and an exponent that is larger by two."""
        if self.is_dec:
            words = np.frombuffer(self.data, "<u2", 2 * count, place).reshape(-1, 2)[:, ::-1]
            return np.ascontiguousarray(words).view("<f4").ravel() / 4.0
        return np.frombuffer(self.data, self.order + "f4", count, place)


@dataclass
class _Parameters:
    """What the parameter section holds: by group and name the values, or the texts."""

    numbers: dict[tuple[str, str], np.ndarray] = field(default_factory=dict)
    texts: dict[tuple[str, str], list[str]] = field(default_factory=dict)


def sniff(source: Source) -> bool:
    # The second byte is a "P"; what tells the header's words from a text, such as a PDF's, are their zeros.
    head = source.data[:64]
    return len(head) >= 4 and head[1] == 0x50 and 2 <= head[0] <= 64 and b"\0" in head


def read(source: Source) -> Found:
    parameters, positions, rate = _opened(source)
    unit = (parameters.texts.get(("POINT", "UNITS")) or [""])[0].lower()
    if unit not in ("m", "cm", "mm"):
        raise PoseFormatError("not_metres", "The file does not state a unit of m, cm or mm in POINT:UNITS.")
    points = _named(parameters, positions)
    return found_in_points(points, format=name, frame_rate=Said(rate), unit=Said(unit), person=source.person)


def points_of(source: Source) -> dict[str, np.ndarray]:
    """Return the named points as they are in the file, (F, 3) each, in its axes and unit; NaN where lost."""
    parameters, positions, _ = _opened(source)
    return _named(parameters, positions)


def _opened(source: Source) -> tuple[_Parameters, np.ndarray, float]:
    data = source.data
    if len(data) < 2 * BLOCK:
        raise PoseFormatError("truncated", TRUNCATED)
    start = (data[0] - 1) * BLOCK
    try:
        values = _Bytes(data, data[start + 3])
        parameters = _parameters(values, start)
        return parameters, *_points(values, parameters, source.limits)
    except (struct.error, IndexError) as error:
        raise PoseFormatError("truncated", TRUNCATED) from error
    except ValueError as error:
        # NumPy's answer to a count that the bytes do not cover; our own refusals are ValueErrors too.
        if isinstance(error, PoseFormatError):
            raise
        raise PoseFormatError("truncated", TRUNCATED) from error


def _named(parameters: _Parameters, positions: np.ndarray) -> dict[str, np.ndarray]:
    keys = ("LABELS", "LABELS2", "LABELS3")
    labels = [text for key in keys for text in parameters.texts.get(("POINT", key), [])]
    return {label: positions[:, i] for i, label in enumerate(labels[: positions.shape[1]]) if label}


def _parameters(values: _Bytes, start: int) -> _Parameters:
    """Walk the groups (negative number) and parameters (positive) from the section's first block."""
    data = values.data
    end = min(len(data), start + data[start + 2] * BLOCK)
    groups: dict[int, str] = {}
    pending: list[tuple[int, str, int]] = []
    place = start + 4
    while place + 2 < end:
        length, number = struct.unpack_from("<bb", data, place)
        if length == 0 or number == 0:
            break
        after = place + 2 + abs(length)
        label = data[place + 2 : after].decode("ascii", "replace").upper()
        if number < 0:
            groups[-number] = label
        else:
            pending.append((number, label, after + 2))
        offset = values.unpack("H", after)[0]
        if offset == 0:
            break
        place = after + offset
    found = _Parameters()
    for number, label, where in pending:
        _keep(found, (groups.get(number, ""), label), values, where)
    return found


def _keep(found: _Parameters, key: tuple[str, str], values: _Bytes, place: int) -> None:
    kind, n_dimensions = struct.unpack_from("<bB", values.data, place)
    shape = tuple(values.data[place + 2 : place + 2 + n_dimensions])
    count = math.prod(shape)
    place += 2 + n_dimensions
    if kind == -1 and count:
        width = shape[0] if shape else 1
        starts = range(place, min(place + count, len(values.data)), width)
        found.texts[key] = [values.data[i : i + width].decode("latin-1").strip(" \0") for i in starts]
    elif kind == 2 and count:
        found.numbers[key] = values.integers("i2", count, place)
    elif kind == 4 and count:
        found.numbers[key] = values.floats(count, place)


def _points(values: _Bytes, parameters: _Parameters, limits: Limits) -> tuple[np.ndarray, float]:
    """Positions (F, P, 3), NaN where a point was lost, and the frame rate in Hz."""
    n_points, n_analog, first, last = values.unpack("4H", 2)
    scale, block, rate = float(values.floats(1, 12)[0]), values.unpack("H", 16)[0], values.floats(1, 20)[0]
    rate = checked_frame_rate(float(rate))
    if not 0 < n_points <= MAX_POINTS:
        raise PoseFormatError("no_person", f"The file holds {n_points} points. Export the trajectories.")
    n_frames = _n_frames(parameters, first, last, limits)
    limits.check_frames(n_frames)
    width, size = 4 * n_points + n_analog, 4 if scale < 0 else 2
    begin = (block - 1) * BLOCK
    there = max(0, len(values.data) - begin) // (width * size)
    if begin < BLOCK or there < n_frames:
        raise PoseFormatError(
            "truncated", f"The header promises {n_frames} frames, but {there} are there. " + TRUNCATED
        )
    count = n_frames * width
    numbers = values.floats(count, begin) if scale < 0 else values.integers("i2", count, begin)
    points = numbers.reshape(n_frames, width)[:, : 4 * n_points].reshape(n_frames, n_points, 4)
    points = points.astype(np.float64)
    factor = 1.0 if scale < 0 else scale
    with np.errstate(invalid="ignore", over="ignore"):
        return np.where(points[..., 3:] < 0, np.nan, points[..., :3] * factor), rate


def _n_frames(parameters: _Parameters, first: int, last: int, limits: Limits) -> int:
    """The header counts to 65535 only; what is longer than that is longer than is read."""
    frames = parameters.numbers.get(("POINT", "FRAMES"))
    return last - first + 1 if last < 65_535 or frames is None else limits.frames + 1
