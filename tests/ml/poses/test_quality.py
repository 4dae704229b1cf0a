"""The grade of a recording and its reasons."""

import numpy as np
import pytest

from ml.poses.faults import repair
from ml.poses.quality import Quality, grade
from ml.poses.sequence import PoseSequence
from ml.skeletons import EC3D_19
from tests.ml.poses import samples


def graded(positions: np.ndarray | None = None, rate: float = 30.0, **more: object) -> Quality:
    return grade(repair(PoseSequence(samples.squatting() if positions is None else positions, rate, **more)))


def with_noise(joint: str, metres: float) -> np.ndarray:
    positions = samples.squatting()
    positions[:, EC3D_19.index(joint)] += np.random.default_rng(1).normal(0, metres, (90, 3))
    return positions


def without(**frames: list[int]) -> np.ndarray:
    positions = samples.squatting()
    for joint, lost in frames.items():
        positions[lost, EC3D_19.index(joint)] = np.nan
    return positions


def exchanged(joint: str, frames: slice) -> np.ndarray:
    positions = samples.squatting()
    pair = EC3D_19.indices(f"left_{joint}", f"right_{joint}")
    positions[frames, pair] = positions[frames, pair[::-1]]
    return positions


EVERY_EIGHTH, EVERY_THIRD = list(range(4, 90, 8)), list(range(4, 90, 3))


def test_a_clean_recording_is_good_for_no_reason():
    assert graded() == ("good", ())


def test_a_short_gap_lowers_nothing():
    assert graded(without(left_ankle=[10, 11])) == ("good", ())


@pytest.mark.parametrize(
    ("found", "expected", "reason"),
    [
        (graded(without(left_ankle=EVERY_EIGHTH)), "usable", "12% of the left ankle was filled in."),
        (graded(without(left_ankle=EVERY_THIRD)), "poor", "32% of the left ankle was filled in."),
        (
            graded(without(right_knee=list(range(30, 37)))),
            "usable",
            "The right knee is lost for 0.2 s from 1.0 s on.",
        ),
        (
            graded(without(right_knee=list(range(30, 62)))),
            "poor",
            "The right knee is lost for 1.1 s from 1.0 s on.",
        ),
        (
            graded(exchanged("ankle", slice(20, 24))),
            "usable",
            "Left and right ankle were exchanged in 4 frames.",
        ),
        (
            graded(exchanged("knee", slice(20, 50))),
            "poor",
            "Left and right knee were exchanged in 30 frames.",
        ),
        (graded(with_noise("left_knee", 0.09)), "usable", "The length of the left thigh varies by"),
        (graded(with_noise("left_knee", 0.3)), "poor", "The length of the left shank varies by"),
        (graded(with_noise("left_wrist", 0.3)), "usable", "The length of the left forearm varies by"),
        (graded(rate=15.0), "usable", "Only 15 frames a second"),
        (graded(rate=9.0), "poor", "Only 9 frames a second"),
        (graded(estimated=frozenset({"left_big_toe"})), "usable", "The feet were not measured"),
    ],
)
def test_what_lowers_the_grade_is_said(found, expected, reason):
    assert found.grade == expected, found
    assert any(one.in_words().startswith(reason) for one in found.reasons), found.reasons


def test_a_nose_that_was_filled_in_lowers_nothing():
    assert graded(without(nose=EVERY_THIRD)).grade == "good"
