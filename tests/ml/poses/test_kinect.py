"""Kinect v2: three layouts, one person; camera space becomes right, forward, up."""

import io

import numpy as np
import pytest

from ml.poses.errors import PoseFormatError
from ml.poses.formats import read
from ml.skeletons import EC3D_19
from tests.ml.poses import samples

LAYOUTS = {"raw": samples.kinect_raw, "csv": samples.kinect_csv, "rows": samples.kinect_rows}


def refused(data: bytes) -> PoseFormatError:
    with pytest.raises(PoseFormatError) as caught:
        read(io.BytesIO(data))
    return caught.value


@pytest.mark.parametrize("layout", LAYOUTS)
def test_camera_space_becomes_right_forward_up(layout):
    sequence = read(io.BytesIO(LAYOUTS[layout]()))
    assert (sequence.format, sequence.frame_rate, len(sequence)) == ("kinect_v2", 30.0, 90)
    assert sequence.estimated == {"nose", "left_heel", "right_heel"}
    assert "frame rate: 30 Hz, as the sensor's" in sequence.inferred
    measured = EC3D_19.indices("left_wrist", "right_knee", "left_big_toe", "neck")
    truth = samples.squatting() + [0.0, -2.5, -1.0]
    np.testing.assert_allclose(sequence.positions[:, measured], truth[:, measured], atol=1e-5)


def test_a_joint_that_is_not_tracked_is_missing():
    data = samples.kinect_raw().replace(b"(KneeLeft,Tracked", b"(KneeLeft,NotTracked", 5)
    assert np.isnan(read(io.BytesIO(data)).joint("left_knee")).any(axis=1).sum() == 5
    zeros = samples.kinect_rows().split(b"\n")
    cells = zeros[3].split(b" ")
    cells[13 * 7 : 13 * 7 + 3] = [b"0.0"] * 3
    zeros[3] = b" ".join(cells)
    assert np.isnan(read(io.BytesIO(b"\n".join(zeros))).joint("left_knee")).any(axis=1).tolist() == [
        f == 3 for f in range(90)
    ]


def test_a_second_body_in_a_frame_is_refused():
    lines = samples.kinect_raw().decode().splitlines()
    lines[5] += ",(KneeLeft,Tracked,0.1,0.2,2.0,1,1)"
    assert refused("\n".join(lines).encode()).code == "several_people"


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_cut_line_is_refused(layout):
    data = LAYOUTS[layout]()
    assert refused(data[:-8] if layout != "csv" else data[: data.rindex(b",")]).code == "truncated"
