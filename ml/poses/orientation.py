"""Find out which axis of a file points up, and whether it is mirrored, from the body that moves in it."""

import numpy as np
from numpy.typing import NDArray

from ml.poses.body import REQUIRED, body_length
from ml.poses.facts import Fact, Known
from ml.poses.gravity import up_directions
from ml.vectors import unit

Array = NDArray[np.float64]

#: The body that the rules of `ml.poses.gravity` are written for measures this from the ankles to the neck.
USUAL_BODY_M = 1.35
#: So many frames, spread over the recording, are looked at; fewer than these tell nothing.
MOST_FRAMES, LEAST_FRAMES = 48, 3
#: No room is larger than this, in any unit; infinities are no places either.
FARTHEST = 1e9
#: Toes that point backwards by this share of the foot (knees: of the leg) are those of a mirrored person.
MIRRORED_FOOT, MIRRORED_KNEE = -0.3, -0.1

#: Who planks has the back up: its direction and the vertical agree by this cosine at least.
BACK_UP = 0.5
#: A plank: upper arms this much in front of the trunk, legs straight to 60 degrees, in this share of frames;
#: hands and toes on one level.
ARM_IN_FRONT, STRAIGHT_LEG, LEAST_PLANKED = 0.5, 0.5, 0.2
SAME_LEVEL_M = 0.2
#: In most rooms the floor is at nought, within this.
FLOOR_M = 0.1
#: What is lowest stays on the ground, so that it moves least along the true vertical; in a plank held still,
#: which legs tell that never bend, it moves little along any axis.
GROUND_MOVES_M, LEG_BENDS_M = 0.05, 0.06

#: Turns (rows: canonical x, y, z) for each axis that may point up: rotations, which never mirror.
_TURNS = {
    "x": np.array([[0, 1, 0], [0, 0, 1], [1, 0, 0]]),
    "-x": np.array([[0, 0, 1], [0, 1, 0], [-1, 0, 0]]),
    "y": np.array([[1, 0, 0], [0, 0, -1], [0, 1, 0]]),
    "-y": np.array([[1, 0, 0], [0, 0, 1], [0, -1, 0]]),
    "z": np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1]]),
    "-z": np.array([[1, 0, 0], [0, -1, 0], [0, 0, -1]]),
}

_X_TURNED_ROUND = {"x": "-x", "-x": "x"}


def stand_up(joints: dict[str, Array], up: str | None = None) -> tuple[dict[str, Array], tuple[Fact, ...]]:
    """Turn a person to z up, whatever axis of the file is up, and undo a mirrored frame.

    Parameters
    ----------
    joints : dict of str to ndarray, shape (F, 3)
        Paths by EC3D_19 name in the axes of the file, in any unit; NaN where not seen.
    up : {"x", "-x", "y", "-y", "z", "-z"}, optional
        The axis of the file that points up, where a person said it.

    Returns
    -------
    joints : dict of str to ndarray, shape (F, 3)
        Right-handed, z up. Where the person looks in the room is as it was.
    facts : tuple of Fact
        What was found out. Unchanged joints and no fact where too little of the body is there to tell:
        `ml.poses.assemble.assemble` then refuses it by its lack.

    Notes
    -----
    Up is the axis nearest to the way from ankles to neck: who does not fall has the one above the other. In a
    plank it is the axis nearest to the normal of the ground through hands and toes (`ml.poses.gravity`).
    Toes, or bent knees, that point to the back are those of a mirrored person.
    """
    joints = {name: np.where(np.abs(path) < FARTHEST, path, np.nan) for name, path in joints.items()}
    found = _some_frames(joints)
    if found is None:
        return joints, ()
    chosen, hips = found
    right, front, spine = _trunk_axes(chosen)
    sides: tuple[Fact, ...] = ()
    if _is_mirrored(chosen, front):
        flip = np.array([-1.0, 1.0, 1.0])
        joints = {name: path * flip for name, path in joints.items()}
        chosen, hips = {name: path * flip for name, path in chosen.items()}, hips * flip
        right, front, spine = _trunk_axes(chosen)
        how = "toes and knees point backwards, so the frame was taken as left-handed"
        sides = (Fact("sides", "mirrored", "body", how),)
    # The mirror turned the file's x round: an axis is named as in the file, and turned as in the mirror.
    turned_round = _X_TURNED_ROUND if sides else {}
    axis = _up_axis(chosen, hips, np.stack([right, front, spine], axis=1))
    if up is not None:
        axis = turned_round.get(up, up)
    if axis is None:
        return joints, ()
    turn = _TURNS[axis].astype(float)
    how = "from how the body stands" if up is None else "as a person said"
    known: Known = "body" if up is None else "person"
    return {name: path @ turn.T for name, path in joints.items()}, (
        Fact("axes", f"{turned_round.get(axis, axis)} up", known, how),
        *sides,
    )


def looks_backwards(joints: dict[str, Array]) -> bool:
    """Tell whether toes and knees point to the back of the trunk: left and right are exchanged.

    Parameters
    ----------
    joints : dict of str to ndarray, shape (F, 3)
        In a right-handed frame, any unit.
    """
    found = _some_frames(joints)
    return found is not None and _is_mirrored(found[0], _trunk_axes(found[0])[1])


def _some_frames(joints: dict[str, Array]) -> tuple[dict[str, Array], Array] | None:
    """Up to `MOST_FRAMES` frames in which the whole body is seen, scaled to about metres, and the hips' path.

    The joints are centred on the middle of the hips.
    """
    if not set(REQUIRED) <= set(joints):
        return None
    used = {name: path for name, path in joints.items() if np.isfinite(path).all(axis=-1).mean() > 0.5}
    length = body_length(joints)
    if not set(REQUIRED) <= set(used) or not np.isfinite(length) or length <= 0:
        return None
    whole = np.flatnonzero(np.isfinite(np.stack(list(used.values()), axis=1)).all(axis=(1, 2)))
    if len(whole) < LEAST_FRAMES:
        return None
    picked = whole[np.linspace(0, len(whole) - 1, min(len(whole), MOST_FRAMES)).astype(int)]
    middle = {name: path[picked] * (USUAL_BODY_M / length) for name, path in used.items()}
    hips = (middle["left_hip"] + middle["right_hip"]) / 2.0
    centred = {name: path - hips for name, path in middle.items()}
    shoulders = (centred["left_shoulder"] + centred["right_shoulder"]) / 2.0
    across = centred["right_hip"] - centred["left_hip"]
    if min(np.linalg.norm(shoulders, axis=1).min(), np.linalg.norm(across, axis=1).min()) < 1e-3:
        return None
    return {"neck": shoulders, "mid_hip": np.zeros_like(shoulders), **centred}, hips


def _trunk_axes(joints: dict[str, Array]) -> tuple[Array, Array, Array]:
    """Right, front and spine of the trunk in each frame, (F, 3) each, for a right-handed frame."""
    spine = unit((joints["left_shoulder"] + joints["right_shoulder"]) / 2.0 - joints["mid_hip"])
    across = joints["right_shoulder"] - joints["left_shoulder"] + joints["right_hip"] - joints["left_hip"]
    right = unit(across - (across * spine).sum(axis=-1, keepdims=True) * spine)
    return right, np.cross(spine, right), spine


def _is_mirrored(joints: dict[str, Array], front: Array) -> bool:
    sides = ("left", "right")
    if all(f"{side}_{part}" in joints for side in sides for part in ("heel", "big_toe")):
        feet = [unit(joints[f"{side}_big_toe"] - joints[f"{side}_heel"]) for side in sides]
        return bool(np.median([(foot * front).sum(axis=-1) for foot in feet]) < MIRRORED_FOOT)
    knees = [
        joints[f"{side}_knee"] - (joints[f"{side}_hip"] + joints[f"{side}_ankle"]) / 2.0 for side in sides
    ]
    ahead = np.array([(knee * front).sum(axis=-1) for knee in knees]).mean(axis=0)
    return bool(ahead[np.abs(ahead).argmax()] < MIRRORED_KNEE)


def _up_axis(joints: dict[str, Array], hips: Array, axes: Array) -> str | None:
    """The name of the file's axis nearest to the vertical; axes is (F, 3, 3), rows right, front, spine.

    Who stands with the arms held out has the shape of a plank turned by a right angle. In a plank, though,
    hands and toes are on one level along the vertical that the plank implies, and what is lowest is on the
    floor, where it stays also while the person moves.

    None for what is no body, such as arms without length.
    """
    in_trunk = {name: np.einsum("fij,fj->fi", axes, path) for name, path in joints.items()}
    ankles = (joints["left_ankle"] + joints["right_ankle"]) / 2.0
    standing = _nearest(unit(joints["neck"] - ankles).mean(axis=0))
    planked = _like_a_plank(in_trunk)
    if planked.mean() >= LEAST_PLANKED:
        with np.errstate(invalid="ignore", divide="ignore"):
            up = up_directions({name: path[planked] for name, path in in_trunk.items()}, lying=True)
        axis = _nearest(np.einsum("fji,fj->fi", axes[planked], up).mean(axis=0))
        if axis is not None and standing is not None and -up[:, 1].mean() > BACK_UP:
            return axis if _lies(joints, hips, planked, axis, standing) else standing
    return standing


def _nearest(direction: Array) -> str | None:
    if not np.isfinite(direction).all():
        return None
    place = int(np.abs(direction).argmax())
    return ("-" if direction[place] < 0 else "") + "xyz"[place]


def _lies(
    joints: dict[str, Array], hips: Array, planked: NDArray[np.bool_], axis: str, standing: str
) -> bool:
    """Tell a plank on the ground square to `axis` from standing up along `standing`."""
    lying, upright = (_lowest(joints, hips, one) for one in (axis, standing))
    on_floor, stood_on = (abs(float(np.median(lowest))) < FLOOR_M for lowest in (lying, upright))
    if on_floor != stood_on:
        return on_floor
    ankles = (joints["left_ankle"] + joints["right_ankle"]) / 2.0
    more = GROUND_MOVES_M if _spread(np.linalg.norm(ankles, axis=1)) < LEG_BENDS_M else 0.0
    rests = _rests_on_hands_and_toes({name: path[planked] for name, path in joints.items()}, axis)
    return rests and _spread(lying) <= _spread(upright) + more


def _lowest(joints: dict[str, Array], hips: Array, axis: str) -> Array:
    """How high the lowest point of the body is in each frame, (F,), along one of the file's axes."""
    sign, place = _along(axis)
    return np.asarray(np.min([sign * (path + hips)[:, place] for path in joints.values()], axis=0))


def _spread(values: Array) -> float:
    return float(np.ptp(np.percentile(values, [10, 90])))


def _along(axis: str) -> tuple[float, int]:
    """The sign and the place of an axis such as -y."""
    return (-1.0 if axis.startswith("-") else 1.0), "xyz".index(axis[-1])


def _like_a_plank(in_trunk: dict[str, Array]) -> NDArray[np.bool_]:
    """Whether both arms are out in front of the trunk and both legs straight, (F,)."""
    like = np.ones(len(in_trunk["left_hip"]), dtype=bool)
    for side in ("left", "right"):
        arm = unit(in_trunk[f"{side}_elbow"] - in_trunk[f"{side}_shoulder"])
        thigh = unit(in_trunk[f"{side}_knee"] - in_trunk[f"{side}_hip"])
        shank = unit(in_trunk[f"{side}_ankle"] - in_trunk[f"{side}_knee"])
        like &= (arm[:, 1] > ARM_IN_FRONT) & ((thigh * shank).sum(axis=-1) > STRAIGHT_LEG)
    return like


def _rests_on_hands_and_toes(joints: dict[str, Array], axis: str) -> bool:
    sign, place = _along(axis)
    for side in ("left", "right"):
        hand = np.minimum(*(sign * joints[f"{side}_{part}"][:, place] for part in ("wrist", "elbow")))
        toe = sign * joints.get(f"{side}_big_toe", joints[f"{side}_ankle"])[:, place]
        if abs(float(np.median(hand - toe))) > SAME_LEVEL_M:
            return False
    return True
