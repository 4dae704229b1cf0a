"""Measures of a repetition: right on motions whose numbers are known, and told in the docs."""

from pathlib import Path

import numpy as np
import pytest

from ml.measures import MEASURES, measure
from ml.skeletons import EC3D_19
from tests.ml.poses import samples

DOCS = Path(__file__).resolve().parents[2] / "docs" / "reading-results.md"


def test_a_squat_of_a_known_depth_and_tempo():
    found = measure(samples.squatting(91, depth_degrees=100.0), 30.0, "squat")
    assert set(found) == {"knee_bend", "knee_range", "asymmetry", "seconds_down", "seconds_up"}
    assert found["knee_bend"] == pytest.approx(100.0, abs=0.5)
    standing = 5.55  # the sample's knees stand a little beside the line from hip to ankle
    assert found["knee_range"] == pytest.approx(100.0 - standing, abs=0.5)
    assert found["asymmetry"] == pytest.approx(0.0, abs=0.1)
    assert found["seconds_down"] + found["seconds_up"] == pytest.approx(3.0, abs=0.02)


def test_the_side_that_bends_more_gives_the_sign():
    squat = samples.squatting(91, depth_degrees=80.0)
    squat[:, EC3D_19.index("left_knee"), 1] += 0.1
    more_left = measure(squat, 30.0, "squat")
    mirrored = squat[:, list(EC3D_19.mirrored)] * np.array([-1.0, 1.0, 1.0])
    assert more_left["asymmetry"] > 3
    assert measure(mirrored, 30.0, "squat")["asymmetry"] == pytest.approx(-more_left["asymmetry"], abs=0.01)


def test_a_plank_is_measured_by_its_hips_and_its_length():
    plank = samples.planking(60)
    plank[:, EC3D_19.indices("mid_hip", "left_hip", "right_hip"), 2] -= 0.15
    found = measure(plank, 30.0, "plank")
    assert found["seconds_held"] == 2.0
    assert found["hips_off_line"] < -20
    assert set(found) == {"seconds_held", "hips_off_line"}


def test_what_is_not_known_is_left_out():
    squat = samples.squatting(30, depth_degrees=80.0)
    squat[:, EC3D_19.index("left_knee")] = np.nan
    assert measure(squat, 30.0, "squat") == {}


def test_it_does_not_depend_on_where_the_person_stands():
    squat = samples.squatting(60, depth_degrees=70.0)
    turned = squat[..., [1, 0, 2]] * np.array([1.0, -1.0, 1.0]) + np.array([2.0, -1.0, 0.0])
    assert measure(turned, 30.0, "squat") == pytest.approx(measure(squat, 30.0, "squat"), abs=0.02)


def test_every_measure_is_told_in_the_docs():
    text = DOCS.read_text()
    for one in MEASURES:
        assert f"| `{one.name}` | {one.unit} | {one.definition} | {', '.join(one.exercises)} |" in text, (
            one.name
        )
