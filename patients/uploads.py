"""Looks into an uploaded file before it is kept: its size, its hash, whether it holds one person's motion."""

import hashlib
from dataclasses import asdict, dataclass, replace
from typing import BinaryIO

from django.conf import settings

from ml.poses.errors import PoseFormatError
from ml.poses.facts import AS_READ, Corrections, Fact
from ml.poses.faults import repair
from ml.poses.formats import read
from ml.poses.quality import Quality, grade
from ml.poses.sequence import PoseSequence

#: What most cameras take; where a file does not say its frame rate it is read at this, and a person asked.
USUAL_FRAME_RATE_HZ = 30.0


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
    facts: tuple[Fact, ...]
    corrections: Corrections
    quality: Quality

    def columns(self) -> dict[str, object]:
        """Return the facts as the columns of a `Recording`."""
        return {
            "sha256": self.sha256,
            "size_bytes": self.size_bytes,
            "format": self.format,
            "skeleton": self.skeleton,
            "frames": self.frames,
            "frame_rate": self.frame_rate,
            "estimated_joints": list(self.estimated_joints),
            "facts": [fact._asdict() for fact in self.facts],
            "corrections": {
                name: value for name, value in asdict(self.corrections).items() if value not in (None, False)
            },
            "quality": self.quality.grade,
            "quality_reasons": [reason._asdict() for reason in self.quality.reasons],
        }


def inspect(file: BinaryIO, name: str | None, corrections: Corrections = AS_READ) -> UploadFacts:
    """Read an uploaded file to its end and rewind it; raise `UploadError` if it cannot be used.

    The name serves only to word a refusal: the format is told by the content. A file that does not say its
    frame rate is read at the usual one, which is in `corrections` then, and a fact that a person is asked.
    """
    sha256, size = _hash(file)
    try:
        sequence, corrections = _read(file, name, corrections)
        quality = grade(repair(sequence))
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
        facts=sequence.facts,
        corrections=corrections,
        quality=quality,
    )


def _read(file: BinaryIO, name: str | None, corrections: Corrections) -> tuple[PoseSequence, Corrections]:
    limits = settings.RECORDING_LIMITS
    try:
        return read(file, name=name, corrections=corrections, limits=limits), corrections
    except PoseFormatError as error:
        if error.code != "no_frame_rate":
            raise
    file.seek(0)
    assumed = replace(corrections, frame_rate=USUAL_FRAME_RATE_HZ)
    sequence = read(file, name=name, corrections=assumed, limits=limits)
    facts = tuple(
        fact._replace(known="usual", how="the file does not say it") if fact.about == "frame rate" else fact
        for fact in sequence.facts
    )
    return replace(sequence, facts=facts), assumed


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
