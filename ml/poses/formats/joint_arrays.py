"""NumPy archives of Human3.6M's or COCO's 17 joints, as networks that lift video to 3D write them."""

import numpy as np

from ml.poses.assemble import Found, Said, checked_frame_rate
from ml.poses.errors import TRUNCATED, PoseFormatError
from ml.poses.facts import Fact
from ml.poses.formats.source import Source
from ml.poses.people import by_person, one_of
from ml.skeletons import COCO_17, H36M_17

name = "joints_17"

#: What the array of positions is called by common programs, the surest first.
ARRAYS = ("poses_3d", "keypoints_3d", "joints_3d", "reconstruction", "S")
_RATES = ("frame_rate", "fps")
#: In Human3.6M's list the first joint is the middle of the hips (to a share of the distance of the hips).
MIDDLE = 0.25
#: A recording whose first joint never moves by this share of the body was centred in every frame.
CENTRED = 1e-4


def sniff(source: Source) -> bool:
    return _array_name(source) is not None


def _array_name(source: Source) -> str | None:
    shapes = source.array_shapes
    return next(
        (n for n in ARRAYS if n in shapes and len(shapes[n]) in (3, 4) and 17 in shapes[n][1:-1]), None
    )


def read(source: Source) -> Found:
    array = _array_name(source) or ""
    shape = source.array_shapes[array]
    if shape[-1] not in (3, 4):
        raise PoseFormatError(
            "not_3d", f"The array {array!r} has {shape[-1]} coordinates a joint, not three."
        )
    values = source.array(array)
    if values.dtype.kind not in "fiu":
        raise PoseFormatError("truncated", "The positions are not numbers. " + TRUNCATED)
    source.limits.check_frames(max(shape[:-2]))
    positions = values[..., :3].astype(np.float64)
    if shape[-1] == 4:  # Human3.6M writes a fourth number: whether the joint is there.
        positions[~(values[..., 3] > 0)] = np.nan
    everybody = by_person(positions, source.limits) if positions.ndim == 4 else [positions]
    skeleton, places = _skeleton(np.concatenate(everybody))
    joints, chosen = one_of(
        [{joint: one[:, place] for joint, place in places.items()} for one in everybody], source.person
    )
    return Found(
        format=name,
        joints=joints,
        frame_rate=_frame_rate(source),
        facts=(Fact("skeleton", skeleton, "format", "from where the first joint lies"), *chosen),
        travels=not _is_centred(joints),
    )


def _skeleton(positions: np.ndarray) -> tuple[str, dict[str, int]]:
    """Human3.6M begins with the pelvis between joints 1 and 4; COCO with the nose."""
    hips = np.linalg.norm(positions[:, 1] - positions[:, 4], axis=-1)
    away = np.linalg.norm(positions[:, 0] - (positions[:, 1] + positions[:, 4]) / 2.0, axis=-1)
    known = np.isfinite(hips) & np.isfinite(away)
    if known.any() and np.median(away[known]) < MIDDLE * np.median(hips[known]):
        return "Human3.6M, 17 joints", H36M_17
    return "COCO, 17 joints", COCO_17


def _is_centred(joints: dict[str, np.ndarray]) -> bool:
    middle = (joints["left_hip"] + joints["right_hip"]) / 2.0
    legs = np.linalg.norm(joints["left_hip"] - joints["left_ankle"], axis=-1)
    seen = np.isfinite(middle).all(axis=-1)
    return bool(seen.any() and np.ptp(middle[seen], axis=0).max() < CENTRED * np.nanmedian(legs))


def _frame_rate(source: Source) -> Said | str:
    for key in _RATES:
        if key in source.array_shapes:
            values = source.array(key).ravel().tolist()
            return Said(checked_frame_rate(values[0] if len(values) == 1 else None))
    return "Add a number 'frame_rate' to the archive, in frames per second of the video."
