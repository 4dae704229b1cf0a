"""The bytes of an uploaded file, seen as JSON, as a table or as arrays; parsed once, whoever asks."""

import csv
import io
import json
import math
import struct
import tokenize
import zipfile
import zlib
from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np

from ml.poses.errors import PoseFormatError
from ml.poses.limits import USUAL_LIMITS, Limits

#: So many lines of a table are taken apart at once.
_LINES_AT_ONCE = 20_000
#: An archive of poses holds a handful of arrays.
MAX_MEMBERS = 100
#: Besides a file a frame an archive may have this many folders; how each entry begins in its directory.
MAX_FOLDERS = 1000
_ENTRY = b"PK\x01\x02"
#: How zipfile, zlib and NumPy's header parser answer damaged bytes.
DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    tokenize.TokenError,
    struct.error,
    NotImplementedError,
    RuntimeError,
    SyntaxError,
    ArithmeticError,
    EOFError,
    OSError,
    KeyError,
    TypeError,
    ValueError,
    MemoryError,
)

TRUNCATED = "The file ends in the middle or is damaged. Export or upload it again."


class Source:
    """One file's content, for readers to look at.

    Parameters
    ----------
    data : bytes
        The whole file.
    limits : Limits
    person : int, optional
        Which of several people a person chose, from 1.
    """

    def __init__(self, data: bytes, limits: Limits = USUAL_LIMITS, person: int | None = None) -> None:
        self.data = data
        self.limits = limits
        self.person = person

    @cached_property
    def text(self) -> str | None:
        """The file as text, or None if it is not text."""
        if b"\0" in self.data[:4096]:
            return None
        try:
            return self.data.decode("utf-8-sig")
        except UnicodeDecodeError:
            return None

    @property
    def looks_like_json(self) -> bool:
        return self.text is not None and self.text.lstrip()[:1] in ("{", "[")

    @cached_property
    def json(self) -> Any:
        """The JSON value; `truncated` if it does not parse, None if the file is no JSON."""
        if not self.looks_like_json:
            return None
        try:
            return json.loads(self.text or "")
        except (ValueError, RecursionError) as error:
            raise PoseFormatError("truncated", TRUNCATED) from error

    @cached_property
    def lines(self) -> list[str]:
        """The lines of a text file; refused before they are taken apart if they are too many."""
        text = self.text or ""
        if text.count("\n") > self.limits.lines:
            raise self.limits.too_long("The file has too many lines")
        return text.splitlines()

    @cached_property
    def comments(self) -> dict[str, str]:
        """`# key: value` lines at the head of a CSV file."""
        found: dict[str, str] = {}
        for line in (self.text or "").splitlines():
            if not line.startswith("#"):
                break
            key, _, value = line[1:].partition(":")
            found[key.strip().lower()] = value.strip()
        return found

    @cached_property
    def header(self) -> tuple[str, ...]:
        """The column names of a CSV file, in lower case; empty if the file is no CSV."""
        if self.text is None or self.looks_like_json:
            return ()
        for line in self.text[:100_000].splitlines():
            if line.strip() and not line.startswith("#"):
                names = tuple(name.strip().strip('"').lower() for name in line.split(","))
                return names if len(names) > 2 else ()
        return ()

    @cached_property
    def _body(self) -> list[str]:
        """The lines below the header of a CSV file."""
        lines = [line for line in self.lines if line.strip() and not line.startswith("#")]
        if len(lines) * len(self.header) > 4 * self.limits.values:
            raise self.limits.too_long("The table is too long")
        return lines[1:]

    @property
    def n_rows(self) -> int:
        """The number of rows below the header of a CSV file."""
        return len(self._body)

    def columns(self, *texts: str, numbers: Sequence[str] = ()) -> tuple[list[list[str]], np.ndarray]:
        """Columns of a CSV file: some as texts, some as numbers (rows, columns), NaN where a field is empty.

        Taken apart some lines at a time, so that only what is asked for is ever held.
        """
        names, width = self.header, len(self.header)
        text_places = [names.index(name) for name in texts]
        number_places = [names.index(name) for name in numbers]
        found: list[list[str]] = [[] for _ in texts]
        values = np.empty((self.n_rows, len(numbers)))
        for start in range(0, self.n_rows, _LINES_AT_ONCE):
            fields, n_rows = self._fields(self._body[start : start + _LINES_AT_ONCE])
            for column, place in zip(found, text_places, strict=True):
                column += fields[place::width]
            for i, place in enumerate(number_places):
                values[start : start + n_rows, i] = floats(fields[place::width])
        return found, values

    def _fields(self, lines: list[str]) -> tuple[list[str], int]:
        """All fields of some rows, one row after the other, and the number of the rows."""
        width = len(self.header)
        try:
            rows = list(csv.reader(lines, strict=True)) if self._is_quoted else None
        except csv.Error as error:
            raise PoseFormatError("truncated", TRUNCATED) from error
        counts = [line.count(",") + 1 for line in lines] if rows is None else [len(row) for row in rows]
        short = next((count for count in counts if count != width), None)
        if short is not None:
            raise PoseFormatError(
                "truncated", f"A line of the table has {short} fields instead of {width}. " + TRUNCATED
            )
        if rows is None:
            return ",".join(lines).split(","), len(lines)
        return [field for row in rows for field in row], len(rows)

    @cached_property
    def _is_quoted(self) -> bool:
        return '"' in (self.text or "")

    def column(self, name: str) -> list[str]:
        """The texts of one column of a CSV file."""
        return self.columns(name)[0][0]

    def numbers(self, *names: str) -> np.ndarray:
        """Columns of a CSV file as numbers, (rows, columns); NaN where a field is empty."""
        return self.columns(numbers=names)[1]

    @cached_property
    def archive(self) -> zipfile.ZipFile | None:
        """The file as a ZIP, of which nothing is ever unpacked to a place; None if it is none."""
        if not self.data.startswith(b"PK"):
            return None
        if self.data.count(_ENTRY) > self.limits.frames + MAX_FOLDERS:
            raise self.limits.too_long("The archive holds too many files")
        try:
            return zipfile.ZipFile(io.BytesIO(self.data))
        except DAMAGED as error:
            raise PoseFormatError("truncated", TRUNCATED) from error

    @cached_property
    def array_shapes(self) -> dict[str, tuple[int, ...]]:
        """Names and shapes of the arrays of an NPZ file, from their headers alone; empty if it is none."""
        if self.archive is None:
            return {}
        try:
            headers = {
                info.filename.removesuffix(".npy"): _array_header(self.archive, info)
                for info in self.archive.infolist()[:MAX_MEMBERS]
                if info.filename.endswith(".npy")
            }
        except DAMAGED as error:
            raise PoseFormatError("truncated", TRUNCATED) from error
        for shape, dtype in headers.values():
            self._check_size(shape, dtype)
        return {name: shape for name, (shape, _) in headers.items()}

    def array(self, name: str) -> np.ndarray:
        """One array of an NPZ file; the size that its header states was checked before."""
        try:
            with np.load(io.BytesIO(self.data), allow_pickle=False) as archive:
                return np.asarray(archive[name])
        except DAMAGED as error:
            raise PoseFormatError("truncated", TRUNCATED) from error

    def _check_size(self, shape: tuple[int, ...], dtype: np.dtype) -> None:
        if dtype.hasobject:
            raise PoseFormatError(
                "unsafe_format",
                "The file holds Python objects, which are never loaded. Export plain arrays.",
            )
        if (
            math.prod(shape) > self.limits.values
            or math.prod(shape) * dtype.itemsize > self.limits.size_bytes
        ):
            raise self.limits.too_long("The file holds too much")


def floats(fields: Sequence[str]) -> np.ndarray:
    """Many text fields as numbers, as `number` does it."""
    try:
        return np.fromiter(map(float, fields), np.float64, len(fields))
    except ValueError:
        return np.array([number(field) for field in fields], dtype=np.float64)


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


def _array_header(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> tuple[tuple[int, ...], np.dtype]:
    """The shape and type that an .npy member states."""
    with archive.open(info) as member:
        version = np.lib.format.read_magic(member)
        if version == (1, 0):
            shape, _, dtype = np.lib.format.read_array_header_1_0(member)
        else:
            shape, _, dtype = np.lib.format.read_array_header_2_0(member)
    return shape, dtype
