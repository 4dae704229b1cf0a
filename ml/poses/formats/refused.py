"""Files of known kinds that hold no 3D positions of a recording: each is refused with what to bring instead.

Asked after every reader. A kind is a function that returns the refusal, or None for a file of another kind.
"""

import re
from collections.abc import Callable
from typing import Any

import numpy as np

from ml.poses.errors import PoseFormatError
from ml.poses.formats.source import Source

_INSTEAD = (
    "Triangulate two or more cameras (Pose2Sim, OpenCap) and upload the TRC, or use MediaPipe Pose world "
    "landmarks."
)
#: Rows of data sets whose layout is published, but that hold no joints in space.
_KNOWN_ROWS = {
    119: "17 targets on the segments of the body, as Keraal's Vicon recordings have them. Knees and ankles "
    "cannot be placed by these; upload the Kinect file of the same recording.",
    66: "22 joints relative to the turns of their parents, as UI-PRMD's Kinect recordings have them; the "
    "turns are in another file. Upload the Vicon file of the same recording.",
}
_VIDEO = ((4, b"ftyp"), (0, b"\x1a\x45\xdf\xa3"), (8, b"AVI "))
_COMPRESSED = (b"\xfd7zXZ\x00", b"\x1f\x8b", b"BZh", b"7z\xbc\xaf", b"Rar!")


def refusal(source: Source) -> PoseFormatError | None:
    """Return the refusal of a known kind of file that is no recording, or None if the kind is not known."""
    return next((error for kind in KINDS if (error := kind(source)) is not None), None)


def _video(source: Source) -> PoseFormatError | None:
    if not any(source.data[place : place + len(mark)] == mark for place, mark in _VIDEO):
        return None
    return PoseFormatError(
        "unknown_format",
        "This is a video. Turn it into 3D poses first, for example with MediaPipe Pose (world landmarks).",
    )


def _compressed(source: Source) -> PoseFormatError | None:
    if not source.data.startswith(_COMPRESSED):
        return None
    return PoseFormatError("unknown_format", "The file is compressed. Unpack it and upload what is inside.")


def _angles(source: Source) -> PoseFormatError | None:
    """OpenSim's MOT and STO."""
    head = (source.text or "")[:20_000].lower()
    if "endheader" not in head or "indegrees" not in head:
        return None
    return PoseFormatError(
        "missing_joints",
        "This is an OpenSim motion file: it holds joint angles without the model's size, so there are no "
        "positions to see. Upload the TRC with the marker positions of the same trial instead.",
    )


def _plain_array(source: Source) -> PoseFormatError | None:
    if not source.data.startswith(b"\x93NUMPY"):
        return None
    return PoseFormatError(
        "no_frame_rate",
        "A single NumPy array names no joints and no frame rate. Save an NPZ with 'positions', 'joints' and "
        "'frame_rate' instead.",
    )


def _panoptic(source: Source) -> PoseFormatError | None:
    """CMU Panoptic: one JSON a frame."""
    content = source.json
    bodies = content.get("bodies") if isinstance(content, dict) else None
    if not isinstance(bodies, list):
        return None
    people = f" of {len(bodies)} people" if len(bodies) > 1 else ""
    return PoseFormatError(
        "too_few_frames",
        f"This is a single frame{people} (CMU Panoptic). Save the frames of one person as NPZ or exfb JSON.",
    )


def _image_keypoints(source: Source) -> PoseFormatError | None:
    """COCO's annotations and results, AlphaPose's, and the JSON of Keraal: positions in the picture."""
    content = source.json
    if isinstance(content, dict) and isinstance(content.get("positions"), dict):
        return _keraal(content["positions"])
    rows = content.get("annotations") if isinstance(content, dict) else content
    if not isinstance(rows, list) or not rows or not isinstance(rows[0], dict) or "keypoints" not in rows[0]:
        return None
    return PoseFormatError(
        "not_3d", f"These are 2D keypoints (COCO, AlphaPose): they are pixels of pictures. {_INSTEAD}"
    )


def _keraal(frames: dict[str, Any]) -> PoseFormatError | None:
    """`{"positions": {frame: {joint: [x, y] or [x, y, z]}}}`, fractions of the picture."""
    first = next((frame for frame in frames.values() if isinstance(frame, dict) and frame), None)
    points = [] if first is None else [point for point in first.values() if isinstance(point, list)]
    if not points:
        return None
    what = "BlazePose image landmarks" if len(points[0]) == 3 else "2D keypoints"
    return PoseFormatError("not_3d", f"These are {what}: they are fractions of the picture. {_INSTEAD}")


def _nameless_rows(source: Source) -> PoseFormatError | None:
    """Rows of numbers without a header, such as a tracker's targets, with nothing that names them."""
    if source.text is None or source.looks_like_json:
        return None
    first = source.text[:20_000].lstrip().partition("\n")[0].replace(",", " ")
    n_numbers = len(first.split())
    if n_numbers < 6 or re.search(r"[^-+.\s\deE]", first):
        return None
    if n_numbers in _KNOWN_ROWS:
        what = f"The rows hold {n_numbers} numbers: {_KNOWN_ROWS[n_numbers]}"
        return PoseFormatError("missing_joints", what)
    return PoseFormatError(
        "missing_joints",
        f"The rows hold {n_numbers} numbers and nothing that names them. Export with the joints' names, "
        "as TRC, C3D or CSV.",
    )


def _single_frames(source: Source) -> PoseFormatError | None:
    """Data sets of pictures: arrays of poses that do not follow one another."""
    shapes = source.array_shapes
    if "imgname" not in shapes:
        return None
    n_frames = int(np.max([shape[0] for shape in shapes.values() if shape], initial=0))
    return PoseFormatError(
        "too_few_frames", f"These are {n_frames} pictures that do not follow one another, not a recording."
    )


def _other_arrays(source: Source) -> PoseFormatError | None:
    shapes = source.array_shapes
    if not shapes:
        return None
    if "offsets" in shapes or {"xyz", "tracking", "timestamps"} <= set(shapes):
        return PoseFormatError(
            "several_people", "The archive is a data set of many recordings. Upload one recording a file."
        )
    names = ", ".join(sorted(shapes))[:80]
    return PoseFormatError(
        "unknown_format",
        f"The archive has the arrays {names}. Call them 'positions' (frames, joints, 3), 'joints' and "
        "'frame_rate'.",
    )


KINDS: tuple[Callable[[Source], PoseFormatError | None], ...] = (
    _video,
    _compressed,
    _plain_array,
    _angles,
    _panoptic,
    _image_keypoints,
    _nameless_rows,
    _single_frames,
    _other_arrays,
)
