"""Archives of 17 unnamed joints: the two orders told apart, the axes found, what is no recording refused."""

import io

import numpy as np
import pytest

from ml.poses.errors import PoseFormatError
from ml.poses.formats import read
from ml.skeletons import COCO_17, EC3D_19, H36M_17
from tests.ml.poses import samples


def refused(data: bytes) -> PoseFormatError:
    with pytest.raises(PoseFormatError) as caught:
        read(io.BytesIO(data))
    return caught.value


@pytest.mark.parametrize(("places", "said"), [(H36M_17, "Human3.6M"), (COCO_17, "COCO")])
def test_the_two_orders_are_told_apart(places, said):
    sequence = read(io.BytesIO(samples.joints_17(places=places)))
    assert f"skeleton: {said}, 17 joints, from where the first joint lies" in sequence.inferred
    truth = samples.squatting()
    for a, b in (("left_wrist", "right_ankle"), ("right_knee", "left_hip")):
        expected = np.linalg.norm(truth[:, EC3D_19.index(a)] - truth[:, EC3D_19.index(b)], axis=1)
        np.testing.assert_allclose(np.linalg.norm(sequence.joint(a) - sequence.joint(b), axis=1), expected)
    assert sequence.travels
    assert sequence.joint("left_shoulder")[0, 2] > sequence.joint("left_knee")[0, 2]


def test_a_recording_that_is_centred_in_every_frame_does_not_travel():
    positions = samples.squatting()
    centred = positions - positions[:, [EC3D_19.index("mid_hip")]]
    assert not read(io.BytesIO(samples.joints_17(centred))).travels


BAD = {
    "no rate": (samples.joints_17(frame_rate=None), "no_frame_rate"),
    "two rates": (samples.joints_17(frame_rate=np.array([30.0, 25.0])), "bad_frame_rate"),
    "four pictures": (samples.joints_17(samples.squatting(4)), "too_few_frames"),
    "a crowd": (samples.joints_17(keypoints_3d=np.zeros((9, 50, 17, 3))), "several_people"),
    "flat": (samples.joints_17(keypoints_3d=np.zeros((50, 17, 2))), "not_3d"),
    "words": (samples.joints_17(keypoints_3d=np.full((50, 17, 3), "a")), "truncated"),
    "nobody": (samples.joints_17(keypoints_3d=np.full((50, 17, 3), np.nan)), "no_person"),
    "a point": (samples.joints_17(keypoints_3d=np.zeros((50, 17, 3))), "not_metres"),
}


@pytest.mark.parametrize("fault", BAD)
def test_a_bad_file_is_refused_by_its_fault(fault):
    data, code = BAD[fault]
    assert refused(data).code == code
