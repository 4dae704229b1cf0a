"""Files of known kinds that are no recording are refused with what to bring instead."""

import gzip
import io
import json
import lzma

import numpy as np
import pytest

from ml.poses.errors import PoseFormatError
from ml.poses.formats import read


def npy(array: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def npz(**arrays: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


MOT = b"Coordinates\nversion=1\nnRows=2\nnColumns=2\ninDegrees=yes\n\nendheader\ntime\tknee_angle_r\n0\t1\n"
KNOWN = {
    "OpenSim angles": (MOT, "missing_joints", "TRC"),
    "video": (b"\0\0\0\x20ftypisom" + bytes(50), "unknown_format", "video"),
    "xz": (lzma.compress(b"1,2,3"), "unknown_format", "Unpack"),
    "gzip": (gzip.compress(b"1,2,3"), "unknown_format", "Unpack"),
    "array alone": (npy(np.zeros((50, 17, 3))), "no_frame_rate", "NPZ"),
    "Panoptic": (json.dumps({"bodies": [{"id": 0}, {"id": 1}]}).encode(), "too_few_frames", "2 people"),
    "COCO": (json.dumps({"annotations": [{"keypoints": [1, 2, 2]}]}).encode(), "not_3d", "pixels"),
    "AlphaPose": (json.dumps([{"image_id": "1.jpg", "keypoints": [1, 2, 0.5]}]).encode(), "not_3d", "pixels"),
    "Keraal in the plane": (b'{"positions": {"0": {"0": [0.4, 0.5]}}}', "not_3d", "2D keypoints"),
    "Keraal BlazePose": (b'{"positions": {"0": {"Nose": [0.4, 0.5, 0.1]}}}', "not_3d", "image landmarks"),
    "nameless rows": (b"1.0 2.0 3.0 4.0 5.0 6.0\n" * 20, "missing_joints", "6 numbers"),
    "pictures": (npz(imgname=np.array(["a", "b"]), S=np.zeros((2, 24, 3))), "too_few_frames", "2 pictures"),
    "data set": (npz(data=np.zeros((2, 3)), offsets=np.zeros(2)), "several_people", "many recordings"),
    "other arrays": (npz(xyz=np.zeros((20, 5, 3))), "unknown_format", "'positions'"),
}


@pytest.mark.parametrize("kind", KNOWN)
def test_a_known_kind_is_refused_with_what_to_bring(kind):
    data, code, words = KNOWN[kind]
    with pytest.raises(PoseFormatError) as caught:
        read(io.BytesIO(data))
    assert caught.value.code == code
    assert words in caught.value.message


@pytest.mark.parametrize(
    "content", [{"positions": {}}, {"positions": {"0": 1}}, [{}], [1], {"annotations": []}]
)
def test_json_that_only_looks_like_it_is_of_no_known_kind(content):
    with pytest.raises(PoseFormatError) as caught:
        read(io.BytesIO(json.dumps(content).encode()))
    assert caught.value.code == "unknown_format"
