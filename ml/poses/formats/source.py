"""The bytes of an uploaded file, seen as JSON, as a table or as arrays; parsed once, whoever asks."""

import csv
import io
import math
import re
import struct
import tokenize
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from ml.poses.errors import TRUNCATED, PoseFormatError
from ml.poses.formats import json_text
from ml.poses.formats.fields import Fields, fields_of
from ml.poses.limits import USUAL_LIMITS, Limits

#: So many characters of a table are taken apart at once.
_TEXT_AT_ONCE = 1 << 22
#: What stands between the fields of a quoted table once the quotes are gone.
_UNIT_SEPARATOR = "\x1f"
#: Lines of a table that are empty or a comment: those before the header, and how any may begin.
_HEAD_COMMENTS = re.compile(r"(?:[ \t]*(?:#[^\n]*)?\n)*")
_NO_ROW = ("\n\n", "\n#", "\n ", "\n\t")
#: An archive of poses holds a handful of arrays.
MAX_MEMBERS = 100
#: Besides a file a frame an archive may have this many folders; how each entry begins in its directory.
MAX_FOLDERS = 1000
_ENTRY = b"PK\x01\x02"
#: Where a file's own header states the lengths of its name and of what else is before its bytes.
_LENGTHS_AT = 26
_ENCRYPTED = 1
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
        """The JSON value as of `json_text.loads`; `truncated` if it does not parse, None if it is no JSON."""
        if not self.looks_like_json:
            return None
        try:
            return json_text.loads(self.text or "")
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
        for line in (self.text or "")[:100_000].splitlines():
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
    def _body(self) -> str:
        """The lines below the header of a CSV file."""
        text = (self.text or "").replace("\r\n", "\n").replace("\r", "\n").strip()
        n_lines = text.count("\n")
        if n_lines > self.limits.lines or n_lines * len(self.header) > 4 * self.limits.values:
            raise self.limits.too_long("The table is too long")
        text = text[_HEAD_COMMENTS.match(text).end() :]  # type: ignore[union-attr]
        if any(begin in text for begin in _NO_ROW):
            text = "\n".join(line for line in text.split("\n") if line.strip() and not line.startswith("#"))
        return text.partition("\n")[2]

    @property
    def n_rows(self) -> int:
        """The number of rows below the header of a CSV file."""
        return self._body.count("\n") + 1 if self._body else 0

    def first(self, column: str) -> str:
        """The text in the first row of a column of a CSV file; empty if there is no row."""
        row = next(csv.reader([self._body.partition("\n")[0]]), [])
        return dict(zip(self.header, row, strict=False)).get(column, "").strip()

    def columns(
        self, words: Mapping[str, Sequence[str]], numbers: Sequence[str]
    ) -> tuple[list[np.ndarray], np.ndarray]:
        """Columns of a CSV file: of some which of the words each row has, (rows,), -1 for none of them;
        of others the numbers, (rows, columns), NaN where a field is empty.

        Taken apart some lines at a time, so that only what is asked for is ever held.
        """
        number_places = [self.header.index(name) for name in numbers]
        found: list[list[np.ndarray]] = [[np.empty(0, dtype=int)] for _ in words]
        values = [np.empty((0, len(numbers)))]
        for fields in self._rows():
            for column, (name, known) in zip(found, words.items(), strict=True):
                column.append(fields.at(np.s_[:, self.header.index(name)]).places(known))
            values.append(fields.at(np.s_[:, number_places]).numbers())
        return [np.concatenate(column) for column in found], np.concatenate(values)

    def numbers(self, *names: str) -> np.ndarray:
        """Columns of a CSV file as numbers, (rows, columns); NaN where a field is empty."""
        return self.columns({}, names)[1]

    def _rows(self) -> Iterator[Fields]:
        """All fields of some rows at a time, (rows, columns)."""
        body, width, start = self._body, len(self.header), 0
        while start < len(body):
            end = body.find("\n", start + _TEXT_AT_ONCE) + 1 or len(body)
            fields, counts = self._split(body[start:end])
            short = counts[counts != width]
            if len(short):
                raise PoseFormatError(
                    "truncated", f"A line of the table has {short[0]} fields instead of {width}. " + TRUNCATED
                )
            yield fields.shaped(-1, width)
            start = end

    def _split(self, text: str) -> tuple[Fields, np.ndarray]:
        if '"' not in text:
            return fields_of(text, ",")
        try:
            rows = list(csv.reader(text.splitlines(), strict=True))
        except csv.Error as error:
            raise PoseFormatError("truncated", TRUNCATED) from error
        return fields_of("\n".join(map(_UNIT_SEPARATOR.join, rows)), _UNIT_SEPARATOR)

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

    def member(self, info: zipfile.ZipInfo, most_bytes: int) -> bytes:
        """The bytes of one file of the archive, whose directory may lie about their number.

        `zipfile` opens a file in four times the time, which is felt with one file a frame.
        """
        if info.flag_bits & _ENCRYPTED or info.compress_type not in (
            zipfile.ZIP_STORED,
            zipfile.ZIP_DEFLATED,
        ):
            raise PoseFormatError(
                "unknown_format", "The archive is encrypted, or packed in a rare way. Make an ordinary ZIP."
            )
        name_bytes, extra_bytes = struct.unpack_from("<HH", self.data, info.header_offset + _LENGTHS_AT)
        begin = info.header_offset + _LENGTHS_AT + 4 + name_bytes + extra_bytes
        packed = self.data[begin : begin + info.compress_size]
        if info.compress_type == zipfile.ZIP_DEFLATED:
            packed = zlib.decompressobj(-zlib.MAX_WBITS).decompress(packed, most_bytes + 1)
        if len(packed) > most_bytes or zlib.crc32(packed) != info.CRC:
            raise PoseFormatError("truncated", "A file of the archive is damaged. " + TRUNCATED)
        return packed

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


def _array_header(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> tuple[tuple[int, ...], np.dtype]:
    """The shape and type that an .npy member states."""
    with archive.open(info) as member:
        version = np.lib.format.read_magic(member)
        if version == (1, 0):
            shape, _, dtype = np.lib.format.read_array_header_1_0(member)
        else:
            shape, _, dtype = np.lib.format.read_array_header_2_0(member)
    return shape, dtype
