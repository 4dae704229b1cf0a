"""BVH: turns in the order of the channels, names of several makers, units by the person's size."""

import io

import numpy as np
import pytest

from ml.poses.errors import PoseFormatError
from ml.poses.formats import bvh, read
from ml.skeletons import EC3D_19
from tests.ml.poses import samples

ONE_BONE = """HIERARCHY
ROOT Hips
{{
  OFFSET 1 2 3
  CHANNELS 6 Xposition Yposition Zposition {first}rotation {second}rotation {third}rotation
  JOINT Arm
  {{
    OFFSET 0 10 0
    CHANNELS 3 Zrotation Xrotation Yrotation
    End Site
    {{
      OFFSET 5 0 0
    }}
  }}
}}
"""


def refused(data: bytes) -> PoseFormatError:
    with pytest.raises(PoseFormatError) as caught:
        read(io.BytesIO(data))
    return caught.value


def turn(axis: str, degrees: float) -> np.ndarray:
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return {
        "X": np.array([[1, 0, 0], [0, c, -s], [0, s, c]]),
        "Y": np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]]),
        "Z": np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]]),
    }[axis]


@pytest.mark.parametrize("order", ["ZXY", "ZYX", "XYZ"])
def test_turns_are_applied_in_the_order_of_the_channels(order):
    nodes = bvh._nodes(ONE_BONE.format(first=order[0], second=order[1], third=order[2]).splitlines())
    values = np.array([[7.0, 8.0, 9.0, 30.0, -40.0, 50.0, 20.0, 60.0, -10.0]] * 2)
    root, arm, end = bvh._paths(nodes, values, [0, 1, 2])
    first = turn(order[0], 30.0) @ turn(order[1], -40.0) @ turn(order[2], 50.0)
    second = first @ turn("Z", 20.0) @ turn("X", 60.0) @ turn("Y", -10.0)
    np.testing.assert_allclose(root[0], [7, 8, 9])
    np.testing.assert_allclose(arm[0], root[0] + first @ [0, 10, 0])
    np.testing.assert_allclose(end[1], arm[1] + second @ [5, 0, 0])


@pytest.mark.parametrize(
    ("metre", "unit"),
    [(1.0, "m"), (100.0, "cm"), (1000.0, "mm"), (1 / 0.0254, "inch"), (0.45 / 0.0254, "0.45 inch")],
)
def test_the_unit_is_told_by_the_size_of_the_person(metre, unit):
    sequence = read(io.BytesIO(samples.bvh(metre=metre)))
    assert f"unit: {unit}, from the size of the person" in sequence.inferred
    assert "axes: y up, from how the body stands" in sequence.inferred
    measured = EC3D_19.indices("left_knee", "right_wrist", "left_big_toe", "right_shoulder")
    np.testing.assert_allclose(sequence.positions[:, measured], samples.squatting()[:, measured], atol=1e-3)
    assert sequence.estimated == {"nose", "neck", "mid_hip", "left_heel", "right_heel"}


@pytest.mark.parametrize(
    "named",
    [
        {part: part.title().replace("_", "") for part in samples._MIXAMO},
        {
            part: part[0] + bone if part.startswith(("left", "right")) else part + "s"
            for part in samples._MIXAMO
            for bone in [
                {
                    "shoulder": "humerus",
                    "elbow": "radius",
                    "hip": "femur",
                    "knee": "tibia",
                    "ankle": "foot",
                    "big_toe": "toes",
                }.get(part.partition("_")[2], part.partition("_")[2])
            ]
        },
        {part: part for part in samples._MIXAMO},
    ],
    ids=["bank", "CMU", "own"],
)
def test_names_of_other_makers_are_known(named):
    named = {joint: name.replace("BigToe", "Toe") for joint, name in named.items()}
    sequence = read(io.BytesIO(samples.bvh(names=named)))
    knee = EC3D_19.index("left_knee")
    np.testing.assert_allclose(sequence.positions[:, knee], samples.squatting()[:, knee], atol=1e-3)


BAD = {
    "promised": (samples.bvh(promised=200), "truncated"),
    "cut in the motion": (samples.bvh()[:-60], "truncated"),
    "cut in the hierarchy": (samples.bvh()[:400], "truncated"),
    "no rate": (samples.bvh().replace(b"Frame Time", b"Time"), "no_frame_rate"),
    "no time between frames": (samples.bvh().replace(b"0.033333", b"0.0", 1), "bad_frame_rate"),
    "two roots": (samples.bvh().replace(b"JOINT mixamorig:LeftUpLeg", b"ROOT other"), "several_people"),
    "a strange line": (samples.bvh().replace(b"OFFSET 0 0 0", b"SCALE 1", 1), "truncated"),
    "a strange channel": (samples.bvh().replace(b"Xposition", b"Xscale", 1), "truncated"),
    "too many channels": (samples.bvh().replace(b"CHANNELS 3", b"CHANNELS 4", 1), "truncated"),
    "no legs": (samples.bvh().replace(b"Leg", b"Wing"), "missing_joints"),
    "a giant": (samples.bvh(metre=7.0), "not_metres"),
}


@pytest.mark.parametrize("fault", BAD)
def test_a_bad_file_is_refused_by_its_fault(fault):
    data, code = BAD[fault]
    assert refused(data).code == code
