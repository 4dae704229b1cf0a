"""From the network's free change of the coordinates to a motion that this person could make.

The published method adds its change and leaves it there: bones stretch and planted feet slide. Here

* every bone has the person's own length, its median over the repetition, in every frame. (Of the frame itself
  it would repeat a camera's error, by which a thigh grows and shrinks within one squat);
* it starts as the person started: the change is faded in;
* a planted foot stays planted. It may stand elsewhere than it stood, since no one can correct a stance that
  is too wide without, but then for as long as it is planted: it never slides. In a plank the feet stay
  exactly where they were, and the hands (on the forearms the elbows) walk while the change is faded in to
  where a straight body needs them, and then stay;
* the body is moved as a whole to where its feet allow, then the limbs are bent to fit, changing what the
  network wants as little as they can.

Position-based dynamics (Mueller et al., "Position based dynamics", JVCIR 2007) does the fitting, on all
frames at once.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_closing, binary_opening, gaussian_filter1d, label

from ml.encoding import leg_length
from ml.preprocess import is_lying
from ml.skeletons import EC3D_19
from ml.vectors import unit

Array = NDArray[np.float64]

#: What `check` can find fault with. `feedback/wording.py` has a sentence for each.
CHECKS = ("limb_length", "start", "planted_feet", "smoothness", "too_large")

#: Limits of the checks.
LIMB_TOLERANCE = 0.01  # of the bone's length
START_TOLERANCE = 0.05  # metres, of trunk and shoulders
SLIDE_TOLERANCE = 0.01  # metres, within one contact
CALM_ACCELERATION = 5.0  # metres a second squared, beyond twice what the performed motion lets expect
LARGEST_SHIFT = 1.0  # of the leg's length

FADE_IN = 0.1  # of the repetition; a movement is nearly right at its start
FADE_IN_LYING = 1.0  # seconds; a hold is wrong from its first frame
PLANTED_SPEED = 0.2  # metres a second
NEAR_GROUND = 0.12  # metres above the lowest place of the same joint
STEP_AT_LEAST = (
    0.02  # metres: feet less off than this stay where they are; from twice as much they step in full
)
ITERATIONS = 60
FITS = 0.001  # of a bone's length; no more is changed where all bones are nearer to theirs

_J = {name: EC3D_19.index(name) for name in EC3D_19.joints}
_PELVIS = _J["mid_hip"]
_SIDES = ("left", "right")
_ANKLES = [_J["left_ankle"], _J["right_ankle"]]
_FEET = tuple(_J[f"{side}_{joint}"] for side in _SIDES for joint in ("big_toe", "heel"))
#: Bones that are fitted; nose, toes and heels then follow neck and ankles.
_FITTED = tuple(bone for bone in EC3D_19.bones if bone[1] not in (*_FEET, _J["nose"]))
_UPPER_BODY = EC3D_19.indices("mid_hip", "neck", "left_shoulder", "right_shoulder")


class Contact(NamedTuple):
    """A joint that rests on the ground from `start` to before `end`."""

    joint: int
    start: int
    end: int


def correct(performed: NDArray[np.floating], change: NDArray[np.floating], frame_rate: float = 30.0) -> Array:
    """Apply a change to a motion within what the person's body and the ground allow.

    Parameters
    ----------
    performed : ndarray, shape (F, 19, 3)
        Metres, canonical world frame, no missing values.
    change : ndarray, shape (F, 19, 3)
        What the network would add, in metres.
    frame_rate : float
        Hz.

    Returns
    -------
    ndarray, shape (F, 19, 3)
    """
    own: Array = np.asarray(performed, dtype=np.float64)
    wish: Array = np.asarray(change, dtype=np.float64)
    fade = _fade_in(own, frame_rate)
    wanted = own + wish * fade[:, None, None]
    anchors, hold = _anchors(own, wish, fade, frame_rate)
    total = hold.sum(1, keepdims=True)
    shift = np.sum((anchors - wanted) * hold[..., None], axis=1) / np.maximum(total, 1e-6)
    # Where nothing is planted the body goes where the network wants it.
    moved = wanted + (shift * np.minimum(total, 1) * fade[:, None])[:, None]
    targets = hold[..., None] * anchors + (1 - hold[..., None]) * moved
    pinned = hold.max(axis=0) > 0
    pinned[_ANKLES] = True
    moved[:, pinned] = targets[:, pinned]
    lengths = bone_lengths(own)
    fitted = _fit(moved, lengths, pinned)
    return _with_followers(fitted, own, lengths)


def check(
    performed: NDArray[np.floating], corrected: NDArray[np.floating], frame_rate: float = 30.0
) -> list[str]:
    """Return which of `CHECKS` a corrected motion (F, 19, 3) fails, against the performed one (F, 19, 3)."""
    lengths = bone_lengths(performed)
    off = np.abs(_lengths_by_frame(corrected) / lengths - 1)
    shift = np.asarray(corrected, dtype=np.float64) - performed
    settled = int(np.argmax(_fade_in(np.asarray(performed), frame_rate)))
    slid = [
        np.ptp(shift[slice(c.start if c.joint in _ANKLES else max(c.start, settled), c.end), c.joint], axis=0)
        for c in contacts(performed, frame_rate)
        if c.end > settled
    ]
    # Against the start as it would be with the person's own bones: a camera's error in length is no change.
    standing = np.isin(np.arange(shift.shape[1]), _ANKLES)
    start = _fit(np.asarray(performed[:1], dtype=np.float64), lengths, standing)
    moved_at_start = (np.asarray(corrected[:1]) - start)[0, _UPPER_BODY]
    shaking, steady = (_acceleration(motion, frame_rate) for motion in (corrected, performed))
    # At the same tempo a deeper squat accelerates more, by as much as its path is longer; that is no shaking.
    longer = max(1.0, _reach(corrected) / max(_reach(performed), 1e-6))
    failed = {
        "limb_length": off.max() > LIMB_TOLERANCE,
        "start": _norm(moved_at_start).max() > START_TOLERANCE,
        "planted_feet": max((float(s.max()) for s in slid), default=0.0) > SLIDE_TOLERANCE,
        "smoothness": shaking > 2 * steady * longer + CALM_ACCELERATION,
        "too_large": largest_shift(performed, corrected) > LARGEST_SHIFT * leg_length(performed),
    }
    return [name for name in CHECKS if failed[name]]


def largest_shift(performed: NDArray[np.floating], corrected: NDArray[np.floating]) -> float:
    """Return by how many metres the joint that moves most is away from where it was, at the worst frame."""
    return float(_norm(np.asarray(corrected) - performed).max())


def joints_moved_most(
    performed: NDArray[np.floating], corrected: NDArray[np.floating], *, at_most: int = 4
) -> tuple[str, ...]:
    """Name the joints that have to do something else, the one with most to change first.

    A joint that only comes along, as a hand with a leaning trunk, is not to be named; nor is one that stays
    where it is while its neighbour moves, as an ankle under a knee. So what counts is how far a joint moves,
    or how far it moves as seen from the joint that carries it, whichever is less, at the worst frame. Named
    are those with at least half of the largest.
    """
    shifts = np.asarray(corrected, dtype=np.float64) - performed
    own = shifts.copy()
    for parent, child in EC3D_19.bones:
        own[:, child] -= shifts[:, parent]
    sizes = np.minimum(_norm(shifts), _norm(own)).max(0)
    sizes[[*_FEET, _J["nose"]]] = 0  # they only follow
    order = np.argsort(-sizes)[:at_most]
    return tuple(EC3D_19.joints[i] for i in order if sizes[i] > max(0.5 * sizes.max(), 1e-6))


def bone_lengths(positions: NDArray[np.floating]) -> Array:
    """Return the median length in metres of each bone of `EC3D_19.bones`, shape (18,)."""
    return np.asarray(np.maximum(np.median(_lengths_by_frame(positions), axis=0), 1e-4))


def contacts(positions: NDArray[np.floating], frame_rate: float) -> list[Contact]:
    """Find when ankles, and in a plank hands, rest on the ground.

    Standing, a foot rests while its ankle or its toes are slow and low: with the heel up the ankle then
    follows its own path, unchanged. Lying, what rests half of the time rests all of the time, since a plank
    is a hold and the rest is noise; of an arm that is the elbow where it is as low as the wrist, or else the
    wrist.
    """
    found = []
    lying = is_lying(np.asarray(positions, dtype=np.float64))
    for side in _SIDES:
        ankle, toe = _J[f"{side}_ankle"], _J[f"{side}_big_toe"]
        of_foot = _resting(positions[:, [ankle, toe]], frame_rate)
        resting = {ankle: of_foot[:, 0] | of_foot[:, 1]}
        if lying:
            elbow, wrist = _J[f"{side}_elbow"], _J[f"{side}_wrist"]
            above = np.median(positions[:, elbow, 2] - positions[:, wrist, 2])
            hand = elbow if above < NEAR_GROUND else wrist
            resting[hand] = _resting(positions[:, [hand]], frame_rate)[:, 0]
        for joint, rests in resting.items():
            if lying:
                found += [Contact(joint, 0, len(rests))] if rests.mean() > 0.5 else []
            else:
                found += _spans(joint, rests, frame_rate)
    return found


def _resting(joints: NDArray[np.floating], frame_rate: float) -> NDArray[np.bool_]:
    """Tell in which frames each of some joints (F, N, 3) is slow and low, (F, N)."""
    paths = gaussian_filter1d(joints.astype(np.float64), frame_rate / 15, axis=0, mode="nearest")
    speeds = _norm(np.gradient(paths, axis=0)) * frame_rate if len(paths) > 1 else np.zeros(paths.shape[:2])
    heights = paths[..., 2]
    return np.asarray((speeds < PLANTED_SPEED) & (heights < heights.min(axis=0) + NEAR_GROUND))


def _spans(joint: int, resting: NDArray[np.bool_], frame_rate: float) -> list[Contact]:
    shortest = min(max(2, round(frame_rate / 6)), len(resting))
    # With its edges repeated, so that a contact cut off by the repetition's end is not lost.
    padded = np.pad(resting, shortest, mode="edge")
    steady = binary_closing(padded, np.ones(shortest, dtype=bool))
    kept = binary_opening(steady, np.ones(shortest, dtype=bool))[shortest:-shortest]
    numbered, count = label(kept)
    frames = [np.flatnonzero(numbered == i + 1) for i in range(count)]
    return [Contact(joint, int(f[0]), int(f[-1]) + 1) for f in frames]


def _anchors(performed: Array, change: Array, fade: Array, frame_rate: float) -> tuple[Array, Array]:
    """Where planted joints belong, (F, 19, 3), and how firmly they are held there, (F, 19) from 0 to 1."""
    anchors = performed.copy()
    hold = np.zeros(performed.shape[:2])
    found = contacts(performed, frame_rate)
    if is_lying(performed):
        # Both hands take one step together.
        of_feet = change[:, _ANKLES].mean(axis=1)
        hands = [contact for contact in found if contact.joint not in _ANKLES]
        offsets = [(change[:, c.joint] - of_feet)[c.start : c.end] for c in hands]
        together = _step(np.concatenate(offsets)) * fade[:, None] if hands else np.zeros((len(fade), 3))
        steps = [np.zeros_like(together) if c.joint in _ANKLES else together for c in found]
    else:
        steps = [np.ones_like(fade)[:, None] * _step(change[c.start : c.end, c.joint]) for c in found]
    for contact, step in zip(found, steps, strict=True):
        frames = slice(contact.start, contact.end)
        anchors[frames, contact.joint] += step[frames]
        hold[frames, contact.joint] = 1
        _lead_in_and_out(anchors, hold, performed, contact, max(2, round(frame_rate / 5)))
    return anchors, hold


def _step(offsets: Array) -> Array:
    """The one horizontal step (3,) in place of wanted offsets (S, 3); a small one is not taken."""
    step = np.median(offsets, axis=0) * np.array([1, 1, 0])
    share = np.clip(np.linalg.norm(step) / STEP_AT_LEAST - 1, 0, 1)
    return np.asarray(step * share**2 * (3 - 2 * share))


def _lead_in_and_out(anchors: Array, hold: Array, performed: Array, contact: Contact, n_frames: int) -> None:
    """Let go smoothly before and after a contact, so that a stepping foot does not jump at landing."""
    joint, n = contact.joint, len(hold)
    for edge, direction in ((contact.start, -1), (contact.end - 1, 1)):
        offset = anchors[edge, joint] - performed[edge, joint]
        for i in range(1, n_frames):
            frame = edge + direction * i
            if not 0 <= frame < n:
                break
            share = 0.5 + 0.5 * np.cos(np.pi * i / n_frames)
            if hold[frame, joint] >= share:
                break
            hold[frame, joint] = share
            anchors[frame, joint] = performed[frame, joint] + offset


def _fade_in(performed: Array, frame_rate: float) -> Array:
    """From 0 at the first frame to 1, shape (F,)."""
    n_frames = len(performed)
    n_fading = FADE_IN_LYING * frame_rate if is_lying(performed) else FADE_IN * n_frames
    share = np.clip(np.arange(n_frames) / max(4, min(n_fading, n_frames / 3)), 0, 1)
    return np.asarray(share**2 * (3 - 2 * share))


def _fit(positions: Array, lengths: Array, pinned: NDArray[np.bool_]) -> Array:
    """Move the joints that are not pinned as little as gives every fitted bone its length."""
    length_of = dict(zip(EC3D_19.bones, lengths, strict=True))
    # A copy, by joint, so that each path is one piece of memory.
    fitted = positions.transpose(1, 0, 2).copy()
    bones = [bone for bone in _FITTED if not (pinned[bone[0]] and pinned[bone[1]])]
    offs = np.zeros((len(bones), len(positions)))
    for i in range(ITERATIONS):
        for (parent, child), off in zip(bones if i % 2 else bones[::-1], offs, strict=True):
            bone = fitted[child] - fitted[parent]
            np.subtract(1, length_of[parent, child] / np.maximum(_norm(bone), 1e-9), out=off)
            excess = bone * off[:, None]
            if pinned[child]:
                fitted[parent] += excess
            elif pinned[parent]:
                fitted[child] -= excess
            else:
                excess /= 2
                fitted[parent] += excess
                fitted[child] -= excess
        if np.abs(offs).max(initial=0.0) < FITS:
            break
    return fitted.transpose(1, 0, 2)


def _with_followers(fitted: Array, performed: Array, lengths: Array) -> Array:
    """Put nose, toes and heels as they were performed, at their leader."""
    for (parent, child), length in zip(EC3D_19.bones, lengths, strict=True):
        if (parent, child) not in _FITTED:
            fitted[:, child] = fitted[:, parent] + length * unit(performed[:, child] - performed[:, parent])
    return fitted


def _lengths_by_frame(positions: NDArray[np.floating]) -> Array:
    parents, children = (list(side) for side in zip(*EC3D_19.bones, strict=True))
    return _norm(positions[:, children] - positions[:, parents])


def _acceleration(positions: NDArray[np.floating], frame_rate: float) -> float:
    if len(positions) < 3:
        return 0.0
    second = np.diff(np.asarray(positions, dtype=np.float64), n=2, axis=0) * frame_rate**2
    return float(np.percentile(_norm(second), 99))


def _reach(positions: NDArray[np.floating]) -> float:
    """How far the joint that travels most gets in all, in metres."""
    return float(_norm(np.ptp(positions, axis=0)).max())


def _norm(vectors: NDArray[np.floating]) -> Array:
    """The length of vectors (..., 3); over so short an axis einsum is quicker than numpy.linalg.norm."""
    return np.asarray(np.sqrt(np.einsum("...i,...i->...", vectors, vectors)))
