"""The grade of a recording and its reasons."""

import numpy as np
import pytest

from ml.poses.sequence import PoseSequence
from ml.preprocess import Prepared
from ml.quality import grade
from ml.skeletons import EC3D_19
from tests.ml.poses import samples


def prepared(positions: np.ndarray | None = None, rate: float = 30.0, **more: object) -> Prepared:
    filled = more.pop("filled", {})
    return Prepared(
        PoseSequence(samples.squatting() if positions is None else positions, rate, **more), filled
    )


def with_noise(joint: str, metres: float) -> np.ndarray:
    positions = samples.squatting()
    positions[:, EC3D_19.index(joint)] += np.random.default_rng(1).normal(0, metres, (90, 3))
    return positions


def test_a_clean_recording_is_good_for_no_reason():
    assert grade(prepared()) == ("good", ())


@pytest.mark.parametrize(
    ("recording", "expected", "reason"),
    [
        (prepared(filled={"left_ankle": 0.12}), "usable", "12% of the left ankle was filled in."),
        (
            prepared(filled={"left_ankle": 0.3, "right_knee": 0.06}),
            "poor",
            "30% of the left ankle was filled in.",
        ),
        (prepared(with_noise("left_knee", 0.05)), "usable", "The length of the left thigh varies by"),
        (prepared(with_noise("left_knee", 0.2)), "poor", "The length of the left shank varies by"),
        (prepared(with_noise("left_wrist", 0.2)), "usable", "The length of the left forearm varies by"),
        (prepared(rate=15.0), "usable", "Only 15 frames a second"),
        (prepared(rate=9.0), "poor", "Only 9 frames a second"),
        (prepared(estimated=frozenset({"left_big_toe"})), "usable", "The feet were not measured"),
    ],
)
def test_what_lowers_the_grade_is_said(recording, expected, reason):
    quality = grade(recording)
    assert quality.grade == expected
    assert any(text.startswith(reason) for text in quality.reasons), quality.reasons


def test_a_nose_that_was_filled_in_lowers_nothing():
    assert grade(prepared(filled={"nose": 0.9})).grade == "good"
