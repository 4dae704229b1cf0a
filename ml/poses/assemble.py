"""From the named joints of a source to a checked pose sequence of the model's 19 joints."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ml.poses.body import REQUIRED, body_length, estimated_joints, seen
from ml.poses.errors import PoseFormatError
from ml.poses.facts import AS_READ, Corrections, Fact, Known
from ml.poses.limits import USUAL_LIMITS, Limits
from ml.poses.orientation import looks_backwards, stand_up
from ml.poses.sequence import PoseSequence
from ml.skeletons import EC3D_19

MIN_FRAME_RATE_HZ = 8.0
MAX_FRAME_RATE_HZ = 1000.0
#: From the ankles along the legs and the trunk to the neck, of everybody from a child to the tallest.
MIN_BODY_M, MAX_BODY_M = 0.75, 2.2
#: With less than this share of a joint, or a longer hole, its path would be invention.
LEAST_SEEN = 0.5
LONGEST_GAP_S = 2.0
UNITS = {"m": 1.0, "cm": 0.01, "mm": 0.001}
#: What some BVH files come in besides: inches, and what the CMU motions are in.
RARE_UNITS = {"inch": 0.0254, "0.45 inch": 0.0254 / 0.45}

AXES = {
    "right": (0, 1.0),
    "left": (0, -1.0),
    "forward": (1, 1.0),
    "backward": (1, -1.0),
    "up": (2, 1.0),
    "down": (2, -1.0),
}

Array = NDArray[np.float64]


class Said(NamedTuple):
    """A value, and how it is known; `how` says it in words where the file itself does not state it."""

    value: Any
    known: Known = "file"
    how: str = ""


@dataclass(frozen=True)
class Found:
    """What a reader found in a file, as it stands there: `assemble` makes a pose sequence of it.

    Parameters
    ----------
    format : str
        Name of the format.
    joints : dict of str to ndarray, shape (F, 3)
        Paths by EC3D_19 name (others are ignored) in the file's axes and unit; NaN where not seen.
    frame_rate : Said or str
        Checked, in Hz; or, where the file does not say it, in words where it should: a person is asked.
    unit : Said or None
        One of `UNITS`. None: the size of the person tells.
    axes : Said or None
        The directions of x, y and z, such as ("right", "forward", "up"). None: the body tells.
    facts : tuple of Fact
        What else the reader knows.
    travels : bool
        As in `PoseSequence`.
    rare_units : bool
        Whether a unit that is not stated may be one of `RARE_UNITS`.
    may_be_swapped : bool
        Whether the source takes a person who looks away for one who faces it, and exchanges the sides.
    estimated : frozenset of str
        Joints that the file itself marks as estimated.
    """

    format: str
    joints: dict[str, Array]
    frame_rate: Said | str
    unit: Said | None = None
    axes: Said | None = None
    facts: tuple[Fact, ...] = ()
    travels: bool = True
    rare_units: bool = False
    may_be_swapped: bool = False
    estimated: frozenset[str] = frozenset()


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


def assemble(found: Found, corrections: Corrections = AS_READ, limits: Limits = USUAL_LIMITS) -> PoseSequence:
    """Turn, scale, order, complete and check what a reader found.

    Parameters
    ----------
    found : Found
    corrections : Corrections
        What a person said; it counts more than the file and than what the body shows.
    limits : Limits

    Returns
    -------
    PoseSequence
        Canonical axes, metres, with the joints that had to be put in listed in `estimated`, and in `facts`
        how unit, axes and frame rate were known.

    Raises
    ------
    PoseFormatError
        `missing_joints`, `missing_values`, `no_person`, `no_frame_rate`, `bad_frame_rate`, `too_few_frames`,
        `too_many_frames` or `not_metres`.
    """
    missing = [joint.replace("_", " ") for joint in REQUIRED if joint not in found.joints]
    if missing:
        raise PoseFormatError(
            "missing_joints",
            f"The file lacks: {', '.join(missing)}. Export the whole body, arms and legs included.",
        )
    limits.check_frames(len(found.joints[REQUIRED[0]]))
    frame_rate = _frame_rate(found, corrections)
    limits.check_duration(len(found.joints[REQUIRED[0]]), frame_rate.value)
    joints, facts = _upright(found, corrections)
    known = _known(joints)
    for name in REQUIRED:
        refuse_gaps(name, seen(known[name]), frame_rate.value)
    unit = _unit(known, found, corrections)
    scale = (UNITS | RARE_UNITS)[unit.value]
    known = {name: path * scale for name, path in known.items()}
    estimated = estimated_joints(known)
    sequence = PoseSequence(
        positions=np.stack([{**known, **estimated}[name] for name in EC3D_19.joints], axis=1),
        frame_rate=frame_rate.value,
        format=found.format,
        estimated=frozenset(estimated) | (found.estimated & set(EC3D_19.joints)),
        travels=found.travels,
        facts=(
            Fact("frame rate", f"{frame_rate.value:.6g} Hz", frame_rate.known, frame_rate.how),
            Fact("unit", unit.value, unit.known, unit.how),
            *facts,
            *found.facts,
        ),
    )
    return sequence.mirrored() if corrections.swap_sides else sequence


def _frame_rate(found: Found, corrections: Corrections) -> Said:
    if corrections.frame_rate is not None:
        return Said(checked_frame_rate(corrections.frame_rate), "person", "as a person said")
    if isinstance(found.frame_rate, str):
        raise PoseFormatError("no_frame_rate", f"The file does not say its frame rate. {found.frame_rate}")
    return found.frame_rate


def _upright(found: Found, corrections: Corrections) -> tuple[dict[str, Array], tuple[Fact, ...]]:
    """The joints in canonical axes (but for the heading), and what is known of axes and sides."""
    if corrections.up is not None or found.axes is None:
        joints, facts = stand_up(found.joints, corrections.up)
    else:
        directions, known, how = found.axes
        joints = {name: to_canonical(path, directions) for name, path in found.joints.items()}
        facts = (Fact("axes", in_file_axes(directions), known, how),)
        if found.may_be_swapped and not corrections.swap_sides and looks_backwards(joints):
            joints = {_other_side(name): path for name, path in joints.items()}
            how = "knees and toes point backwards, as of one who looks away"
            facts = (*facts, Fact("sides", "left and right exchanged", "body", how))
    if corrections.swap_sides:
        return joints, (*facts, Fact("sides", "left and right exchanged", "person", "as a person said"))
    return joints, facts


def in_file_axes(directions: Sequence[str]) -> str:
    """Say which axis of the file points up: `y up` for right, up, backward."""
    up, down = ("up" in directions, "down" in directions)
    place = directions.index("up" if up else "down")
    return ("-" if down and not up else "") + "xyz"[place] + " up"


def _other_side(name: str) -> str:
    side, _, part = name.partition("_")
    return {"left": f"right_{part}", "right": f"left_{part}"}.get(side, name)


def _known(joints: dict[str, Array]) -> dict[str, Array]:
    """The joints that were seen, NaN in all coordinates where one was not."""
    known = {
        name: np.where(seen(joints[name])[:, None], joints[name], np.nan)
        for name in EC3D_19.joints
        if name in joints and seen(joints[name]).mean() > (0.0 if name in REQUIRED else LEAST_SEEN)
    }
    unseen = [joint.replace("_", " ") for joint in REQUIRED if joint not in known]
    if len(unseen) == len(REQUIRED):
        raise PoseFormatError("no_person", "No person is seen in any frame. Check the camera's view.")
    if unseen:
        raise PoseFormatError("missing_joints", f"Never seen in the recording: {', '.join(unseen)}.")
    return known


def _unit(joints: dict[str, Array], found: Found, corrections: Corrections) -> Said:
    """The unit, checked against the size of the person, who tells it where nobody says it."""
    length = body_length(joints)
    if not np.isfinite(length):
        raise PoseFormatError("no_person", "No frame shows a whole person. Check the camera's view.")
    said = Said(corrections.unit, "person", "as a person said") if corrections.unit else found.unit
    possible = UNITS | (RARE_UNITS if found.rare_units or said else {})
    fits = [name for name, metres in possible.items() if MIN_BODY_M <= length * metres <= MAX_BODY_M]
    if said is None and fits:
        return Said(fits[0], "body", "from the size of the person")
    if said is not None and said.value in fits:
        return said
    if said is not None and fits:
        who = "You say" if said.known == "person" else "The file says"
        raise PoseFormatError(
            "not_metres",
            f"{who} {said.value}, but its person has a size that only fits {fits[0]}. Correct the unit.",
        )
    raise PoseFormatError(
        "not_metres",
        f"From ankles to neck the person measures {length:.4g} {said.value if said else 'units'}, which is "
        "no person's size. Export positions in metres, not in pixels or fractions of the picture.",
    )
