"""Angles: right on poses whose angles are known, and published in docs/angles.md as they are in the code."""

from pathlib import Path

import numpy as np
import pytest

from ml.angles import ANGLES, joint_angles
from ml.poses.sequence import PoseSequence
from ml.skeletons import EC3D_19
from tests.ml.poses import samples

DOCS = Path(__file__).resolve().parents[2] / "docs" / "angles.md"


def standing(**moved: tuple[float, float, float]) -> np.ndarray:
    """One frame of a person standing straight, with some joints shifted."""
    pose = samples.squatting(1, depth_degrees=0.0)
    for side in ("left", "right"):  # legs exactly vertical under the hips
        for part in ("knee", "ankle", "heel", "big_toe"):
            pose[0, EC3D_19.index(f"{side}_{part}"), 0] = pose[0, EC3D_19.index(f"{side}_hip"), 0]
    for joint, shift in moved.items():
        pose[0, EC3D_19.index(joint)] += shift
    return pose


def of(pose: np.ndarray) -> dict[str, float]:
    return {name: float(values[0]) for name, values in joint_angles(pose).items()}


def test_standing_straight_is_nought_everywhere():
    for name, value in of(standing()).items():
        assert value == pytest.approx(0.0, abs=1e-6), name


def test_a_squat_bends_knees_and_hips_by_what_was_asked():
    angles = joint_angles(samples.squatting(90, depth_degrees=100.0))
    assert angles["left_knee_flexion"].max() == pytest.approx(100.0, abs=0.5)
    assert angles["left_hip_flexion"].max() == pytest.approx(100.0, abs=1.0)
    assert angles["left_ankle_dorsiflexion"].max() == pytest.approx(35.0, abs=0.5)
    assert angles["trunk_lean"].max() == pytest.approx(35.0, abs=0.5)


def test_a_knee_is_inward_on_both_sides_when_the_knees_meet():
    inward = of(standing(left_knee=(0.05, 0.0, 0.0), right_knee=(-0.05, 0.0, 0.0)))
    expected = 2 * np.degrees(np.arcsin(0.05 / np.hypot(0.42, 0.05)))
    assert inward["left_knee_valgus"] == pytest.approx(expected, abs=0.1)
    assert inward["right_knee_valgus"] == pytest.approx(expected, abs=0.1)
    assert of(standing(left_knee=(-0.05, 0.0, 0.0)))["left_knee_valgus"] < -5


def test_the_back_is_hunched_plus_and_arched_minus():
    plank = samples.planking(1)
    hips = EC3D_19.indices("mid_hip", "left_hip", "right_hip")
    assert of(plank)["back_curve"] == pytest.approx(0.0, abs=1.0)
    for height, sign in ((0.15, 1), (-0.15, -1)):
        bent = plank.copy()
        bent[:, hips, 2] += height
        assert sign * of(bent)["back_curve"] > 20.0


def test_a_mirrored_person_has_the_angles_of_the_other_side():
    positions = samples.squatting(40) + np.random.default_rng(0).normal(0, 0.02, (40, 19, 3))
    own = joint_angles(positions)
    other = joint_angles(PoseSequence(positions, 30.0).mirrored().positions)
    for name, values in own.items():
        twin = name.replace("left", "LEFT").replace("right", "left").replace("LEFT", "right")
        np.testing.assert_allclose(other[twin], values, atol=1e-9, err_msg=name)


def test_angles_do_not_depend_on_place_heading_or_size():
    positions = samples.squatting(40)
    turn = np.array([[0.6, -0.8, 0], [0.8, 0.6, 0], [0, 0, 1]])
    moved = 1.3 * positions @ turn.T + [1.0, 2.0, 3.0]
    for name, values in joint_angles(moved).items():
        np.testing.assert_allclose(values, joint_angles(positions)[name], atol=1e-5, err_msg=name)


def test_the_published_table_is_the_code():
    rows = [
        tuple(cell.strip().strip("`") for cell in line.strip().strip("|").split("|"))
        for line in DOCS.read_text().splitlines()
        if line.startswith("| `")
    ]
    assert rows == [tuple(angle) for angle in ANGLES]


def test_the_values_come_in_the_order_of_the_table():
    assert list(joint_angles(samples.squatting(20))) == [angle.name for angle in ANGLES]
