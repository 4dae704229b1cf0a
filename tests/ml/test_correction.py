"""A correction is this person's: own limbs, same start, planted feet, and near what the network wanted."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter1d

from ml.catalogue import CODES, is_correct
from ml.correction import (
    bone_lengths,
    check,
    contacts,
    correct,
    joints_moved_most,
    largest_shift,
)
from ml.simulate import Person, simulate_repetition
from ml.skeletons import EC3D_19

PARENTS, CHILDREN = (list(side) for side in zip(*EC3D_19.bones, strict=True))
ANKLES = EC3D_19.indices("left_ankle", "right_ankle")
TRUNK = EC3D_19.indices("mid_hip", "neck", "left_shoulder", "right_shoulder")


def simulated(code, seed=0):
    return simulate_repetition(Person.sample(seed), code, np.random.default_rng(seed), 0.7)


def wanted_change(repetition, noise=0.0, seed=0):
    change = repetition.correct.positions - repetition.performed.positions
    shaking = np.random.default_rng(seed).normal(size=change.shape)
    return change + noise * gaussian_filter1d(shaking, 8, axis=0) * 5


@settings(max_examples=30, deadline=None)
@given(st.sampled_from(CODES), st.integers(0, 200), st.sampled_from([0.0, 0.01, 0.03]))
def test_limbs_start_and_feet_are_kept_whatever_the_network_wants(code, seed, noise):
    repetition = simulated(code, seed)
    performed = repetition.performed.positions
    corrected = correct(performed, wanted_change(repetition, noise, seed))
    lengths = np.linalg.norm(corrected[:, CHILDREN] - corrected[:, PARENTS], axis=2)
    np.testing.assert_allclose(lengths / bone_lengths(performed), 1, atol=0.01)
    assert np.abs(corrected[0, TRUNK] - performed[0, TRUNK]).max() < 0.02
    shift = corrected - performed
    for contact in contacts(performed, 30.0):
        if contact.joint in ANKLES:
            assert np.ptp(shift[contact.start : contact.end, contact.joint], axis=0).max() < 0.01
    assert not {"limb_length", "start", "planted_feet"} & set(check(performed, corrected))


@pytest.mark.parametrize("code", [code for code in CODES if is_correct(code)])
def test_no_change_wanted_is_no_change(code):
    performed = simulated(code).performed.positions
    np.testing.assert_allclose(correct(performed, np.zeros_like(performed)), performed, atol=1e-3)


@pytest.mark.parametrize(
    "code", ["squat.knees_inward", "squat.not_low_enough", "squat.front_bent", "lunge.not_low_enough"]
)
def test_true_change_gives_the_true_correction(code):
    repetition = simulated(code)
    corrected = correct(repetition.performed.positions, wanted_change(repetition))
    settled = len(corrected) // 5
    off = np.linalg.norm(corrected - repetition.correct.positions, axis=2)[settled:]
    before = np.linalg.norm(repetition.performed.positions - repetition.correct.positions, axis=2)[settled:]
    assert off.mean() < 0.2 * before.mean()
    assert check(repetition.performed.positions, corrected) == []


@pytest.mark.parametrize("seed", range(8))
def test_a_deeper_squat_at_the_same_tempo_is_not_called_shaking(seed):
    repetition = simulated("squat.not_low_enough", seed)
    corrected = correct(repetition.performed.positions, wanted_change(repetition))
    assert check(repetition.performed.positions, corrected) == []


def test_wide_feet_come_closer_and_do_not_slide():
    repetition = simulated("squat.feet_too_wide")
    performed = repetition.performed.positions
    corrected = correct(performed, wanted_change(repetition))
    width = [
        np.linalg.norm(p[:, ANKLES[0]] - p[:, ANKLES[1]], axis=1)
        for p in (performed, corrected, repetition.correct.positions)
    ]
    assert width[1].max() < width[0].min() - 0.03
    assert np.ptp(width[1]) < 0.01
    assert abs(width[1].mean() - width[2].mean()) < 0.04  # a foot less than 2 cm off stays where it is


def test_small_wanted_slide_of_the_feet_is_not_taken():
    performed = simulated("squat.correct").performed.positions
    change = np.zeros_like(performed)
    change[:, ANKLES[0], 0] = np.linspace(0, 0.035, len(change))
    np.testing.assert_allclose(correct(performed, change)[:, ANKLES], performed[:, ANKLES], atol=1e-9)


def test_hunched_back_is_straightened_with_feet_where_they_were():
    repetition = simulated("plank.hunched_back")
    performed = repetition.performed.positions
    corrected = correct(performed, wanted_change(repetition))

    def hip_height(p):
        return (
            p[:, EC3D_19.index("mid_hip"), 2] - (p[:, EC3D_19.index("neck"), 2] + p[:, ANKLES[0], 2]) / 2
        )[-1]

    true = hip_height(repetition.correct.positions)
    assert abs(hip_height(corrected) - true) < 0.3 * abs(hip_height(performed) - true)
    np.testing.assert_allclose(corrected[:, ANKLES], performed[:, ANKLES], atol=1e-9)


@pytest.mark.parametrize("fault", ["limb_length", "start", "planted_feet", "smoothness", "too_large"])
def test_check_finds_each_fault(fault):
    performed = simulated("squat.correct").performed.positions
    assert check(performed, performed) == []
    spoilt = performed.copy()
    if fault == "limb_length":
        spoilt[40, EC3D_19.index("left_wrist")] += 0.02
    elif fault == "start":
        spoilt += 0.05
    elif fault == "planted_feet":
        spoilt[:, :, 0] += np.linspace(0, 0.03, len(spoilt))[:, None]
    elif fault == "smoothness":
        spoilt[::2] += 0.01
    else:
        spoilt[len(spoilt) // 2 :] += 2
    assert fault in check(performed, spoilt)


def test_joints_moved_most_are_named():
    repetition = simulated("squat.feet_too_wide")
    corrected = correct(repetition.performed.positions, wanted_change(repetition))
    assert {"left_ankle", "right_ankle"} <= set(joints_moved_most(repetition.performed.positions, corrected))
    assert largest_shift(repetition.performed.positions, corrected) > 0.03
    assert joints_moved_most(corrected, corrected) == ()


@pytest.mark.parametrize(
    ("code", "first", "comes_along"),
    [
        ("squat.knees_inward", "knee", "ankle"),
        ("squat.not_low_enough", "mid_hip", "neck"),
        ("squat.front_bent", "neck", "wrist"),
        ("plank.hunched_back", "mid_hip", "neck"),
    ],
)
def test_a_joint_that_only_comes_along_is_not_named(code, first, comes_along):
    repetition = simulated(code, 1)
    named = joints_moved_most(repetition.performed.positions, repetition.correct.positions)
    assert named[0].endswith(first)
    assert not any(joint.endswith(comes_along) for joint in named)


def test_bones_that_a_sensor_stretches_are_mended_with_little_movement():
    performed = simulated("squat.correct").performed.positions
    seen = (
        performed + gaussian_filter1d(np.random.default_rng(3).normal(size=performed.shape), 5, axis=0) / 20
    )
    moved = np.linalg.norm(correct(seen, np.zeros_like(seen)) - seen, axis=2).mean()
    assert moved < 0.6 * np.linalg.norm(seen - performed, axis=2).mean()


def test_neither_correcting_nor_checking_changes_what_was_performed():
    performed = simulated("squat.front_bent").performed.positions
    seen = (
        performed + gaussian_filter1d(np.random.default_rng(3).normal(size=performed.shape), 5, axis=0) / 20
    )
    before = seen.copy()
    check(seen, correct(seen, np.full_like(seen, 0.05)))
    np.testing.assert_array_equal(seen, before)


@pytest.mark.parametrize("n_frames", [1, 2, 5])
def test_few_frames_are_no_trouble(n_frames):
    performed = simulated("squat.correct").performed.positions[:n_frames]
    corrected = correct(performed, np.full_like(performed, 0.05))
    assert corrected.shape == performed.shape
    assert np.isfinite(corrected).all()
    assert isinstance(check(performed, corrected), list)
