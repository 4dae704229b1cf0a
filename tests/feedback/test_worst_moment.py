"""The moment to look at, and the words that say by how much it differs from the correction."""

import numpy as np
import pytest

from feedback.body_words import ANGLE_NAMES
from feedback.worst_moment import _SHOWS_IN, DIFFERENCES, difference_sentence, worst_moment
from ml.angles import ANGLES, joint_angles
from ml.catalogue import CODES
from ml.skeletons import EC3D_19
from tests.motions import squats

KNEES = ("left_knee", "right_knee")


def worst(performed, corrected, joints=KNEES, finding="squat.learned_here"):
    angles = joint_angles(performed), None if corrected is None else joint_angles(corrected)
    return worst_moment(performed, corrected, angles, joints, finding)


def moved(positions, joint, axis, metres, frames):
    """The motion with one joint elsewhere in some frames."""
    other = positions.copy()
    other[frames, EC3D_19.index(joint), axis] += metres
    return other


def test_a_knee_that_falls_inward_is_told_with_side_and_size():
    correct = squats(1).positions
    performed = moved(correct, "right_knee", 0, -0.06, slice(40, 50))
    found = worst(performed, correct)
    assert found.angle == "right_knee_valgus"
    assert 40 <= found.frame < 50
    difference = joint_angles(performed)[found.angle] - joint_angles(correct)[found.angle]
    assert found.frame == np.argmax(np.abs(difference))
    assert found.sentence == f"Right knee {difference.max():.0f}° further inward than corrected."


def test_the_first_twentieth_of_the_frames_is_left_out():
    correct = squats(1).positions
    early = moved(correct, "right_knee", 0, -0.2, slice(0, 4))
    performed = moved(early, "right_knee", 0, -0.05, slice(60, 70))
    assert 60 <= worst(performed, correct).frame < 70


def test_angles_away_from_the_joints_that_move_are_not_chosen():
    correct = squats(1).positions
    performed = moved(correct, "neck", 1, 0.4, slice(30, 40))
    performed = moved(performed, "right_knee", 0, -0.04, slice(60, 70))
    assert worst(performed, correct).angle == "right_knee_valgus"
    assert worst(performed, correct, ["neck"]).angle == "trunk_lean"
    assert worst(performed, correct, ["neck"], "plank.learned_here").angle == "back_curve"


@pytest.mark.parametrize(
    ("finding", "angle"),
    [
        ("squat.front_bent", "trunk_lean"),
        ("squat.not_low_enough", "right_knee_flexion"),
        ("squat.knees_inward", "right_knee_valgus"),
        ("lunge.knee_passes_toe", "right_ankle_dorsiflexion"),
    ],
)
def test_a_mistake_is_told_by_the_angle_in_which_it_shows(finding, angle):
    correct = squats(1).positions
    performed = moved(correct, "neck", 1, 0.5, slice(30, 40))
    performed = moved(performed, "right_knee", 0, -0.04, slice(60, 70))
    performed = moved(performed, "right_knee", 1, 0.05, slice(60, 70))
    assert worst(performed, correct, ["neck", "right_wrist"], finding).angle == angle


def test_every_mistake_that_shows_in_an_angle_is_one_of_the_catalogue():
    kinds = {code.split(".")[1] for code in CODES}
    assert set(_SHOWS_IN) <= kinds
    assert {name for names in _SHOWS_IN.values() for name in names} <= set(ANGLE_NAMES)


def test_where_no_angle_tells_the_distance_chooses_the_moment():
    correct = squats(1).positions
    performed = correct + np.where(np.arange(90) == 70, 0.05, 0.0)[:, None, None]  # all of it shifted
    found = worst(performed, correct)
    assert (found.frame, found.angle, found.sentence) == (70, None, "")


def test_without_a_correction_it_is_where_the_hips_are_lowest():
    found = worst(squats(1).positions, None, ())
    assert found.frame == pytest.approx(45, abs=1)
    assert (found.angle, found.sentence) == (None, "")


def test_every_angle_has_words_for_more_and_less():
    assert set(DIFFERENCES) == set(ANGLE_NAMES) == {angle.name for angle in ANGLES}
    sentences = {difference_sentence(name, 20 + sign * 8.6, 20) for name in DIFFERENCES for sign in (1, -1)}
    assert len(sentences) == 2 * len(ANGLES)
    assert all("9°" in sentence and sentence.endswith("than corrected.") for sentence in sentences)


def test_the_difference_is_that_of_the_angles_that_are_shown():
    # The callout reads 34°, not 3°.
    assert difference_sentence("left_knee_valgus", 34.44, 2.93).startswith("Left knee 31° further inward")
    assert difference_sentence("left_knee_valgus", 34.5, 2.96).startswith("Left knee 32° further inward")
