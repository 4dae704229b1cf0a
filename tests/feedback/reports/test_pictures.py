"""Bodies as strokes: seen from the right side, wherever the person stands."""

import numpy as np
import pytest

from feedback.reports.pictures import picture
from ml.skeletons import EC3D_19
from tests.motions import squats


@pytest.fixture
def bodies():
    motion = squats(1).positions
    return motion[45], squats(1, depth=0.5).positions[45]


def joint(drawing, which, name):
    order = [one for one in EC3D_19.joints if one != "nose"]
    return drawing[which]["joints"][order.index(name)]


def test_from_the_front_the_right_side_is_on_the_left(bodies):
    drawing = picture(*bodies, "front", None)
    assert joint(drawing, "performed", "right_hip")[0] < joint(drawing, "performed", "left_hip")[0]
    assert drawing["performed"]["mark"] is None


def test_from_the_side_the_person_looks_to_the_right_and_the_left_side_is_far(bodies):
    drawing = picture(*bodies, "side", "left_knee_flexion")
    toe, heel = (joint(drawing, "performed", f"right_{part}") for part in ("big_toe", "heel"))
    assert toe[0] > heel[0]
    assert sum(bone[4] for bone in drawing["performed"]["bones"]) == 8
    assert drawing["performed"]["mark"] == joint(drawing, "performed", "left_knee")


def test_both_share_a_scale_and_the_lower_one_is_drawn_lower(bodies):
    drawing = picture(*bodies, "side", "trunk_lean")
    assert joint(drawing, "corrected", "neck")[1] > joint(drawing, "performed", "neck")[1] + 100
    everything = drawing["performed"]["joints"] + drawing["corrected"]["joints"]
    assert all(0 <= x <= drawing["width"] and 0 <= y <= drawing["height"] for x, y in everything)


@pytest.mark.parametrize("camera", ["front", "side"])
def test_it_does_not_depend_on_where_the_person_stands(bodies, camera):
    turn = np.array([[0.0, 1.0, 0.0], [-1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
    moved = [body @ turn.T + (3.0, -2.0, 0.0) for body in bodies]
    assert picture(*moved, camera, None) == picture(*bodies, camera, None)
