"""OpenPose JSON, one file a frame in a ZIP: 3D keypoints are read, pixels refused with the way out."""

import re
import warnings
import zipfile
from typing import Any

import numpy as np

from ml.poses.assemble import Found, Said
from ml.poses.errors import TRUNCATED, PoseFormatError
from ml.poses.facts import Fact
from ml.poses.formats import json_text
from ml.poses.formats.source import DAMAGED, Source
from ml.poses.limits import Limits
from ml.poses.people import check_number, exercising, follow
from ml.skeletons import BODY_25, BODY_25B, COCO_17, HALPE_26

name = "openpose"

USUAL_FRAME_RATE_HZ = 30.0
#: In BODY_25 the pelvis (8) lies between the hips (9, 12): nearer to their middle than this share of the
#: figure's height. In BODY_25B these numbers are elbow, wrist and hip.
PELVIS_SHARE = 0.05

#: A whole crowd with faces and hands has less.
MAX_FRAME_BYTES = 2**21

Frame = list[np.ndarray]


def sniff(source: Source) -> bool:
    if source.looks_like_json:
        return isinstance(source.json, dict) and isinstance(source.json.get("people"), list)
    return any(
        info.filename.endswith(".json") for info in (source.archive.infolist() if source.archive else [])
    )


def read(source: Source) -> Found:
    if source.looks_like_json:
        raise PoseFormatError(
            "too_few_frames", "OpenPose writes one file a frame. Upload a ZIP of all files of the recording."
        )
    frames, pixels = _frames(source)
    if not any(frames):
        raise _flat(pixels)
    source.limits.check_frames(len(frames))
    people = _people(frames, source.limits)
    skeleton, places = _skeleton(people[np.isfinite(people).any(axis=-1).sum(axis=(1, 2)).argmax()])
    positions, chosen = exercising(people, places, source.person)
    return Found(
        format=name,
        joints={joint: positions[:, place] for joint, place in places.items()},
        frame_rate=Said(USUAL_FRAME_RATE_HZ, "usual", "as usual for OpenPose"),
        facts=(Fact("skeleton", skeleton, "format", "from the number and places of the joints"), *chosen),
    )


def _members(source: Source) -> list[zipfile.ZipInfo]:
    """The JSON files of the archive in the order of the numbers in their names."""
    found = [
        info
        for info in (source.archive.infolist() if source.archive else [])
        if info.filename.endswith(".json") and not info.filename.startswith("__MACOSX")
    ]
    return sorted(found, key=lambda info: [int(n) for n in re.findall(r"\d{1,18}", info.filename)])


def _frames(source: Source) -> tuple[list[Frame], list[Frame]]:
    """The 3D keypoints and the pixels of everybody in each frame."""
    members = _members(source)
    limits = source.limits
    if len(members) > limits.frames or sum(info.file_size for info in members) > limits.size_bytes:
        raise limits.too_long("The archive holds too much")
    if any(info.file_size > MAX_FRAME_BYTES for info in members):
        raise PoseFormatError(
            "unknown_format", "A file of the archive is too large for one frame of OpenPose."
        )
    try:
        texts = [source.member(info, MAX_FRAME_BYTES).decode() for info in members]
        contents = json_text.loads(f"[{','.join(texts)}]")
    except PoseFormatError:
        raise
    except (*DAMAGED, RecursionError) as error:
        raise PoseFormatError("truncated", TRUNCATED) from error
    spatial = [_lists(content, "pose_keypoints_3d") for content in contents]
    # Pixels are looked at only to say what they are.
    flat = [
        [] if any(map(len, lists)) else _lists(content, "pose_keypoints_2d")
        for content, lists in zip(contents, spatial, strict=True)
    ]
    return _keypoints(spatial, "pose_keypoints_3d", 4), _keypoints(flat, "pose_keypoints_2d", 3)


def _lists(content: Any, key: str) -> list[Any]:
    """The keypoints of everybody in one frame, as they stand there."""
    if not isinstance(content, dict) or not isinstance(content.get("people"), list):
        raise PoseFormatError(
            "unknown_format", "The archive's JSON files are not OpenPose's: each needs a list 'people'."
        )
    values = [person.get(key) for person in content["people"] if isinstance(person, dict)]
    return [one for one in values if isinstance(one, list | np.ndarray) and len(one)]


def _keypoints(frames: list[list[Any]], key: str, width: int) -> list[Frame]:
    """The keypoints (K, width) of everybody in each frame of whom anything is seen."""
    everybody = [person for people in frames for person in people]
    try:
        if len({len(person) for person in everybody}) == 1:
            # All at once: a person at a time would take longer than reading the file.
            together = _seen(np.array(everybody, dtype=np.float64).reshape(len(everybody), -1, width))
            points, is_seen = list(together), np.isfinite(together[..., -1]).any(axis=1).tolist()
        else:
            points = [_seen(np.array(person, dtype=np.float64).reshape(-1, width)) for person in everybody]
            is_seen = [bool(np.isfinite(person[:, -1]).any()) for person in points]
    except (ValueError, TypeError, OverflowError) as error:
        raise PoseFormatError("truncated", f"{key} is no list of {width} numbers a joint.") from error
    left = iter(zip(points, is_seen, strict=True))
    told = [[next(left) for _ in people] for people in frames]
    return [[person for person, shown in people if shown] for people in told]


def _seen(points: np.ndarray) -> np.ndarray:
    """Keypoints (..., width), NaN where the score is nought."""
    points[~(points[..., -1] > 0) | ~np.isfinite(points).all(axis=-1)] = np.nan
    return points


def _people(frames: list[Frame], limits: Limits) -> np.ndarray:
    """The paths of everybody, (P, F, K, 3), NaN where not seen."""
    most = max(len(people) for people in frames)
    check_number(most, limits)
    if len({len(person) for people in frames for person in people}) > 1:
        raise PoseFormatError("truncated", "Frames differ in the number of joints. " + TRUNCATED)
    return follow([[person[:, :3] for person in people] for people in frames])


def _skeleton(points: np.ndarray) -> tuple[str, dict[str, int]]:
    """Which of OpenPose's joint lists this is: by their number, the two of 25 by where the pelvis is."""
    known: dict[int, tuple[str, dict[str, int]]] = {
        17: ("COCO_17", COCO_17),
        25: ("BODY_25", BODY_25),
        26: ("HALPE_26", HALPE_26),
    }
    n_joints = points.shape[1]
    if n_joints not in known:
        raise PoseFormatError(
            "missing_joints",
            f"OpenPose's list of {n_joints} joints is none of BODY_25, BODY_25B, HALPE_26 and COCO_17.",
        )
    if n_joints == 25:
        # With nothing seen of the three the list is taken for the usual one: a comparison with NaN is false.
        away = np.linalg.norm(points[:, 8] - (points[:, 9] + points[:, 12]) / 2.0, axis=-1)
        with warnings.catch_warnings(action="ignore"):  # frames in which nobody is seen
            height = np.linalg.norm(np.nanmax(points, axis=1) - np.nanmin(points, axis=1), axis=-1)
        if np.isfinite(away).any() and np.nanmedian(away) > PELVIS_SHARE * np.nanmedian(height):
            return "BODY_25B", BODY_25B
    return known[n_joints]


def _flat(frames: list[Frame]) -> PoseFormatError:
    """The refusal of 2D keypoints, saying what they are and what to bring instead."""
    seen = [people for people in frames if people]
    if not seen:
        return PoseFormatError("no_person", "OpenPose saw nobody in any frame. Check the camera's view.")
    shape = seen[0][0].shape
    points = np.stack([people[0] for people in seen if people[0].shape == shape])[..., :2]
    most = max(len(people) for people in seen)
    crowd = f" and show up to {most} people at once" if most > 1 else ""
    return PoseFormatError(
        "not_3d",
        f"These are OpenPose's 2D keypoints ({_skeleton(points)[0]}): they are pixels of one camera{crowd}. "
        "Triangulate two or more cameras (Pose2Sim, OpenCap) and upload the TRC, or use MediaPipe Pose world "
        "landmarks of the same video.",
    )
