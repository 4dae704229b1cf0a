"""How the network sees a repetition, whatever place, heading, size and pace; and how a change comes back."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.catalogue import CODES
from ml.dct import dct_time, inverse_dct_time
from ml.encoding import FOLLOWS, N_FRAMES, decode_change, encode, leg_length, placement
from ml.simulate import Person, simulate_repetition
from ml.skeletons import EC3D_19


def repetition(code="squat.front_bent", seed=0):
    return simulate_repetition(Person.sample(seed), code, np.random.default_rng(seed)).performed


def turned(sequence, degrees, move=(0.0, 0.0, 0.0), size=1.0):
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    turn = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])
    return sequence.with_positions(sequence.positions @ turn.T * size + np.array(move))


@settings(max_examples=25, deadline=None)
@given(
    st.sampled_from(CODES),
    st.floats(-180, 180),
    st.tuples(*[st.floats(-5, 5)] * 3),
    st.floats(0.6, 1.5),
)
def test_place_heading_and_size_do_not_matter(code, degrees, move, size):
    sequence = repetition(code)
    np.testing.assert_allclose(encode([turned(sequence, degrees, move, size)]), encode([sequence]), atol=1e-4)


def test_frame_rate_hardly_matters():
    sequence = repetition()
    halved = sequence.with_positions(sequence.positions[::2], sequence.frame_rate / 2)
    coefficients, other = encode([sequence])[0], encode([halved])[0]
    assert np.abs(coefficients - other).max() < 0.02 * np.abs(coefficients).max()


def test_trunk_lean_is_kept():
    sequence = repetition("squat.front_bent")
    upright = repetition("squat.correct")
    forward = EC3D_19.index("neck") + 19  # the nodes are all x, all y, all z
    assert np.abs(encode([sequence])[0, forward] - encode([upright])[0, forward]).max() > 0.05


@pytest.mark.parametrize("joint", ["nose", "left_big_toe", "right_heel"])
def test_head_and_foot_length_tell_nothing_of_the_sensor(joint):
    sequence = repetition()
    other = sequence.positions.copy()
    i, leader = EC3D_19.index(joint), EC3D_19.index(FOLLOWS[joint])
    if joint == "nose":
        other[:, i] += 0.1
    else:
        opposite = EC3D_19.index(joint.replace("heel", "big_toe") if "heel" in joint else "left_heel")
        other[:, i] += 0.3 * (other[:, i] - other[:, opposite])
    assert leader != i
    np.testing.assert_allclose(encode([sequence.with_positions(other)]), encode([sequence]), atol=1e-6)


@settings(max_examples=20, deadline=None)
@given(st.sampled_from(["neck", "left_wrist", "right_knee", "mid_hip"]), st.floats(-180, 180))
def test_a_change_comes_back_in_metres_and_in_the_world(joint, degrees):
    sequence = turned(repetition(), degrees)
    place = placement(sequence.positions)
    forward = place.axes[1] * 0.1  # ten centimetres
    nodes = np.zeros((3, 19, N_FRAMES))
    nodes[1, EC3D_19.index(joint)] = 0.1 / place.leg_length
    change = decode_change(dct_time(nodes.reshape(57, N_FRAMES), 25), sequence.positions)
    np.testing.assert_allclose(change[:, EC3D_19.index(joint)], np.tile(forward, (len(change), 1)), atol=1e-9)
    moved = np.abs(change).max((0, 2)) > 1e-9
    expected = len(EC3D_19) if joint == "mid_hip" else 1 + list(FOLLOWS.values()).count(joint)
    assert moved.sum() == expected


def test_followers_move_as_their_leader():
    change = decode_change(np.random.default_rng(0).normal(size=(57, 25)), repetition().positions)
    for joint, leader in FOLLOWS.items():
        np.testing.assert_array_equal(change[:, EC3D_19.index(joint)], change[:, EC3D_19.index(leader)])


def test_slow_half_holds_a_repetition_to_millimetres():
    sequence = repetition()
    leg = leg_length(sequence.positions)
    coefficients = encode([sequence])[0]
    back = inverse_dct_time(coefficients, N_FRAMES)[EC3D_19.index("mid_hip") + 38] * leg
    at = np.linspace(0, len(sequence) - 1, N_FRAMES)
    seen = np.interp(at, np.arange(len(sequence)), sequence.joint("mid_hip")[:, 2])
    assert np.abs(back - back.mean() - seen + seen.mean()).max() < 0.005


def test_one_frame_and_a_crouching_dot_do_not_break_it():
    assert np.isfinite(encode([repetition().cut(3, 4)])).all()
    assert np.isfinite(encode([repetition().with_positions(np.zeros((5, 19, 3)))])).all()


def test_missing_values_are_refused():
    sequence = repetition()
    sequence.positions[3, 4, 1] = np.nan
    with pytest.raises(ValueError, match="missing"):
        encode([sequence])
