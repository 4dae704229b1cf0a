"""From the named joints of a source to a checked pose sequence of the model's 19 joints."""

import numpy as np
from numpy.typing import NDArray

from ml.poses.errors import PoseFormatError
from ml.poses.sequence import PoseSequence
from ml.skeletons import EC3D_19
from ml.vectors import direction

MIN_FRAMES = 15
MAX_FRAMES = 20_000
MIN_FRAME_RATE_HZ = 8.0
MAX_FRAME_RATE_HZ = 1000.0
#: From the ankles along the legs and the trunk to the neck, of everybody from a child to the tallest.
MIN_BODY_M, MAX_BODY_M = 0.75, 2.2
#: With less than this share of a joint, or a longer hole, its path would be invention.
LEAST_SEEN = 0.5
LONGEST_GAP_S = 2.0
UNITS = {"m": 1.0, "cm": 0.01, "mm": 0.001}

#: Without these nothing can be said; the others can be put in from them.
REQUIRED = tuple(
    f"{side}_{part}"
    for part in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle")
    for side in ("left", "right")
)

AXES = {
    "right": (0, 1.0),
    "left": (0, -1.0),
    "forward": (1, 1.0),
    "backward": (1, -1.0),
    "up": (2, 1.0),
    "down": (2, -1.0),
}

Array = NDArray[np.float64]


def check_frame_count(n_frames: int) -> None:
    """Refuse a recording that is too short to hold a repetition or too long to handle."""
    if n_frames < MIN_FRAMES:
        raise PoseFormatError(
            "too_few_frames",
            f"The recording has {n_frames} frame{'' if n_frames == 1 else 's'}; a repetition needs at least "
            f"{MIN_FRAMES}. Record the whole exercise.",
        )
    if n_frames > MAX_FRAMES:
        raise PoseFormatError(
            "too_many_frames",
            f"The recording has {n_frames} frames; at most {MAX_FRAMES} are read. Cut it into shorter ones.",
        )


def checked_frame_rate(value: object) -> float:
    """Return a plausible frame rate in Hz, or refuse it."""
    if not isinstance(value, int | float | np.number) or isinstance(value, bool) or value != value:
        raise PoseFormatError(
            "bad_frame_rate", "The frame rate is not a number. State it in frames per second."
        )
    if not MIN_FRAME_RATE_HZ <= value <= MAX_FRAME_RATE_HZ:
        raise PoseFormatError(
            "bad_frame_rate",
            f"The frame rate is {str(value)[:12]} frames per second; between {MIN_FRAME_RATE_HZ:g} and "
            f"{MAX_FRAME_RATE_HZ:g} can be used.",
        )
    return float(value)


def frame_rate_of_times(seconds: Array) -> float:
    """Return the frame rate that a column of times in seconds implies."""
    steps = np.diff(seconds)
    if not np.isfinite(seconds).all() or (steps <= 0).any():
        raise PoseFormatError("bad_frame_rate", "The times do not rise from frame to frame. Write seconds.")
    return checked_frame_rate(float(1.0 / np.median(steps)))


def refuse_gaps(joint: str, seen: NDArray[np.bool_], frame_rate: float) -> None:
    """Refuse a joint that is not seen often enough for its path to be filled in; seen is (F,)."""
    known = np.flatnonzero(seen)
    hole = np.diff(np.concatenate([[-1], known, [len(seen)]])).max() - 1
    if seen.mean() < LEAST_SEEN or hole > LONGEST_GAP_S * frame_rate:
        raise PoseFormatError(
            "missing_values",
            f"The {joint.replace('_', ' ')} is not seen for {hole / frame_rate:.1f} s at a stretch "
            f"({seen.mean():.0%} of the recording has it). Record again with the whole body in view.",
        )


def no_frame_rate(where: str) -> PoseFormatError:
    """Return the refusal of a file without a frame rate; `where` says where the format keeps it."""
    return PoseFormatError("no_frame_rate", f"The file does not say its frame rate. {where}")


def to_canonical(values: Array, axes: tuple[str, ...]) -> Array:
    """Turn coordinates whose axes point to `axes` (such as right, up, backward) to right, forward, up."""
    places = [AXES[axis][0] for axis in axes]
    if sorted(places) != [0, 1, 2]:
        raise KeyError(f"{axes} are not three different directions")
    result = np.empty_like(values)
    for source, axis in enumerate(axes):
        place, sign = AXES[axis]
        result[..., place] = sign * values[..., source]
    return result


def axes_of(text: object) -> tuple[str, ...]:
    """Read `right forward up` (or a list of three such words), the directions of x, y and z."""
    words = text.replace(",", " ").split() if isinstance(text, str) else text
    if isinstance(words, list | tuple) and len(words) == 3 and all(isinstance(word, str) for word in words):
        axes = tuple(word.strip().lower() for word in words)
        if all(axis in AXES for axis in axes) and len({AXES[axis][0] for axis in axes}) == 3:
            return axes
    raise PoseFormatError(
        "unknown_format",
        "The axes are not understood. Name the directions of x, y and z, such as: right forward up.",
    )


def assemble(
    joints: dict[str, Array],
    *,
    frame_rate: float,
    format: str,
    unit: str | None = "m",
    travels: bool = True,
    inferred: tuple[str, ...] = (),
) -> PoseSequence:
    """Order, complete and check the joints of one person.

    Parameters
    ----------
    joints : dict of str to ndarray, shape (F, 3)
        Paths by EC3D_19 name (others are ignored), canonical axes; NaN where a joint was not seen.
    frame_rate : float
        Hz, already checked.
    format : str
        Name of the format.
    unit : {"m", "cm", "mm"} or None
        None: the file does not say, and the size of the person tells.
    travels, inferred
        As in `PoseSequence`.

    Returns
    -------
    PoseSequence
        In metres, with the joints that had to be put in listed in `estimated`.

    Raises
    ------
    PoseFormatError
        `missing_joints`, `missing_values`, `no_person`, `too_few_frames`, `too_many_frames` or `not_metres`.
    """
    missing = [joint.replace("_", " ") for joint in REQUIRED if joint not in joints]
    if missing:
        raise PoseFormatError(
            "missing_joints",
            f"The file lacks: {', '.join(missing)}. Export the whole body, arms and legs included.",
        )
    check_frame_count(len(joints[REQUIRED[0]]))
    known = {
        name: np.where(np.isfinite(joints[name]).all(axis=-1, keepdims=True), joints[name], np.nan)
        for name in EC3D_19.joints
        if name in joints and _seen(joints[name]).mean() > (0.0 if name in REQUIRED else LEAST_SEEN)
    }
    unseen = [joint.replace("_", " ") for joint in REQUIRED if joint not in known]
    if len(unseen) == len(REQUIRED):
        raise PoseFormatError("no_person", "No person is seen in any frame. Check the camera's view.")
    if unseen:
        raise PoseFormatError("missing_joints", f"Never seen in the recording: {', '.join(unseen)}.")
    for name in REQUIRED:
        refuse_gaps(name, _seen(known[name]), frame_rate)
    scale, remark = _scale(known, unit)
    known = {name: path * scale for name, path in known.items()}
    estimated = _estimated(known)
    return PoseSequence(
        positions=np.stack([{**known, **estimated}[name] for name in EC3D_19.joints], axis=1),
        frame_rate=frame_rate,
        format=format,
        estimated=frozenset(estimated),
        travels=travels,
        inferred=inferred + remark,
    )


def _seen(path: Array) -> NDArray[np.bool_]:
    return np.asarray(np.isfinite(path).all(axis=-1))


def _middle(joints: dict[str, Array], part: str) -> Array:
    return (joints[f"left_{part}"] + joints[f"right_{part}"]) / 2.0


def _median_length(path: Array) -> float:
    lengths = np.linalg.norm(path, axis=-1)
    lengths = lengths[np.isfinite(lengths)]
    return float(np.median(lengths)) if len(lengths) else float("nan")


def body_length(joints: dict[str, Array]) -> float:
    """Shank, thigh and trunk of the person, one after the other, in the file's unit."""
    legs = [
        _median_length(joints[f"{side}_{upper}"] - joints[f"{side}_{lower}"])
        for side in ("left", "right")
        for upper, lower in (("knee", "ankle"), ("hip", "knee"))
    ]
    return sum(legs) / 2.0 + _median_length(_middle(joints, "shoulder") - _middle(joints, "hip"))


def _scale(joints: dict[str, Array], unit: str | None) -> tuple[float, tuple[str, ...]]:
    """What makes metres of the file's unit, and a remark where that was worked out."""
    length = body_length(joints)
    if not np.isfinite(length):
        raise PoseFormatError("no_person", "No frame shows a whole person. Check the camera's view.")
    fits = [name for name, metres in UNITS.items() if MIN_BODY_M <= length * metres <= MAX_BODY_M]
    if unit is None and fits:
        return UNITS[fits[0]], (f"unit: {fits[0]}",)
    if unit is not None and unit in fits:
        return UNITS[unit], ()
    if unit is not None and fits:
        raise PoseFormatError(
            "not_metres",
            f"The file says {unit}, but its person has a size that only fits {fits[0]}. Correct the unit.",
        )
    raise PoseFormatError(
        "not_metres",
        f"From ankles to neck the person measures {length:.4g} {unit or 'units'}, which is no person's size. "
        "Export positions in metres, not in pixels or fractions of the picture.",
    )


def _estimated(joints: dict[str, Array]) -> dict[str, Array]:
    """The joints that the source lacks, from their neighbours and the proportions of an adult.

    Lengths are shares of the thigh and shank (Drillis and Contini's segment table, rounded): a sole is about
    a third of the leg. A foot is taken as level and pointing where the pelvis points, which only a rough
    picture should rest on; hence the mark.
    """
    added: dict[str, Array] = {}
    shoulders, hips = _middle(joints, "shoulder"), _middle(joints, "hip")
    if "neck" not in joints:
        added["neck"] = shoulders
    if "mid_hip" not in joints:
        added["mid_hip"] = hips
    up = direction(shoulders - hips)
    to_right = joints["right_shoulder"] - joints["left_shoulder"] + joints["right_hip"] - joints["left_hip"]
    if "nose" not in joints:
        trunk = _median_length(shoulders - hips)
        added["nose"] = shoulders + trunk * (0.35 * up + 0.18 * direction(np.cross(up, to_right)))
    level_forward = direction(np.cross(np.array([0.0, 0.0, 1.0]), to_right))
    for side in ("left", "right"):
        ankle = joints[f"{side}_ankle"]
        leg = _median_length(joints[f"{side}_hip"] - joints[f"{side}_knee"])
        leg += _median_length(joints[f"{side}_knee"] - ankle)
        drop = np.array([0.0, 0.0, 0.07]) * leg
        if f"{side}_big_toe" not in joints:
            added[f"{side}_big_toe"] = ankle + 0.2 * leg * level_forward - drop
        if f"{side}_heel" not in joints:
            added[f"{side}_heel"] = ankle - 0.06 * leg * level_forward - drop
    return added
