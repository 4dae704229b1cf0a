"""Squats and lunges: down and up again on both legs, told from walking, sitting down and the rest.

A movement is a peak of the legs' bend between two places where the person stands. What it is, its lowest
point says: a lunge has one foot far ahead of the other, a squat has both knees bent alike over feet that stay
where they are; whoever does not sink, steps aside or sits does neither.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.signal import find_peaks

from ml.posture import Array, Posture

#: A movement bends the legs by at least this much more than standing does ...
LEAST_BEND_DEGREES = 30.0
#: ... and by at least this share of the recording's large movements.
LEAST_SHARE = 0.25
SHORTEST_REPETITION_S = 0.6
#: A movement reaches out to this share of its bend, and on for as long as the legs bend this fast.
EDGE_SHARE = 0.15
EDGE_DEGREES_PER_S = 20.0
#: Having straightened, the legs bend again by this share: something else begins.
OTHER_SHARE = 0.4
#: Before and after it the person stands: the legs regain this share of the bend; on one side less is enough,
#: where a recording begins late or ends early.
LEAST_REGAINED = 0.5
LEAST_REGAINED_AT_AN_END = 0.2

#: The frames that show the lowest point bend at least this share of the most.
LOWEST_SHARE = 0.8
#: Lengths in legs, angles in degrees. On the way down the pelvis sinks ...
LEAST_SINKING = 0.08
LEAST_SINKING_IN_LUNGE = 0.05
#: ... and no foot steps aside.
LARGEST_SIDE_STEP = 0.35
#: A squat bends both knees alike: the less bent one by this share of the other, or all but so many degrees.
LEAST_LIKENESS = 0.6
LARGEST_DIFFERENCE = 35.0
#: Feet that are farther apart than this, one ahead of the other, are a lunge's.
STRIDE = 0.36
#: ... the surer, the farther by this; a change of exercise and back needs to be surer than the cost of both.
STRIDE_SPREAD = 0.06
CHANGE_COST = 2.0
#: In a lunge the pelvis is low, or the stride long: stepping over something, a person stays higher than the
#: first number and this share of the stride. The feet are not astride, and none is up in the air.
HIGHEST_LUNGE = 0.56
HIGHER_BY_STRIDE = 0.58
#: Whoever has lunged clearly in the recording may do so less deeply.
HIGHER_AMONG_LUNGES = 0.06
WIDEST_LUNGE = 0.8
HIGHEST_FOOT = 0.35
#: Whoever sits pauses with the weight behind the feet, and the trunk rights itself; or pauses for long.
PAUSE_SHARE = 0.85
SHORTEST_SEAT_S = 0.7
WEIGHT_BEHIND = 0.09
RIGHTED_DEGREES = 4.0
LONG_SEAT_S = 1.1
WEIGHT_FAR_BEHIND = 0.12
#: Whoever stays down for longer than this rests.
LONGEST_PAUSE_S = 5.0


class Movement(NamedTuple):
    """Frames `[start, end)`, and how far one foot is ahead of the other at the lowest point (legs)."""

    start: int
    end: int
    stride: float


def find_movements(posture: Posture, start: int, end: int, frame_rate: float) -> list[tuple[int, int]]:
    """Return `[start, end)` of each time the legs bend and straighten within the frames `[start, end)`.

    What goes on beyond them, where the person lies, is the way down to the floor and no movement.
    """
    bend = posture.bend[start:end]
    shortest = max(1, round(SHORTEST_REPETITION_S * frame_rate))
    if len(bend) < shortest:
        return []
    rest = float(np.percentile(bend, 5))
    least = max(LEAST_BEND_DEGREES, LEAST_SHARE * (float(np.percentile(bend, 97)) - rest))
    peaks, _ = find_peaks(np.concatenate([[rest], bend, [rest]]), prominence=least, distance=shortest)
    peaks = np.clip(peaks - 1, 0, len(bend) - 1)
    spans = []
    for i, peak in enumerate(peaks):
        before = peaks[i - 1] if i else 0
        after = peaks[i + 1] if i + 1 < len(peaks) else len(bend) - 1
        a, b = _edges(bend, int(before), int(peak), int(after), frame_rate)
        goes_down = (a == 0 < start) or (b == len(bend) and end < len(posture.bend))
        if b - a >= shortest and not goes_down:
            spans.append((start + a, start + b))
    return spans


def squats_and_lunges(
    posture: Posture, spans: list[tuple[int, int]], frame_rate: float
) -> list[tuple[int, int, str]]:
    """Return those movements that are a squat or a lunge, each with its exercise."""
    lowered = [
        Movement(start, end, _stride(posture, start, end))
        for start, end in spans
        if _sinks(posture, start, end, frame_rate)
    ]
    exercises = _likeliest([movement.stride for movement in lowered])
    lunges = [movement for movement, exercise in zip(lowered, exercises, strict=True) if exercise == "lunge"]
    clear = any(_is_lunge(posture, movement, frame_rate) for movement in lunges)
    higher = HIGHER_AMONG_LUNGES if clear else 0.0
    return [
        (movement.start, movement.end, exercise)
        for movement, exercise in zip(lowered, exercises, strict=True)
        if (
            _is_lunge(posture, movement, frame_rate, higher)
            if exercise == "lunge"
            else _is_squat(posture, movement, frame_rate)
        )
    ]


def _edges(bend: Array, before: int, peak: int, after: int, frame_rate: float) -> tuple[int, int]:
    """Where the knee leaves and regains its straightest around one peak."""
    slowest = EDGE_DEGREES_PER_S / frame_rate
    back = _way_out(bend[before : peak + 1][::-1], slowest)
    on = _way_out(bend[peak : after + 1], slowest)
    return peak - back, peak + on + 1


def _way_out(bend: Array, slowest: float) -> int:
    """How many frames after a peak, which comes first, the legs are straight again and stay so."""
    lowest = np.minimum.accumulate(bend)
    height = bend[0] - lowest
    # Whoever has straightened and bends again does something else by then.
    other = (height >= LEAST_REGAINED * height[-1]) & (bend - lowest > OTHER_SHARE * height)
    if other.any():
        bend = bend[: int(other.argmax())]
    valley = int(bend.argmin())
    level = bend[valley] + EDGE_SHARE * (bend[0] - bend[valley])
    at = 0
    while at < valley and (bend[at] > level or bend[at] - bend[at + 1] > slowest):
        at += 1
    return at


def _lowest(posture: Posture, start: int, end: int, share: float = LOWEST_SHARE) -> NDArray[np.intp]:
    """The frames about the lowest point."""
    bend = posture.bend[start:end]
    return start + np.flatnonzero(bend >= bend.min() + share * (bend.max() - bend.min()))


def _stride(posture: Posture, start: int, end: int) -> float:
    """At the lowest point; where a foot is lost there, in all of a lunge that begins with feet apart."""
    ahead = np.abs(posture.ahead)
    return float(max(np.median(ahead[_lowest(posture, start, end)]), np.median(ahead[start:end])))


def _sinks(posture: Posture, start: int, end: int, frame_rate: float) -> bool:
    lowest = _lowest(posture, start, end)
    bend, height = posture.bend[start:end], posture.height
    regained = sorted((bend.max() - bend[[0, -1]]) / (bend.max() - bend.min()))
    is_at_an_end = start == 0 or end == len(posture.bend)
    low = float(np.median(height[lowest]))
    aside = np.median(posture.apart[lowest]) - (posture.apart[start] + posture.apart[end - 1]) / 2
    return bool(
        regained[0] >= (LEAST_REGAINED_AT_AN_END if is_at_an_end else LEAST_REGAINED)
        and regained[1] >= LEAST_REGAINED
        and max(height[start], height[end - 1]) - low >= LEAST_SINKING_IN_LUNGE
        and aside <= LARGEST_SIDE_STEP
        and len(_lowest(posture, start, end, PAUSE_SHARE)) <= LONGEST_PAUSE_S * frame_rate
    )


def _is_lunge(posture: Posture, movement: Movement, frame_rate: float, higher: float = 0.0) -> bool:
    lowest = _lowest(posture, movement.start, movement.end)
    height = np.median(posture.height[lowest])
    return bool(
        height <= HIGHEST_LUNGE + HIGHER_BY_STRIDE * movement.stride + higher
        and np.median(posture.apart[lowest]) <= WIDEST_LUNGE
        and np.median(posture.lifted[lowest]) <= HIGHEST_FOOT
        and (movement.stride > STRIDE or not _sits(posture, movement, frame_rate))
    )


def _is_squat(posture: Posture, movement: Movement, frame_rate: float) -> bool:
    lowest = _lowest(posture, movement.start, movement.end)
    straighter, bent = np.median(posture.straighter_knee[lowest]), np.median(posture.bent_knee[lowest])
    standing = max(posture.height[movement.start], posture.height[movement.end - 1])
    sunk = standing - np.median(posture.height[lowest])
    alike = straighter >= min(LEAST_LIKENESS * bent, bent - LARGEST_DIFFERENCE)
    return bool(sunk >= LEAST_SINKING and alike and not _sits(posture, movement, frame_rate))


def _sits(posture: Posture, movement: Movement, frame_rate: float) -> bool:
    """Whether something carries the person at the lowest point: without a seat they would fall backwards."""
    start, end, _ = movement
    lowest, half = (_lowest(posture, start, end, share) for share in (PAUSE_SHARE, 0.5))
    pause = len(lowest) / frame_rate
    standing = (posture.weight[start] + posture.weight[end - 1]) / 2
    behind = standing - float(np.median(posture.weight[lowest]))
    righted = posture.trunk_lean[half].max() - float(np.median(posture.trunk_lean[lowest]))
    rests = pause > SHORTEST_SEAT_S and behind > WEIGHT_BEHIND and righted > RIGHTED_DEGREES
    return bool(rests or (pause > LONG_SEAT_S and behind > WEIGHT_FAR_BEHIND))


def _likeliest(strides: list[float]) -> list[str]:
    """The likeliest course of exercises (Viterbi): what each stride says, and people seldom change."""
    if not strides:
        return []
    lunge = np.clip((np.array(strides) - STRIDE) / STRIDE_SPREAD, -6.0, 6.0)
    best = np.array([[-lunge[0], lunge[0]]]) / 2
    came_from = []
    for score in lunge[1:]:
        stay, change = best[-1], best[-1][::-1] - CHANGE_COST
        came_from.append(np.where(stay >= change, [0, 1], [1, 0]))
        best = np.concatenate([best, [np.maximum(stay, change) + np.array([-score, score]) / 2]])
    state = int(best[-1].argmax())
    states = [state]
    for choice in reversed(came_from):
        state = int(choice[state])
        states.append(state)
    return [("squat", "lunge")[state] for state in reversed(states)]
