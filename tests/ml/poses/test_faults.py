"""Gaps, jumps and exchanged sides are located, repaired, and refused when they are too much."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.poses.errors import PoseFormatError
from ml.poses.faults import Fault, repair
from ml.poses.sequence import PoseSequence
from ml.skeletons import EC3D_19
from tests.ml.poses import samples

KNEE, OTHER_KNEE = EC3D_19.indices("left_knee", "right_knee")


def sequence(positions: np.ndarray, rate: float = 30.0) -> PoseSequence:
    return PoseSequence(positions, rate)


def test_nothing_is_wrong_with_a_clean_recording():
    repaired = repair(sequence(samples.squatting()))
    np.testing.assert_array_equal(repaired.sequence.positions, samples.squatting())
    assert (repaired.faults, repaired.filled) == ((), {})


def test_a_gap_is_located_and_filled():
    positions = samples.squatting()
    positions[20:24, KNEE] = np.nan
    repaired = repair(sequence(positions))
    assert repaired.faults == (Fault("left_knee", "gap", 20, 24),)
    assert repaired.filled == {"left_knee": pytest.approx(4 / 90)}
    np.testing.assert_allclose(repaired.sequence.positions, samples.squatting(), atol=0.02)


@pytest.mark.parametrize("at", [0, 40, -1])
@pytest.mark.parametrize("rate", [30.0, 100.0])
def test_a_jump_is_located_and_taken_out(at, rate):
    n_frames = round(3 * rate)
    positions = samples.squatting(n_frames)
    positions[at, KNEE] += [0.3, 0.0, 0.2]
    repaired = repair(sequence(positions, rate))
    start = at % n_frames
    assert repaired.faults == (Fault("left_knee", "jump", start, start + 1),)
    np.testing.assert_allclose(repaired.sequence.positions, samples.squatting(n_frames), atol=0.05)


@pytest.mark.parametrize("frames", [slice(0, 7), slice(30, 31), slice(40, 80), slice(85, 90)])
def test_exchanged_sides_get_their_joints_back(frames):
    positions = samples.squatting()
    positions[frames, [KNEE, OTHER_KNEE]] = positions[frames, [OTHER_KNEE, KNEE]]
    repaired = repair(sequence(positions))
    np.testing.assert_array_equal(repaired.sequence.positions, samples.squatting())
    start, end, _ = frames.indices(90)
    assert set(repaired.faults) == {Fault(f"{side}_knee", "swap", start, end) for side in ("left", "right")}
    assert repaired.filled == {}


def test_sides_exchanged_in_a_gap_are_found():
    positions = samples.squatting()
    positions[40:, [KNEE, OTHER_KNEE]] = positions[40:, [OTHER_KNEE, KNEE]]
    positions[60:, [KNEE, OTHER_KNEE]] = positions[60:, [OTHER_KNEE, KNEE]]
    positions[38:41, KNEE] = np.nan
    repaired = repair(sequence(positions))
    np.testing.assert_allclose(repaired.sequence.positions, samples.squatting(), atol=0.05)


def test_feet_that_cross_are_not_exchanged():
    """Steps of a walk bring the left ankle where the right one was, but over several frames."""
    positions = samples.squatting(depth_degrees=0.0)
    swing = 0.35 * np.sin(np.linspace(0, 6 * np.pi, 90))
    for side, sign in (("left", 1.0), ("right", -1.0)):
        positions[:, EC3D_19.index(f"{side}_ankle"), 1] += sign * swing
        positions[:, EC3D_19.index(f"{side}_ankle"), 0] *= 0.3
    assert repair(sequence(positions)).faults == ()


def test_who_walks_through_the_room_does_not_jump_at_the_ends():
    positions = samples.squatting(depth_degrees=0.0)
    positions += np.linspace(0, 4.5, 90)[:, None, None] * [0.0, 1.0, 0.0]
    assert repair(sequence(positions)).faults == ()


def test_too_much_is_refused_by_name():
    positions = samples.squatting()
    positions[10:75, KNEE] = np.nan
    with pytest.raises(PoseFormatError) as caught:
        repair(sequence(positions))
    assert caught.value.code == "missing_values"
    assert "left knee" in caught.value.message


@settings(max_examples=60, deadline=None)
@given(st.integers(15, 60), st.integers(0, 18), st.integers(0, 59), st.integers(1, 5), st.floats(8.0, 200.0))
def test_what_was_seen_and_did_not_jump_stays_as_it_was(n_frames, joint, start, length, rate):
    positions = samples.squatting(n_frames, depth_degrees=40.0)
    truth = positions.copy()
    positions[start : start + length, joint] = np.nan
    repaired = repair(sequence(positions, rate))
    assert np.isfinite(repaired.sequence.positions).all()
    same = np.ones((n_frames, 19), dtype=bool)
    for fault in repaired.faults:
        same[fault.start_frame : fault.end_frame, EC3D_19.index(fault.joint)] = False
    np.testing.assert_array_equal(repaired.sequence.positions[same], truth[same])
    lost = min(start + length, n_frames) - min(start, n_frames)
    assert sum(f.end_frame - f.start_frame for f in repaired.faults if f.kind == "gap") == lost
