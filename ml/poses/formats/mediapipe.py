"""MediaPipe Pose landmarks, as CSV (one landmark a row) and as JSON; world landmarks only.

World landmarks are metres from the middle of the hips: x to the right of the image, y down, z away from the
camera. The image landmarks that MediaPipe gives besides are fractions of the picture and no motion in space.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ml.poses.assemble import (
    assemble,
    check_frame_count,
    checked_frame_rate,
    frame_rate_of_times,
    to_canonical,
)
from ml.poses.errors import PoseFormatError
from ml.poses.formats.source import TRUNCATED, Source, number
from ml.poses.sequence import PoseSequence
from ml.skeletons import MEDIAPIPE_33

name = "mediapipe"

AXES = ("left", "down", "backward")
USUAL_FRAME_RATE_HZ = 30.0
#: World landmarks are centred on the hips; image landmarks have them in the picture.
CENTRED_WITHIN_M = 0.05
_PERSON = ("person", "person_id", "pose", "pose_id")
_RATE = ("frame_rate", "fps")
_FIELDS = ("id", "x", "y", "z")

Rows = dict[str, np.ndarray]


def sniff(source: Source) -> bool:
    if source.looks_like_json:
        return _json_rows(source) is not None
    return set(source.header) >= set(_FIELDS) or _is_wide(source.header)


def read(source: Source) -> PoseSequence:
    if not source.looks_like_json and _is_wide(source.header):
        raise _not_world(
            "The columns are named like MediaPipe image landmarks (x, y, z and visibility of each landmark)"
        )
    rows = _rows_of_json(source) if source.looks_like_json else _rows_of_csv(source)
    if "person" in rows and len(np.unique(rows["person"])) > 1:
        raise PoseFormatError("several_people", "The file shows several people. Upload the patient's alone.")
    frames = _frames(rows)
    check_frame_count(int(frames.max()) + 1 if len(frames) else 0)
    joints = {
        joint: _path(rows, frames, landmark)
        for joint, landmark in MEDIAPIPE_33.items()
        if landmark in rows["id"]
    }
    _check_world(joints)
    frame_rate, inferred = _frame_rate(source, rows, frames)
    return assemble(joints, frame_rate=frame_rate, format=name, travels=False, inferred=inferred)


def sequence_from_world(
    landmarks: np.ndarray, ids: Sequence[int], frame_rate: float = USUAL_FRAME_RATE_HZ
) -> PoseSequence:
    """Turn an array of world landmarks, as data sets hold them, into a pose sequence.

    Parameters
    ----------
    landmarks : ndarray of float, shape (F, L, 3)
        MediaPipe's axes, metres, centred on the hips.
    ids : sequence of int
        The landmark numbers along axis 1.
    frame_rate : float
        Hz.

    Raises
    ------
    PoseFormatError
        As `ml.poses.assemble.assemble`.
    """
    positions = to_canonical(np.asarray(landmarks, dtype=np.float64), AXES)
    places = {int(landmark): i for i, landmark in enumerate(ids)}
    joints = {
        joint: positions[:, places[landmark]]
        for joint, landmark in MEDIAPIPE_33.items()
        if landmark in places
    }
    return assemble(joints, frame_rate=frame_rate, format=name, travels=False)


def _is_wide(header: tuple[str, ...]) -> bool:
    """One row a frame, with the visibility of each landmark: how image landmarks are usually saved."""
    return {"left_hip_x", "left_hip_y", "left_hip_z"} <= set(header) and bool(
        {"left_hip_v", "left_hip_visibility"} & set(header)
    )


def _json_rows(source: Source) -> list[Any] | None:
    """The list of landmarks of a JSON file: itself, or under `joints_data` or `landmarks`."""
    content = source.json
    if isinstance(content, dict):
        content = content.get("joints_data", content.get("landmarks"))
    if (
        isinstance(content, list)
        and content
        and isinstance(content[0], dict)
        and {*_FIELDS} <= set(content[0])
    ):
        return content
    return None


def _rows_of_csv(source: Source) -> Rows:
    wanted = {**dict.fromkeys(_FIELDS), **_optional(source.header)}
    return {key: source.numbers(column or key) for key, column in wanted.items()}


def _rows_of_json(source: Source) -> Rows:
    content = _json_rows(source) or []
    if not all(isinstance(row, dict) and {*_FIELDS} <= set(row) for row in content):
        raise PoseFormatError("truncated", "A landmark lacks its id, x, y or z. " + TRUNCATED)
    wanted = {**dict.fromkeys(_FIELDS), **_optional(tuple(content[0]))}
    return {
        key: np.array([number(row.get(column or key)) for row in content], dtype=np.float64)
        for key, column in wanted.items()
    }


def _optional(columns: tuple[str, ...]) -> dict[str, str]:
    """Which columns say frame, time, person and rate, if any do."""
    known = {"frame": ("frame",), "time": ("time", "timestamp"), "person": _PERSON, "rate": _RATE}
    return {key: column for key, names in known.items() for column in names if column in columns}


def _frames(rows: Rows) -> np.ndarray:
    """The frame of each row, from 0; where no column says it, a frame begins when the ids begin again."""
    ids = rows["id"]
    if not np.isfinite(ids).all():
        raise PoseFormatError("truncated", "A landmark has no id. " + TRUNCATED)
    if "frame" not in rows:
        return np.cumsum(np.diff(ids, prepend=ids[:1]) <= 0) - (1 if len(ids) else 0)
    numbers = rows["frame"]
    if not np.isfinite(numbers).all():
        raise PoseFormatError("truncated", "A landmark has no frame number. " + TRUNCATED)
    first, last = numbers.min(initial=0), numbers.max(initial=0)
    check_frame_count(int(min(last - numbers.min(), 1e9)) + 1 if len(numbers) else int(first))
    frames = (numbers - numbers.min()).astype(int)
    if len(np.unique(np.stack([frames, ids]), axis=1).T) < len(ids):
        raise PoseFormatError(
            "several_people", "A landmark comes twice in one frame. Upload one person a file."
        )
    return frames


def _path(rows: Rows, frames: np.ndarray, landmark: int) -> np.ndarray:
    path = np.full((int(frames.max()) + 1, 3), np.nan)
    chosen = rows["id"] == landmark
    path[frames[chosen]] = np.stack([rows[axis][chosen] for axis in "xyz"], axis=1)
    return to_canonical(path, AXES)


def _check_world(joints: dict[str, np.ndarray]) -> None:
    if "left_hip" not in joints or "right_hip" not in joints:
        return
    middle = np.linalg.norm((joints["left_hip"] + joints["right_hip"]) / 2, axis=-1)
    middle = middle[np.isfinite(middle)]
    if len(middle) and np.median(middle) > CENTRED_WITHIN_M:
        raise _not_world("The hips are not at the origin, as in MediaPipe image landmarks")


def _not_world(finding: str) -> PoseFormatError:
    return PoseFormatError(
        "not_3d",
        f"{finding}: these are fractions of the picture, not positions in space. Export pose_world_landmarks "
        "(metres from the hips) of the same recording instead.",
    )


def _frame_rate(source: Source, rows: Rows, frames: np.ndarray) -> tuple[float, tuple[str, ...]]:
    said = source.comments.get("frame_rate")
    if source.looks_like_json and isinstance(source.json, dict):
        said = next((source.json[key] for key in _RATE if key in source.json), None)
    if said is not None:
        return checked_frame_rate(number(said)), ()
    if "rate" in rows:
        return checked_frame_rate(float(rows["rate"][0])), ()
    if "time" in rows:
        numbers, first = np.unique(frames, return_index=True)
        return frame_rate_of_times(rows["time"][first]) / float(np.median(np.diff(numbers))), ()
    return USUAL_FRAME_RATE_HZ, ("frame rate: 30 Hz, as usual for MediaPipe",)
