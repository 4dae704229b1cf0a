"""Reading an uploaded pose file: the format is told by the content, never by the name.

To add a format, write a module with `name`, `sniff` and `read` and add it to `READERS`.
"""

from pathlib import Path
from typing import BinaryIO, Protocol

from ml.poses.assemble import Found, assemble
from ml.poses.errors import PoseFormatError
from ml.poses.facts import AS_READ, Corrections
from ml.poses.formats import (
    bvh,
    c3d,
    csv_wide,
    ec3d,
    exfb_json,
    joint_arrays,
    kinect,
    mediapipe,
    npz,
    openpose,
    trc,
    ui_prmd,
)
from ml.poses.formats.refused import refusal
from ml.poses.formats.source import Source
from ml.poses.limits import USUAL_LIMITS, Limits
from ml.poses.sequence import PoseSequence


class Reader(Protocol):
    """What a module of this package offers."""

    name: str

    def sniff(self, source: Source) -> bool:
        """Tell whether the file is of this format, however broken."""

    def read(self, source: Source) -> Found:
        """Return the joints as they stand in the file, or raise `PoseFormatError`."""


#: In the order in which they are asked.
READERS: tuple[Reader, ...] = (
    exfb_json,
    npz,
    joint_arrays,
    ec3d,
    mediapipe,
    openpose,
    kinect,
    trc,
    c3d,
    bvh,
    ui_prmd,
    csv_wide,
)


def read(
    path: Path | BinaryIO,
    *,
    name: str | None = None,
    corrections: Corrections = AS_READ,
    limits: Limits = USUAL_LIMITS,
) -> PoseSequence:
    """Read one pose file of any known format.

    Parameters
    ----------
    path : Path or binary file
    name : str, optional
        The name of the file as uploaded. Only used to say in words what was expected; never to choose.
    corrections : Corrections
        What a person said of the recording.
    limits : Limits

    Returns
    -------
    PoseSequence
        Skeleton EC3D_19, canonical axes, metres.

    Raises
    ------
    PoseFormatError
        For anything that is wrong with the file; nothing else is raised for its content.
    """
    if isinstance(path, Path):
        with path.open("rb") as file:
            data = file.read(limits.size_bytes + 1)
    else:
        data = path.read(limits.size_bytes + 1)
    if len(data) > limits.size_bytes:
        raise PoseFormatError(
            "too_many_frames", f"The file is larger than {limits.size_bytes >> 20} MB. Cut the recording."
        )
    if not data.strip():
        raise PoseFormatError("empty_file", "The file is empty. Export or upload it again.")
    if _is_pickle(data):
        raise PoseFormatError(
            "unsafe_format",
            "The file is a Python pickle, which can run code and is never opened. Export CSV or JSON.",
        )
    source = Source(data, limits, corrections.person)
    for reader in READERS:
        if reader.sniff(source):
            return assemble(reader.read(source), corrections, limits)
    raise refusal(source) or PoseFormatError("unknown_format", _unknown(name))


def _is_pickle(data: bytes) -> bool:
    """Protocols 2 to 5 begin with opcode and number; 0 and 1 are recognised by how they begin and end."""
    if data[:1] == b"\x80" and data[1:2] in b"\x02\x03\x04\x05":
        return True
    return data.rstrip()[-1:] == b"." and data[:2] in (b"(d", b"(l", b"(i", b"(c", b"cn", b"c_", b"]q", b"}q")


def _unknown(name: str | None) -> str:
    what = "The content of this file" if name is None else f"The content of {name[:80]!r}"
    return (
        f"{what} is no pose format that is known here. Upload TRC, C3D, BVH, MediaPipe Pose world landmarks, "
        "a Kinect skeleton, exfb JSON, NPZ or CSV; a video has to be turned into poses first."
    )
