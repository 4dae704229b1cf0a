"""Preparing a recording: same frames, no noise, on the ground, facing +y, whoever and wherever they were."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.poses.errors import PoseFormatError
from ml.poses.sequence import PoseSequence
from ml.preprocess import is_lying, prepare
from ml.skeletons import EC3D_19
from tests.ml.poses import samples

KNEE, ANKLE, PELVIS = (EC3D_19.index(joint) for joint in ("left_knee", "left_ankle", "mid_hip"))


def moved(positions: np.ndarray, turn_degrees: float, shift: tuple[float, float, float]) -> np.ndarray:
    """Turn about the vertical and shift, as a person standing elsewhere in the room."""
    angle = np.radians(turn_degrees)
    turn = np.array([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]])
    return positions @ turn.T + np.array(shift)


def noisy(positions: np.ndarray, seed: int = 0, metres: float = 0.01) -> np.ndarray:
    return positions + np.random.default_rng(seed).normal(0, metres, positions.shape)


@pytest.mark.parametrize(
    "positions", [samples.squatting(repetitions=1), samples.planking()], ids=["squat", "plank"]
)
def test_the_frame_is_the_promised_one(positions):
    recorded = PoseSequence(moved(positions, 130.0, (2.0, -1.0, 0.7)), 30.0)
    prepared, filled, *_ = prepare(recorded)
    assert (len(prepared), prepared.frame_rate, filled) == (len(recorded), 30.0, {})
    np.testing.assert_allclose(prepared.positions[0, PELVIS, :2], 0.0, atol=1e-9)
    assert abs(prepared.positions[..., 2].min(axis=1).mean()) < 0.02
    to_right = (prepared.joint("right_hip") - prepared.joint("left_hip")).mean(axis=0)
    assert to_right[0] > 0.15
    assert abs(to_right[1]) < 0.01


def test_a_plank_faces_where_the_head_is():
    prepared = prepare(PoseSequence(moved(samples.planking(), -70.0, (0.0, 0.0, 0.0)), 30.0)).sequence
    assert is_lying(prepared.positions)
    along = (prepared.joint("neck") - prepared.joint("left_ankle")).mean(axis=0)
    assert along[1] > 1.0
    assert not is_lying(samples.squatting())


@settings(max_examples=20, deadline=None)
@given(
    st.floats(-180, 180),
    st.tuples(*[st.floats(-5, 5)] * 3),
    st.sampled_from([samples.squatting(), samples.planking(60)]),
    st.booleans(),
)
def test_the_result_is_the_same_wherever_the_person_stands_and_looks(turn, shift, positions, travels):
    positions = noisy(positions)
    here = prepare(PoseSequence(positions, 30.0, travels=travels)).sequence.positions
    there = prepare(PoseSequence(moved(positions, turn, shift), 30.0, travels=travels)).sequence.positions
    np.testing.assert_allclose(there, here, atol=1e-6)


@pytest.mark.parametrize("travels", [True, False])
@pytest.mark.parametrize("positions", [samples.squatting(), samples.planking(60)], ids=["squat", "plank"])
def test_a_mirrored_person_is_prepared_to_the_mirrored_result(positions, travels):
    sequence = PoseSequence(noisy(positions), 30.0, travels=travels)
    np.testing.assert_allclose(
        prepare(sequence.mirrored()).sequence.positions,
        prepare(sequence).sequence.mirrored().positions,
        atol=1e-9,
    )


def test_what_is_clean_is_left_nearly_as_it_is():
    positions = samples.squatting(120)
    prepared = prepare(PoseSequence(positions, 30.0)).sequence.positions
    expected = positions - positions[0, PELVIS] * [1, 1, 0]
    expected[..., 2] -= 0.01  # the sample's soles are at one centimetre
    np.testing.assert_allclose(prepared, expected, atol=0.006)


def test_noise_is_reduced():
    clean = samples.squatting(120)
    prepared = prepare(PoseSequence(noisy(clean, metres=0.02), 30.0)).sequence
    jerk = np.abs(np.diff(prepared.positions, 3, axis=0)).mean()
    assert jerk < 0.15 * np.abs(np.diff(noisy(clean, metres=0.02), 3, axis=0)).mean()


def test_gaps_are_filled_and_told():
    clean = samples.squatting(120)
    gappy = clean.copy()
    gappy[50:62, KNEE] = np.nan
    gappy[:5, ANKLE] = np.nan
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        prepared, filled, *_ = prepare(PoseSequence(gappy, 30.0))
    assert filled == {"left_knee": pytest.approx(12 / 120), "left_ankle": pytest.approx(5 / 120)}
    reference = prepare(PoseSequence(clean, 30.0)).sequence.positions
    assert np.isfinite(prepared.positions).all()
    np.testing.assert_allclose(prepared.positions, reference, atol=0.08)


def test_a_joint_that_jumps_away_for_a_moment_is_brought_back():
    clean = samples.squatting(120)
    jumping = clean.copy()
    jumping[40:43, KNEE] += [0.6, 0.0, 0.3]
    prepared, filled, *_ = prepare(PoseSequence(jumping, 30.0))
    assert filled["left_knee"] >= 3 / 120
    reference = prepare(PoseSequence(clean, 30.0)).sequence.positions
    np.testing.assert_allclose(prepared.positions, reference, atol=0.04)


@pytest.mark.parametrize("hole", [slice(30, 110), slice(0, 65)])
def test_too_long_a_gap_is_refused_by_name(hole):
    positions = samples.squatting(120)
    positions[hole, KNEE] = np.nan
    with pytest.raises(PoseFormatError) as caught:
        prepare(PoseSequence(positions, 30.0))
    assert caught.value.code == "missing_values"
    assert "left knee" in caught.value.message


def test_the_path_of_the_pelvis_is_restored_from_the_feet_that_stand():
    """What a squat lowers is the pelvis, though a pelvis-centred sensor says that the feet rose."""
    true = samples.squatting(90)
    centred = true - true[:, [PELVIS]]
    restored = prepare(PoseSequence(centred, 30.0, travels=False)).sequence
    expected = prepare(PoseSequence(true, 30.0)).sequence
    np.testing.assert_allclose(restored.positions, expected.positions, atol=0.01)
    assert restored.travels


def test_a_stepping_foot_does_not_drag_the_standing_one():
    """A step forward: the right foot travels 0.7 m, the left stays, the pelvis goes half of the way."""
    true = samples.squatting(90, depth_degrees=0.0)
    progress = 0.5 - 0.5 * np.cos(np.pi * np.clip((np.arange(90) - 30) / 30, 0, 1))
    lift = 0.15 * np.sin(np.pi * np.clip((np.arange(90) - 30) / 30, 0, 1))
    for i, joint in enumerate(EC3D_19.joints):
        if joint in ("right_ankle", "right_heel", "right_big_toe"):
            true[:, i] += np.stack([0 * progress, 0.7 * progress, lift], axis=1)
        elif joint not in ("left_ankle", "left_heel", "left_big_toe"):
            true[:, i, 1] += 0.35 * progress
    centred = true - true[:, [PELVIS]]
    restored = prepare(PoseSequence(centred, 30.0, travels=False)).sequence
    assert np.ptp(restored.joint("left_heel")[:, 1]) < 0.12
    assert restored.joint("mid_hip")[-1, 1] == pytest.approx(0.35, abs=0.1)


def test_a_low_frame_rate_is_not_filtered_away():
    slow = PoseSequence(samples.squatting(30), 10.0)
    assert np.ptp(prepare(slow).sequence.joint("mid_hip")[:, 2]) == pytest.approx(
        np.ptp(slow.joint("mid_hip")[:, 2]), rel=0.05
    )
