"""The vertical axis and a mirrored frame are told by the body."""

import itertools

import numpy as np
import pytest

from ml.poses.orientation import stand_up
from ml.simulate import Person, simulate_repetition
from ml.skeletons import EC3D_19
from tests.ml.poses import samples

UP = [f"{sign}{axis}" for axis, sign in itertools.product("xyz", ("", "-"))]


def named(positions: np.ndarray) -> dict[str, np.ndarray]:
    return {joint: positions[:, i] for i, joint in enumerate(EC3D_19.joints)}


def turned_so_that_up_is(positions: np.ndarray, up: str) -> np.ndarray:
    """A rotation of the canonical frame after which the file's axis `up` points up."""
    place, sign = "xyz".index(up[-1]), -1.0 if up.startswith("-") else 1.0
    rows = np.zeros((3, 3))
    rows[place] = [0, 0, sign]
    rows[(place + 1) % 3] = [1, 0, 0]
    rows[(place + 2) % 3] = np.cross(rows[place], rows[(place + 1) % 3])
    assert np.linalg.det(rows) == pytest.approx(1.0)
    return positions @ rows.T


def distances(positions: np.ndarray) -> np.ndarray:
    return np.linalg.norm(positions[:, :, None] - positions[:, None], axis=-1)


@pytest.mark.parametrize("up", UP)
@pytest.mark.parametrize("motion", [samples.squatting(60), samples.planking(60)], ids=["squat", "plank"])
@pytest.mark.parametrize("scale", [1.0, 1000.0])
def test_any_axis_may_be_up(up, motion, scale):
    joints, facts = stand_up(named(turned_so_that_up_is(motion * scale, up)))
    result = np.stack(list(joints.values()), axis=1) / scale
    assert [fact.in_words() for fact in facts] == [f"axes: {up} up, from how the body stands"]
    np.testing.assert_allclose(result[..., 2], motion[..., 2], atol=1e-9)
    np.testing.assert_allclose(distances(result), distances(motion), atol=1e-9)
    # Left is still left: seen from above the turn is a turn, never a mirror.
    a, b = (p[0, EC3D_19.indices("right_hip", "left_knee", "left_wrist")] - p[0, 8] for p in (result, motion))
    assert np.linalg.det(a) == pytest.approx(np.linalg.det(b), abs=1e-9)


@pytest.mark.parametrize("feet", [True, False])
def test_a_mirrored_frame_is_righted(feet):
    motion = samples.squatting(60)
    joints = named(motion * [1.0, -1.0, 1.0])
    if not feet:
        joints = {name: path for name, path in joints.items() if "toe" not in name and "heel" not in name}
    righted, facts = stand_up(joints)
    assert ("sides", "mirrored") in [fact[:2] for fact in facts]
    across = righted["right_hip"][0] - righted["left_hip"][0]
    forward = np.cross([0.0, 0.0, 1.0], across)
    assert (righted["left_knee"][30] - righted["left_ankle"][30]) @ forward > 0


def test_too_little_of_a_body_is_left_as_it_is():
    joints = {"left_hip": np.zeros((20, 3))}
    assert stand_up(joints)[1] == ()
    np.testing.assert_array_equal(stand_up(joints)[0]["left_hip"], joints["left_hip"])
    unseen = {joint: np.full((20, 3), np.nan) for joint in EC3D_19.joints}
    assert stand_up(unseen)[1] == ()


def test_infinities_and_arms_without_length_are_survived():
    joints = named(samples.squatting(60))
    joints["left_knee"][5] = np.inf
    joints["left_wrist"][7] = -1e300
    result, facts = stand_up(joints)
    assert facts[0].value == "z up"
    assert np.isnan(result["left_knee"][5]).all()
    assert np.isnan(result["left_wrist"][7]).all()
    for side in ("left", "right"):
        joints[f"{side}_elbow"] = joints[f"{side}_wrist"] = joints[f"{side}_shoulder"]
        joints[f"{side}_knee"] = joints[f"{side}_ankle"] = joints[f"{side}_hip"]
    assert set(stand_up(joints)[0]) == set(joints)


@pytest.mark.parametrize("up", ["y", "z"])
@pytest.mark.parametrize("heading", [0.0, 90.0, 180.0, 270.0])
def test_arms_held_out_while_standing_are_no_plank(up, heading):
    """Such a body has the shape of a plank turned by a right angle, but no hands on the ground."""
    motion = samples.squatting(60, depth_degrees=5.0)
    for side in ("left", "right"):
        shoulder = motion[:, EC3D_19.index(f"{side}_shoulder")]
        motion[:, EC3D_19.index(f"{side}_elbow")] = shoulder + [0.0, 0.28, 0.0]
        motion[:, EC3D_19.index(f"{side}_wrist")] = shoulder + [0.0, 0.56, 0.0]
    c, s = np.cos(np.radians(heading)), np.sin(np.radians(heading))
    turned = motion @ np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]]).T
    _, facts = stand_up(named(turned_so_that_up_is(turned, up)))
    assert [fact.in_words() for fact in facts] == [f"axes: {up} up, from how the body stands"]


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("code", ["squat.correct", "squat.not_low_enough", "lunge.correct", "plank.correct"])
@pytest.mark.parametrize("moved", [0.0, 1.7], ids=["on the floor", "no floor at nought"])
def test_arms_held_out_or_folded_make_no_plank(code, seed, moved):
    """Simulated people hold their arms in all ways; with legs straight that is a plank's shape, turned."""
    motion = simulate_repetition(Person.sample(seed), code, np.random.default_rng(seed)).correct.positions
    _, facts = stand_up(named(motion + moved))
    assert [fact.in_words() for fact in facts] == ["axes: z up, from how the body stands"]
