"""Of several people in a recording the one who exercises: followed through frames, told by the movement."""

from collections.abc import Sequence
from itertools import permutations

import numpy as np
from numpy.typing import NDArray

from ml.poses.body import REQUIRED, median_length
from ml.poses.errors import PoseFormatError
from ml.poses.facts import Fact
from ml.poses.limits import Limits

Array = NDArray[np.float64]

#: Who is seen in less than this share of the frames walked by.
LEAST_SEEN = 0.5
#: Another one who moves this share as much could be meant as well: then a person has to say.
AS_MUCH = 0.6
#: So many are followed by the best of all assignments, more by the nearest first.
_FEW = 4


def follow(frames: list[list[Array]]) -> Array:
    """Return the path of everybody, (P, F, K, 3), NaN where not seen, in the order of their appearance.

    Parameters
    ----------
    frames : list of lists of ndarray, shape (K, 3)
        Everybody in each frame, in any order; NaN where a joint was not seen.
    """
    n_joints = len(next(person for people in frames for person in people))
    n_most = max(len(people) for people in frames)
    if n_most == 1:
        unseen = np.full((n_joints, 3), np.nan)
        return np.stack([people[0] if people else unseen for people in frames])[None]
    paths = np.full((n_most, len(frames), n_joints, 3), np.nan)
    last = np.full((n_most, n_joints, 3), np.nan)
    for f, people in enumerate(frames):
        for slot, person in zip(_slots(last, people), people, strict=True):
            paths[slot, f] = person
            last[slot] = np.where(np.isfinite(person), person, last[slot])
    return paths


def exercising(paths: Array, joints: dict[str, int], chosen: int | None) -> tuple[Array, tuple[Fact, ...]]:
    """Return the positions (F, K, 3) of the one who exercises, and the fact of the choice.

    Parameters
    ----------
    paths : ndarray of float, shape (P, F, K, 3)
        From `follow`.
    joints : dict of str to int
        Which joint is where along axis 2, by EC3D_19 name.
    chosen : int, optional
        Who it is, from 1, where a person said it.

    Raises
    ------
    PoseFormatError
        `several_people` where there is no such number.

    Notes
    -----
    Where two move alike a person is asked: until then it is the one of them who moves most.
    """
    n_people = len(paths)
    if n_people == 1:
        return paths[0], ()
    if chosen is not None:
        if not 1 <= chosen <= n_people:
            raise PoseFormatError(
                "several_people", f"There is no person {chosen}: the recording shows {n_people} people."
            )
        return paths[chosen - 1], (Fact("person", f"{chosen} of {n_people}", "person", "as a person said"),)
    there = np.isfinite(paths).all(axis=-1).any(axis=-1).mean(axis=1) >= LEAST_SEEN
    moves = np.where(there, [_movement(path, joints) for path in paths], 0.0)
    first, second = np.argsort(-moves)[:2]
    if there.sum() > 1 and moves[second] >= AS_MUCH * moves[first]:
        alike = "two move alike: say which of them is meant"
        return paths[first], (Fact("person", f"{first + 1} of {n_people}", "usual", alike),)
    how = "who bends and stretches most" if there.sum() > 1 else "who is seen throughout"
    return paths[first], (Fact("person", f"{first + 1} of {n_people}", "body", how),)


def one_of(
    everybody: Sequence[dict[str, Array]], chosen: int | None
) -> tuple[dict[str, Array], tuple[Fact, ...]]:
    """Return the joints of the one who exercises, and the fact of the choice, as `exercising`.

    Parameters
    ----------
    everybody : sequence of dict of str to ndarray, shape (F, 3)
        Whom the file itself tells apart: their joints by EC3D_19 name, NaN where not seen.
    chosen : int, optional
        Who it is, from 1, where a person said it.
    """
    if len(everybody) == 1:
        return everybody[0], ()
    names = list(dict.fromkeys((*REQUIRED, *(joint for joints in everybody for joint in joints))))
    unseen = np.full_like(next(iter(everybody[0].values())), np.nan)
    paths = np.stack([np.stack([joints.get(name, unseen) for name in names], axis=1) for joints in everybody])
    positions, facts = exercising(paths, {name: i for i, name in enumerate(names)}, chosen)
    there = np.asarray(np.isfinite(positions).any(axis=(0, 2)))
    return {name: positions[:, i] for i, name in enumerate(names) if there[i]}, facts


def by_person(values: NDArray[np.float64], limits: Limits) -> list[Array]:
    """Return the positions (F, J, 3) of each person of an array (F, P, J, 3) or (P, F, J, 3).

    There are fewer people than frames. Raises `PoseFormatError` where there are more than are followed.
    """
    in_order = values if values.shape[0] <= values.shape[1] else values.swapaxes(0, 1)
    check_number(len(in_order), limits)
    return list(in_order)


def check_number(n_people: int, limits: Limits) -> None:
    """Refuse more people than are followed."""
    if n_people > limits.people:
        raise PoseFormatError(
            "several_people",
            f"The recording shows {n_people} people at once; at most {limits.people} are followed. Keep the "
            "patient's alone.",
        )


def _slots(last: Array, people: list[Array]) -> list[int]:
    """Which of those followed each person of a frame is: the nearest to where they were."""
    if not people:
        return []
    with np.errstate(invalid="ignore"):
        steps = np.linalg.norm(np.stack(people)[:, None] - last[None], axis=-1)
    known = np.isfinite(steps)
    distance = np.where(known, steps, 0.0).sum(axis=-1) / np.maximum(known.sum(axis=-1), 1)
    # Nobody was followed in an empty place: it is taken only by who is far from everybody.
    empty = ~np.isfinite(last).any(axis=(-1, -2))
    distance[:, empty] = 1e12 + np.arange(empty.sum())
    n_people, n_slots = distance.shape
    if n_slots <= _FEW:
        rows = np.arange(n_people)
        orders = permutations(range(n_slots), n_people)
        return list(min(orders, key=lambda order: distance[rows, list(order)].sum()))
    slots: list[int] = []
    for row in distance:
        slots.append(next(int(slot) for slot in np.argsort(row) if slot not in slots))
    return slots


def _movement(path: Array, joints: dict[str, int]) -> float:
    """How much a body shortens and stretches between shoulders and ankles, as a share of its length."""

    def between(part: str) -> Array:
        return (path[:, joints[f"left_{part}"]] + path[:, joints[f"right_{part}"]]) / 2.0

    ankles = between("ankle")
    lengths = [np.linalg.norm(between(part) - ankles, axis=-1) for part in ("hip", "shoulder")]
    usual = median_length(between("shoulder") - ankles)
    known = [length[np.isfinite(length)] for length in lengths]
    if not np.isfinite(usual) or usual <= 0 or any(len(length) == 0 for length in known):
        return 0.0
    return float(sum(np.subtract(*np.percentile(length, [95, 5])) for length in known)) / usual
