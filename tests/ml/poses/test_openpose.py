"""OpenPose: 3D keypoints are read, its joint lists told apart, pixels refused with what to bring instead."""

import io
import json
import zipfile

import numpy as np
import pytest

from ml.poses.errors import PoseFormatError
from ml.poses.formats import read
from ml.skeletons import BODY_25, BODY_25B, COCO_17, EC3D_19, HALPE_26
from tests.ml.poses import samples

LISTS = {
    "BODY_25": (BODY_25, 25),
    "BODY_25B": (BODY_25B, 25),
    "HALPE_26": (HALPE_26, 26),
    "COCO_17": (COCO_17, 17),
}


def refused(data: bytes) -> PoseFormatError:
    with pytest.raises(PoseFormatError) as caught:
        read(io.BytesIO(data))
    return caught.value


def archive(*contents: object, names: list[str] | None = None) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as target:
        for i, content in enumerate(contents):
            target.writestr(names[i] if names else f"f_{i}.json", json.dumps(content))
    return file.getvalue()


@pytest.mark.parametrize("skeleton", LISTS)
def test_3d_keypoints_are_read_whatever_the_list(skeleton):
    places, n_joints = LISTS[skeleton]
    sequence = read(io.BytesIO(samples.openpose_zip(places=places, n_joints=n_joints)))
    assert f"skeleton: {skeleton}, from the number and places of the joints" in sequence.inferred
    assert "unit: mm, from the size of the person" in sequence.inferred
    assert "axes: -y up, from how the body stands" in sequence.inferred
    measured = EC3D_19.indices(*set(places) & set(EC3D_19.joints))
    truth = samples.squatting()
    for a, b in (("left_knee", "right_ankle"), ("left_wrist", "right_hip")):
        expected = np.linalg.norm(truth[:, EC3D_19.index(a)] - truth[:, EC3D_19.index(b)], axis=1)
        np.testing.assert_allclose(
            np.linalg.norm(sequence.joint(a) - sequence.joint(b), axis=1), expected, atol=1e-3
        )
    heights = sequence.positions[:, measured, 2] - truth[:, measured, 2]
    np.testing.assert_allclose(heights, heights[0, 0], atol=1e-3)


@pytest.mark.parametrize("skeleton", LISTS)
def test_pixels_are_refused_by_name_and_way_out(skeleton):
    places, n_joints = LISTS[skeleton]
    error = refused(samples.openpose_zip(places=places, n_joints=n_joints, flat=True))
    assert error.code == "not_3d"
    assert f"({skeleton})" in error.message
    assert "Pose2Sim" in error.message
    assert "world" in error.message


def test_of_two_who_do_the_same_a_person_is_asked():
    sequence = read(io.BytesIO(samples.openpose_zip(people=2)))
    assert [fact.value for fact in sequence.asked if fact.known == "usual"] == ["30 Hz", "1 of 2"]
    assert refused(samples.openpose_zip(people=9)).code == "several_people"
    error = refused(samples.openpose_zip(people=3, flat=True))
    assert error.code == "not_3d"
    assert "3 people" in error.message


def test_an_empty_person_is_nobody():
    empty = {"version": 1.3, "people": [{"pose_keypoints_2d": [], "pose_keypoints_3d": []}]}
    assert refused(archive(*[empty] * 20)).code == "no_person"
    nobody = {"version": 1.3, "people": []}
    assert refused(archive(*[nobody] * 20)).code == "no_person"


def test_frames_come_in_the_order_of_their_numbers():
    with zipfile.ZipFile(io.BytesIO(samples.openpose_zip())) as source:
        contents = [json.loads(source.read(name)) for name in sorted(source.namelist())]
    names = [f"cam.{i}_keypoints.json" for i in range(90)]
    shuffled = np.random.default_rng(1).permutation(90)
    data = archive(*(contents[i] for i in shuffled), names=[names[i] for i in shuffled])
    np.testing.assert_allclose(
        read(io.BytesIO(data)).positions, read(io.BytesIO(samples.openpose_zip())).positions
    )


def test_one_frame_alone_is_too_few():
    error = refused(json.dumps({"version": 1.3, "people": []}).encode())
    assert error.code == "too_few_frames"
    assert "ZIP" in error.message


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (archive({"a": 1}), "unknown_format"),
        (archive([1, 2]), "unknown_format"),
        (archive({"people": [{"pose_keypoints_3d": [1, 2, 3]}]}), "truncated"),
        (archive({"people": [{"pose_keypoints_2d": ["a", 2, 3]}]}), "truncated"),
        (archive({"people": [{"pose_keypoints_2d": [1, 2, 1] * 70}]}), "missing_joints"),
    ],
)
def test_broken_archives_are_refused(data, code):
    assert refused(data).code == code


def test_an_archive_of_too_much_is_refused_before_it_is_opened():
    assert refused(b"PK\x03\x04" + b"PK\x01\x02" * 61_100).code == "too_many_frames"
    assert refused(archive({"people": [], "more": "x" * 2**21})).code == "unknown_format"


def test_names_that_lead_elsewhere_are_only_names(tmp_path):
    contents = [{"version": 1.3, "people": []}] * 20
    before = set(tmp_path.parent.iterdir())
    names = [f"../../{tmp_path.name}_{i}.json" for i in range(19)] + [f"{tmp_path}/written.json"]
    assert refused(archive(*contents, names=names)).code == "no_person"
    assert set(tmp_path.parent.iterdir()) == before
    assert not (tmp_path / "written.json").exists()
