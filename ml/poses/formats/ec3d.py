"""The layouts of the published EC3D project: long CSV tables, a lifted video, and its pose arrays."""

import numpy as np

from ml.poses.assemble import Found, Said, assemble
from ml.poses.errors import TRUNCATED, PoseFormatError
from ml.poses.facts import Fact
from ml.poses.formats.source import Source
from ml.poses.gravity import is_plank, up_directions, upright
from ml.poses.limits import MIN_FRAMES, Limits
from ml.poses.sequence import PoseSequence
from ml.skeletons import BODY_25_NAMES, EC3D_19, EC3D_LONG_CSV

name = "ec3d"

#: The published poses have one reference skeleton, without unit: its thigh of 0.140 is taken as 0.42 m.
METRES_PER_UNIT = 3.0
FRAME_RATE_HZ = 30.0
_COLUMNS = {"frame", "x", "y", "z", "joint_name"}


def sniff(source: Source) -> bool:
    if source.array_shapes:
        return "joint_names" in source.array_shapes and bool({"original", "poses"} & set(source.array_shapes))
    return set(source.header) >= _COLUMNS


def read(source: Source) -> Found:
    return _read_arrays(source) if source.array_shapes else _read_long_csv(source)


def sequence_from_published(
    positions: np.ndarray, joints: tuple[str, ...] = EC3D_19.joints, *, lying: bool | None = None
) -> PoseSequence:
    """Turn poses of the published frame into metres under gravity.

    Parameters
    ----------
    positions : ndarray of float, shape (F, J, 3)
        One repetition in the published frame: left-handed (left, front of the trunk, along the spine),
        unitless, centred on the pelvis and turned to the trunk in every frame.
    joints : tuple of str
        EC3D_19 names along axis 1.
    lying : bool, optional
        Whether the person is in a plank; None: told from arms and legs.

    Returns
    -------
    PoseSequence
        Canonical, metres, 30 Hz; each frame still centred on the pelvis (`travels` is False). The vertical is
        estimated (`ml.poses.gravity`): good to some five degrees.

    Raises
    ------
    PoseFormatError
        `too_few_frames`, `missing_joints`, `missing_values` and what `assemble` raises.
    """
    return assemble(found_in_published(positions, joints, lying=lying))


def found_in_published(
    positions: np.ndarray, joints: tuple[str, ...] = EC3D_19.joints, *, lying: bool | None = None
) -> Found:
    """Return what `sequence_from_published` puts in order, for the arguments given there."""
    values = np.asarray(positions, dtype=np.float64) * METRES_PER_UNIT * np.array([-1.0, 1.0, 1.0])
    if len(values) < MIN_FRAMES:
        Limits().check_frames(len(values))
    if not np.isfinite(values).all():
        raise PoseFormatError("missing_values", "Published poses have no gaps, but this file does.")
    named = {joint: values[:, i] for i, joint in enumerate(joints)}
    lacking = [joint for joint in EC3D_LONG_CSV.values() if joint not in named]
    if lacking:
        raise PoseFormatError("missing_joints", f"The file lacks: {', '.join(lacking).replace('_', ' ')}.")
    lying = is_plank(named) if lying is None else lying
    turned = upright(values, up_directions(named, lying=lying))
    return Found(
        format=name,
        joints={joint: turned[:, i] for i, joint in enumerate(joints)},
        frame_rate=Said(FRAME_RATE_HZ, "format", "as the data set"),
        unit=Said("m", "format", "a thigh is taken for 0.42 m"),
        axes=Said(("right", "forward", "up"), "format", "as the data set"),
        facts=(Fact("vertical", "estimated in every frame", "format", "from feet and balance"),),
        travels=False,
    )


def _read_arrays(source: Source) -> Found:
    if "poses" in source.array_shapes:
        raise PoseFormatError(
            "several_people",
            "This file holds a data set of many recordings. Upload one recording a file; data sets are "
            "for the evaluation command.",
        )
    shape = source.array_shapes["original"]
    if len(shape) != 3 or shape[2] != 3:
        raise PoseFormatError("not_3d", f"The array 'original' has shape {shape}, not (frames, joints, 3).")
    source.limits.check_frames(shape[0])
    names = [BODY_25_NAMES.get(str(joint), str(joint)) for joint in source.array("joint_names").ravel()]
    if len(names) != shape[1]:
        raise PoseFormatError("missing_joints", f"The file has {shape[1]} joints but names {len(names)}.")
    return found_in_published(_as_floats(source.array("original")), tuple(names))


def _as_floats(values: np.ndarray) -> np.ndarray:
    if values.dtype.kind not in "fiu":
        raise PoseFormatError("truncated", "The positions are not numbers. " + TRUNCATED)
    return values.astype(np.float64)


def _read_long_csv(source: Source) -> Found:
    words = {**{joint: joint for joint in EC3D_19.joints}, **EC3D_LONG_CSV}
    (named,), values = source.columns({"joint_name": list(words)}, ("frame", "x", "y", "z"))
    numbers = values[:, 0]
    if not np.isfinite(numbers).all():
        raise PoseFormatError("truncated", "A row has no frame number. " + TRUNCATED)
    frames = np.unique(numbers, return_inverse=True)[1]
    n_frames = int(frames.max()) + 1 if len(frames) else 0
    source.limits.check_frames(n_frames)
    known = named >= 0
    columns = np.array([EC3D_19.index(joint) for joint in words.values()])[named[known]]
    cells = frames[known] * len(EC3D_19.joints) + columns
    if np.bincount(cells, minlength=1).max() > 1:
        raise PoseFormatError("several_people", "A joint comes twice in one frame. Upload one person a file.")
    positions = np.full((n_frames, len(EC3D_19.joints), 3), np.nan)
    positions.reshape(-1, 3)[cells] = values[known, 1:]
    present = np.unique(columns).tolist()
    return found_in_published(positions[:, present], tuple(EC3D_19.joints[i] for i in present))
