"""MediaPipe Pose landmarks, as CSV (one landmark a row) and as JSON; world landmarks only.

World landmarks are metres from the middle of the hips: x to the right of the image, y down, z away from the
camera. The image landmarks that MediaPipe gives besides are fractions of the picture and no motion in space.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ml.poses.assemble import Found, Said, assemble, checked_frame_rate, frame_rate_of_times
from ml.poses.errors import TRUNCATED, PoseFormatError
from ml.poses.facts import Fact
from ml.poses.formats.fields import number
from ml.poses.formats.source import Source
from ml.poses.limits import Limits
from ml.poses.people import check_number, one_of
from ml.poses.sequence import PoseSequence
from ml.skeletons import MEDIAPIPE_33

name = "mediapipe"

AXES = ("left", "down", "backward")
USUAL_FRAME_RATE_HZ = 30.0
N_LANDMARKS = 33
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


def read(source: Source) -> Found:
    if not source.looks_like_json and _is_wide(source.header):
        raise _not_world(
            "The columns are named like MediaPipe image landmarks (x, y, z and visibility of each landmark)"
        )
    rows = _rows_of_json(source) if source.looks_like_json else _rows_of_csv(source)
    people = np.unique(rows["person"]) if "person" in rows else np.empty(0)
    if len(people) > 1 and "frame" not in rows:
        raise PoseFormatError(
            "several_people", "The file shows several people, but no column says the frame."
        )
    check_number(len(people), source.limits)
    frames = _frames(rows, source.limits)
    n_frames = int(frames.max()) + 1 if len(frames) else 0
    source.limits.check_frames(n_frames)
    everybody = []
    for person in people if len(people) > 1 else [None]:
        own = slice(None) if person is None else rows["person"] == person
        positions, places = _positions(
            {key: column[own] for key, column in rows.items()}, frames[own], n_frames
        )
        everybody.append(_joints(positions, places))
        _check_world(everybody[-1])
    joints, facts = one_of(everybody, source.person)
    return _found(joints, _frame_rate(source, rows, frames), facts)


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
    places = {int(landmark): i for i, landmark in enumerate(ids)}
    return assemble(_found(_joints(np.asarray(landmarks, dtype=np.float64), places), Said(frame_rate)))


def _found(joints: dict[str, np.ndarray], frame_rate: Said, facts: tuple[Fact, ...] = ()) -> Found:
    return Found(
        format=name,
        joints=joints,
        frame_rate=frame_rate,
        unit=Said("m", "format", "as MediaPipe's world landmarks"),
        axes=Said(AXES, "format", "as MediaPipe's world landmarks"),
        travels=False,
        facts=facts,
    )


def _joints(positions: np.ndarray, places: dict[int, int]) -> dict[str, np.ndarray]:
    """Paths by our names of positions (F, L, 3), where `places` says which landmark is where."""
    return {
        joint: positions[:, places[landmark]]
        for joint, landmark in MEDIAPIPE_33.items()
        if landmark in places
    }


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
    wanted = {**{field: field for field in _FIELDS}, **_optional(source.header)}
    return dict(zip(wanted, source.numbers(*wanted.values()).T, strict=True))


def _rows_of_json(source: Source) -> Rows:
    content = _json_rows(source) or []
    wanted = {**{field: field for field in _FIELDS}, **_optional(tuple(content[0]))}
    try:
        return {key: _column(content, column) for key, column in wanted.items()}
    except (KeyError, TypeError, AttributeError) as error:
        raise PoseFormatError("truncated", "A landmark lacks its id, x, y or z. " + TRUNCATED) from error


def _column(content: list[Any], column: str) -> np.ndarray:
    is_needed = column in _FIELDS
    values = [row[column] if is_needed else row.get(column) for row in content]
    try:
        return np.array(values, dtype=np.float64)
    except (ValueError, TypeError, OverflowError):
        return np.array([number(value) for value in values], dtype=np.float64)


def _optional(columns: tuple[str, ...]) -> dict[str, str]:
    """Which columns say frame, time, person and rate, if any do."""
    known = {"frame": ("frame",), "time": ("time", "timestamp"), "person": _PERSON, "rate": _RATE}
    return {key: column for key, names in known.items() for column in names if column in columns}


def _frames(rows: Rows, limits: Limits) -> np.ndarray:
    """The frame of each row, from 0; where no column says it, a frame begins when the ids begin again."""
    ids = rows["id"]
    if not np.isfinite(ids).all():
        raise PoseFormatError("truncated", "A landmark has no id. " + TRUNCATED)
    if "frame" not in rows:
        return np.cumsum(np.diff(ids, prepend=ids[:1]) <= 0) - (1 if len(ids) else 0)
    numbers = rows["frame"]
    if not np.isfinite(numbers).all():
        raise PoseFormatError("truncated", "A landmark has no frame number. " + TRUNCATED)
    limits.check_frames(int(min(np.ptp(numbers), 1e9)) + 1 if len(numbers) else 0)
    return (numbers - numbers.min()).astype(int)


def _positions(rows: Rows, frames: np.ndarray, n_frames: int) -> tuple[np.ndarray, dict[int, int]]:
    """Positions (F, 33, 3), NaN where a landmark is not there, and which landmarks are."""
    known = (rows["id"] >= 0) & (rows["id"] < N_LANDMARKS)
    ids = rows["id"][known].astype(int)
    cells = frames[known] * N_LANDMARKS + ids
    times_seen = np.bincount(cells, minlength=n_frames * N_LANDMARKS)
    if times_seen.max(initial=0) > 1:
        raise PoseFormatError(
            "several_people", "A landmark comes twice in one frame. Upload one person a file."
        )
    positions = np.full((n_frames, N_LANDMARKS, 3), np.nan)
    positions.reshape(-1, 3)[cells] = np.stack([rows[axis][known] for axis in "xyz"], axis=1)
    there = np.flatnonzero(times_seen.reshape(n_frames, N_LANDMARKS).any(axis=0))
    return positions, {int(landmark): int(landmark) for landmark in there}


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


def _frame_rate(source: Source, rows: Rows, frames: np.ndarray) -> Said:
    said = source.comments.get("frame_rate")
    if source.looks_like_json and isinstance(source.json, dict):
        said = next((source.json[key] for key in _RATE if key in source.json), None)
    if said is not None:
        return Said(checked_frame_rate(number(said)))
    if "rate" in rows:
        return Said(checked_frame_rate(float(rows["rate"][0])))
    if "time" in rows:
        numbers, first = np.unique(frames, return_index=True)
        return Said(frame_rate_of_times(rows["time"][first]) / float(np.median(np.diff(numbers))))
    return Said(USUAL_FRAME_RATE_HZ, "usual", "as usual for MediaPipe")
