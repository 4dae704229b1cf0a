"""Find the vertical again in poses that were turned, frame by frame, to the person's own trunk.

What stands tells: the soles (and in a plank the hands) are on one level ground, at least one foot is flat,
and a person who does not fall has the centre of mass above the ground they stand on. No single one of these
is exact, so every direction near the upright is scored by all of them and the scores are averaged over time.
"""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

#: How far, in metres, each rule is commonly broken by noise.
SAME_LEVEL_M = 0.015
FLAT_FOOT_M = 0.03
OFF_BALANCE_M = 0.03
#: A sole this much above the lowest point is not stood on.
LIFTED_M = 0.05
#: What a rule can cost at most: beyond it a foot is lifted, not mismeasured.
_CAP = 9.0
#: Directions near the upright, tilted forward and rolled sideways by up to so many degrees: unit vectors
#: to the right, forward and up, (3, G).
_TILTS, _ROLLS = np.arange(-26.0, 26.1, 2.0), np.arange(-12.0, 12.1, 2.0)
_TILTED, _ROLLED = (np.tan(np.radians(grid.ravel())) for grid in np.meshgrid(_TILTS, _ROLLS, indexing="ij"))
_NEAR_UPRIGHT = np.stack([_ROLLED, _TILTED, np.ones_like(_TILTED)]) / np.sqrt(1 + _ROLLED**2 + _TILTED**2)
_AVERAGED_FRAMES = 2.0
#: So many frames of a recording are looked at, so many of them at once.
MOST_LOOKED_AT, _AT_ONCE = 4000, 64

#: Share of the body's mass that moves with each joint (Winter's segments, gathered at the joints).
_MASS = {
    "neck": 0.33,
    "mid_hip": 0.33,
    "left_elbow": 0.05,
    "right_elbow": 0.05,
    "left_knee": 0.09,
    "right_knee": 0.09,
    "left_ankle": 0.03,
    "right_ankle": 0.03,
}


def is_plank(joints: dict[str, Array]) -> bool:
    """Tell a plank from standing exercises in the trunk's own frame: straight legs, arms out in front.

    Parameters
    ----------
    joints : dict of str to ndarray, shape (F, 3)
        In the trunk's frame: x right, y to the front of the trunk, z towards the neck; metres.
    """
    upper_arms, thighs_bent = [], []
    for side in ("left", "right"):
        arm = joints[f"{side}_elbow"] - joints[f"{side}_shoulder"]
        reach = joints[f"{side}_wrist"] - joints[f"{side}_shoulder"]
        length = np.linalg.norm(arm, axis=-1)
        upper_arms.append(np.minimum(arm[:, 1] / length, reach[:, 1] / length))
        thigh = joints[f"{side}_knee"] - joints[f"{side}_hip"]
        shank = joints[f"{side}_ankle"] - joints[f"{side}_knee"]
        cosine = (thigh * shank).sum(-1) / np.linalg.norm(thigh, axis=-1) / np.linalg.norm(shank, axis=-1)
        thighs_bent.append(np.degrees(np.arccos(np.clip(cosine, -1, 1))))
    return bool(np.median(upper_arms) > 0.5 and np.percentile(thighs_bent, 90) < 75.0)


def up_directions(joints: dict[str, Array], *, lying: bool) -> Array:
    """Return the unit vector against gravity in every frame, in the trunk's own frame.

    Parameters
    ----------
    joints : dict of str to ndarray, shape (F, 3)
        As for `is_plank`, without NaN. Feet may lack heels and toes; then the ankles stand.
    lying : bool
        Whether hands and toes are on the ground (plank) instead of the soles.

    Returns
    -------
    ndarray of float, shape (F, 3)
    """
    if lying:
        return _smooth(_of_plank(joints))
    n_frames = len(joints["mid_hip"])
    # Some frames at a time, and of very long recordings not each one: the vertical is averaged anyway.
    looked_at = np.unique(np.linspace(0, n_frames - 1, min(n_frames, MOST_LOOKED_AT)).round().astype(int))
    parts = [
        _of_standing({name: path[frames] for name, path in joints.items()})
        for frames in np.array_split(looked_at, -(-len(looked_at) // _AT_ONCE))
    ]
    found = np.concatenate(parts)
    every = np.arange(n_frames)
    return _smooth(np.stack([np.interp(every, looked_at, path) for path in found.T], axis=1))


def upright(positions: Array, up: Array) -> Array:
    """Turn each frame (F, J, 3) so that `up` (F, 3) becomes z; x stays in the plane of x and z."""
    right = np.array([1.0, 0.0, 0.0]) - up[:, :1] * up
    right /= np.linalg.norm(right, axis=-1, keepdims=True)
    axes = np.stack([right, np.cross(up, right), up], axis=1)
    return np.einsum("fij,fpj->fpi", axes, positions)


def _of_plank(joints: dict[str, Array]) -> Array:
    """The normal of the plane through hands (or elbows) and toes, away from the front of the trunk."""
    points = []
    for side in ("left", "right"):
        elbow, wrist = joints[f"{side}_elbow"], joints[f"{side}_wrist"]
        on_elbows = np.median(elbow[:, 1]) > 0.8 * np.median(wrist[:, 1])
        points.append(elbow if on_elbows else wrist)
        ankle = joints[f"{side}_ankle"]
        # On tiptoe the ankle is about a foot's length above the ground.
        points.append(joints.get(f"{side}_big_toe", ankle + np.array([0.0, 0.12, 0.0])))
    stacked = np.stack(points, axis=1)
    centred = stacked - stacked.mean(axis=1, keepdims=True)
    normal = np.linalg.svd(centred)[2][:, 2]
    return normal * -np.where(normal[:, 1:2] < 0, -1.0, 1.0)


def _of_standing(joints: dict[str, Array]) -> Array:
    soles = np.stack(
        [
            np.stack(
                [joints.get(f"{side}_{part}", joints[f"{side}_ankle"]) for part in ("heel", "big_toe")], 1
            )
            for side in ("left", "right")
        ],
        axis=1,
    )  # (F, side, heel and toe, 3)
    mass_centre = np.average([joints[name] for name in _MASS], axis=0, weights=list(_MASS.values()))
    guess = mass_centre - soles.mean(axis=(1, 2))
    guess /= np.linalg.norm(guess, axis=-1, keepdims=True)
    candidates = _around(guess)
    costs = _cost(candidates, soles, mass_centre)
    weight = np.exp(-0.5 * (costs - costs.min(axis=1, keepdims=True)))
    # Where the best direction is doubtful the neighbouring frames decide: average first, then normalise.
    return np.asarray((candidates @ weight[..., None])[..., 0] / weight.sum(axis=1)[:, None])


def _around(guess: Array) -> Array:
    """Directions tilted forward and sideways from each frame's guess, (F, 3, G)."""
    right = np.array([1.0, 0.0, 0.0]) - guess[:, :1] * guess
    right /= np.linalg.norm(right, axis=-1, keepdims=True)
    return np.stack([right, np.cross(guess, right), guess], axis=2) @ _NEAR_UPRIGHT


def _cost(up: Array, soles: Array, mass_centre: Array) -> Array:
    """How badly each direction breaks the rules, (F, G)."""
    points = np.concatenate([soles.reshape(len(soles), 4, 3), mass_centre[:, None]], axis=1)
    along = points @ up
    heights = along[:, :4].reshape(len(up), 2, 2, -1)  # (F, side, heel and toe, G)
    left, right = (np.minimum(heights[:, side, 0], heights[:, side, 1]) for side in (0, 1))
    level = np.minimum(((left - right) / SAME_LEVEL_M) ** 2, _CAP)
    steep = ((heights[:, :, 0] - heights[:, :, 1]) / FLAT_FOOT_M) ** 2
    flatter, steeper = np.minimum(steep[:, 0], steep[:, 1]), np.maximum(steep[:, 0], steep[:, 1])
    flat = np.minimum(flatter, _CAP) + 0.25 * np.minimum(steeper, _CAP)
    lifted = along[:, :4] - np.minimum(left, right)[:, None] >= LIFTED_M
    # The trunk's y made level is forward; sideways is across both.
    x, y, z = (up[:, [axis]] for axis in range(3))
    level_part = np.sqrt(1 - y**2)
    forward = (points[..., 1:2] - y * along) / level_part
    sideways = (points[..., :1] * z - points[..., 2:] * x) / level_part
    balance = _off_balance(forward, lifted) + _off_balance(sideways, lifted)
    return np.asarray(level + flat + balance)


def _off_balance(place: Array, lifted: NDArray[np.bool_]) -> Array:
    """How far the centre of mass is from the middle half of what is stood on, along one horizontal axis.

    Of soles and, last, the centre of mass, places (F, 5, G).
    """
    first = np.where(lifted, np.inf, place[:, :4]).min(axis=1)
    last = np.where(lifted, -np.inf, place[:, :4]).max(axis=1)
    offset = np.abs(place[:, 4] - (first + last) / 2)
    half = (last - first) / 2
    outside = np.maximum(offset - half / 2, 0.0) / OFF_BALANCE_M
    return np.asarray(outside**2 + (offset / (half + 2 * OFF_BALANCE_M)) ** 2)


def _smooth(directions: Array) -> Array:
    """Gaussian average over neighbouring frames, to unit length."""
    reach = round(4 * _AVERAGED_FRAMES)
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / _AVERAGED_FRAMES) ** 2)
    padded = np.pad(directions, ((reach, reach), (0, 0)), mode="edge")
    smooth = np.stack([np.convolve(path, kernel / kernel.sum(), mode="valid") for path in padded.T], axis=1)
    return smooth / np.linalg.norm(smooth, axis=-1, keepdims=True)
