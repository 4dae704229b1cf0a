"""Looks into an uploaded file before it is kept: its size, its hash, whether it holds one person's motion."""

import hashlib
from dataclasses import dataclass
from typing import BinaryIO

from django.conf import settings

from ml.poses.errors import PoseFormatError
from ml.poses.formats import read


class UploadError(ValueError):
    """An upload is refused.

    `code` is one of `CODES`; `message` is a full sentence for the person who uploads, without a path.
    """

    CODES = (*PoseFormatError.CODES, "too_large", "bad_date", "bad_pain", "bad_exercise")

    def __init__(self, code: str, message: str) -> None:
        if code not in self.CODES:
            raise AssertionError(f"unlisted upload code {code!r}")
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(frozen=True)
class UploadFacts:
    """What the reader found in a usable file."""

    sha256: str
    size_bytes: int
    format: str
    skeleton: str
    frames: int
    frame_rate: float
    estimated_joints: tuple[str, ...]
    inferred: tuple[str, ...]


def inspect(file: BinaryIO, name: str) -> UploadFacts:
    """Read an uploaded file to its end and rewind it; raise `UploadError` if it cannot be used.

    The name serves only to word a refusal: the format is told by the content.
    """
    sha256, size = _hash(file)
    try:
        sequence = read(file, name=name)
    except PoseFormatError as error:
        raise UploadError(error.code, error.message) from error
    finally:
        file.seek(0)
    return UploadFacts(
        sha256=sha256,
        size_bytes=size,
        format=sequence.format,
        skeleton=sequence.skeleton.name,
        frames=len(sequence),
        frame_rate=sequence.frame_rate,
        estimated_joints=tuple(sorted(sequence.estimated)),
        inferred=sequence.inferred,
    )


def _hash(file: BinaryIO) -> tuple[str, int]:
    """Return the SHA-256 and the size of a file and rewind it; refuse one that is too large."""
    digest = hashlib.sha256()
    size = 0
    file.seek(0)
    while chunk := file.read(1 << 20):
        size += len(chunk)
        if size > settings.MAX_UPLOAD_BYTES:
            raise UploadError(
                "too_large",
                f"The file is larger than {settings.MAX_UPLOAD_BYTES // 2**20} MB. Cut the recording, or use "
                "a more compact format.",
            )
        digest.update(chunk)
    file.seek(0)
    return digest.hexdigest(), size
