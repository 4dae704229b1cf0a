"""Every real recording is read as its README says, with left on the left, or refused for the right reason."""

import io
import runpy
from typing import NamedTuple

import numpy as np
import pytest

from ml.poses.errors import PoseFormatError
from ml.poses.formats import read, trc
from ml.poses.formats.source import Source
from ml.poses.markers import sequence_from_points
from ml.preprocess import prepare
from ml.skeletons import EC3D_19


class Read(NamedTuple):
    format: str
    frames: int
    frame_rate: float
    estimated: int


class Refused(NamedTuple):
    code: str
    words: str


EXPECTED: dict[str, Read | Refused] = {
    "formats/openpose_json/kembr_arms_body25_openpose.zip": Refused("not_3d", "(BODY_25)"),
    "formats/openpose_json/pose2sim_balancing_cam03_halpe26.zip": Refused("not_3d", "(HALPE_26)"),
    "formats/openpose_json/pose2sim_balancing_cam03_json.zip": Refused("not_3d", "(BODY_25B)"),
    "formats/openpose_json/pose2sim_two_people_cam01.zip": Refused("not_3d", "4 people"),
    "formats/trc/opencap_walk.trc": Read("trc", 222, 60.0, 1),
    "formats/trc/pose2sim_BalancingTrial_0-100.trc": Read("trc", 100, 60.0, 1),
    "formats/trc/pose2sim_BalancingTrial_0-100_filt_LSTM.trc": Read("trc", 100, 60.0, 1),
    "formats/trc/pyomeca_markers_csvlike.trc": Refused("truncated", "652 frames, but 93"),
    "formats/trc/uiprmd_m01_s01_e03_correct.trc": Read("trc", 227, 100.0, 3),
    "formats/trc/uiprmd_m01_s01_e03_incorrect.trc": Read("trc", 218, 100.0, 3),
    "formats/c3d/kineticstoolkit_OptiTrack_walking.c3d": Refused("missing_joints", "left knee"),
    "formats/c3d/py-c3d_my-motion.c3d": Refused("missing_joints", "left shoulder"),
    "formats/c3d/uiprmd_m01_s01_e03_correct.c3d": Read("c3d", 227, 100.0, 3),
    "formats/c3d/uiprmd_m01_s01_e03_incorrect.c3d": Read("c3d", 218, 100.0, 3),
    "formats/bvh/20tab_test_freebvh.bvh": Read("bvh", 69, 30.0, 5),
    "formats/bvh/20tab_test_mocapbank.bvh": Read("bvh", 455, 30.0, 5),
    "formats/mot/opencap_squats1_videoAndMocap.mot": Refused("missing_joints", "TRC"),
    "formats/mediapipe/exercise-correction_squat_test.csv": Refused("not_3d", "world"),
    "formats/mediapipe/raight_squat_test_joints.json": Read("mediapipe", 78, 30.0, 3),
    "formats/h36m_coco/mmpose_panoptic_body3DScene_00000139.json": Refused("too_few_frames", "3 people"),
    "formats/h36m_coco/mmpose_test_coco.json": Refused("not_3d", "pixels"),
    "formats/h36m_coco/mmpose_test_h36m_body3d.npz": Refused("too_few_frames", "4 frames"),
    "formats/README.md": Refused("unknown_format", "no pose format"),
    "irds/README.md": Refused("unknown_format", "no pose format"),
    "irds/index.csv": Refused("unknown_format", "no pose format"),
    "irds/irds_215_217.npz": Refused("several_people", "many recordings"),
    "keraal/README.md": Refused("unknown_format", "no pose format"),
    "keraal/G3-AP-CTK-P1T1-Unknown-C-0.json": Refused("not_3d", "2D keypoints"),
    "keraal/G3-BP-CTK-P1T1-Unknown-C-0.json": Refused("not_3d", "image landmarks"),
    "keraal/G3-OP-CTK-P1T1-Unknown-C-0.json": Refused("not_3d", "2D keypoints"),
    "keraal/G3-Vicon-CTK-P1T1-Unknown-C-0.txt": Refused("missing_joints", "119 numbers"),
    "keraal/G3-Vicon-CTK-P1T1-Unknown-E1B1-0.txt": Refused("missing_joints", "119 numbers"),
    "keraal/G3-Vicon-CTK-P1T2-Unknown-E2B1-0.txt": Refused("missing_joints", "119 numbers"),
    "keraal/G3-Vicon-CTK-P1T3-Unknown-E3B1-0.txt": Refused("missing_joints", "119 numbers"),
    "rmd/repetitions.csv": Refused("unknown_format", "no pose format"),
    "rmd/rmd.npz": Refused("several_people", "many recordings"),
    "rmd/vid_012_joints.csv": Read("mediapipe", 274, 30.0, 3),
    "rmd/vid_033_joints.csv": Read("mediapipe", 337, 30.0, 3),
    "ui_prmd/index.csv": Refused("unknown_format", "no pose format"),
    "ui_prmd/load_ui_prmd.py": Refused("unknown_format", "no pose format"),
    **{f"ui_prmd/kinect_m{i:02d}.npy.xz": Refused("unknown_format", "compressed") for i in range(1, 8)},
    **{f"ui_prmd/vicon_m{i:02d}.npy.xz": Refused("unknown_format", "compressed") for i in (1, 3)},
    "irds/215_18_0_1_1_stand.csv": Read("kinect_v2", 31, 30.0, 3),
    "irds/215_18_0_1_1_stand.txt": Read("kinect_v2", 31, 30.0, 3),
    "irds/215_18_1_1_2_stand.txt": Read("kinect_v2", 43, 30.0, 3),
    "irds/217_18_0_1_1_wheelchair.txt": Read("kinect_v2", 60, 30.0, 3),
    "keraal/G3-Kinect-CTK-P1T1-Unknown-C-0.txt": Read("kinect_v2", 197, 30.0, 3),
}
SEATED = {"irds/217_18_0_1_1_wheelchair.txt"}

READ = [file for file, outcome in EXPECTED.items() if isinstance(outcome, Read)]
REFUSED = [file for file, outcome in EXPECTED.items() if isinstance(outcome, Refused)]


def test_every_file_has_its_expected_outcome(shared):
    folders = ("formats", "irds", "keraal", "rmd", "ui_prmd")
    files = {
        path.relative_to(shared / "data").as_posix()
        for folder in folders
        for path in (shared / "data" / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert files == set(EXPECTED)


@pytest.mark.parametrize("file", REFUSED)
def test_what_is_no_recording_is_refused_for_the_right_reason(shared, file):
    with pytest.raises(PoseFormatError) as caught:
        read(shared / "data" / file)
    expected = EXPECTED[file]
    assert caught.value.code == expected.code, caught.value.message
    assert expected.words in caught.value.message


@pytest.mark.parametrize("file", READ)
def test_what_is_a_recording_is_read_as_a_person(shared, file):
    """Anatomy is the judge: stature, left on the left, toes ahead of the heels, feet on the ground."""
    sequence = read(shared / "data" / file)
    expected = EXPECTED[file]
    assert (sequence.format, len(sequence)) == expected[:2]
    assert sequence.frame_rate == pytest.approx(expected.frame_rate, abs=0.01)
    assert len(sequence.estimated) == expected.estimated
    prepared = prepare(sequence).sequence
    at = {joint: np.median(prepared.joint(joint), axis=0) for joint in EC3D_19.joints}
    # The feet say where forward is, apart from hips and shoulders, which say where left and right are.
    forward = sum(
        prepared.joint(f"{side}_big_toe") - prepared.joint(f"{side}_ankle") for side in ("left", "right")
    )
    rightward = np.cross(forward, [0.0, 0.0, 1.0])
    rightward /= np.linalg.norm(rightward, axis=1, keepdims=True)
    for part in ("hip", "shoulder"):
        across = prepared.joint(f"right_{part}") - prepared.joint(f"left_{part}")
        assert 0.1 < np.median((across * rightward).sum(axis=1)) < 0.5, part
    for side in ("left", "right"):
        assert at[f"{side}_heel"][2] < 0.2
        for upper, lower in (("hip", "knee"), ("knee", "ankle")):
            bone = np.linalg.norm(
                prepared.joint(f"{side}_{upper}") - prepared.joint(f"{side}_{lower}"), axis=1
            )
            assert 0.28 < np.median(bone) < 0.55
        if file not in SEATED:
            assert at["neck"][2] > at[f"{side}_hip"][2] > at[f"{side}_knee"][2] > at[f"{side}_ankle"][2]
    assert 1.0 < at["neck"][2] < 1.75 or file in SEATED


@pytest.mark.parametrize("name", ["uiprmd_m01_s01_e03_correct", "uiprmd_m01_s01_e03_incorrect"])
def test_the_same_recording_is_the_same_from_trc_and_c3d(shared, name):
    trc, c3d = (read(shared / "data" / "formats" / kind / f"{name}.{kind}") for kind in ("trc", "c3d"))
    np.testing.assert_allclose(trc.positions, c3d.positions, atol=1e-4)


def test_centres_from_the_markers_are_near_those_the_cameras_saw(shared):
    """OpenCap writes joints and markers: the regressions land near what it triangulated."""
    source = Source((shared / "data/formats/trc/opencap_walk.trc").read_bytes())
    points = trc.points_of(source)
    markers = {
        point: path for point, path in points.items() if point.endswith("_study") and "JC" not in point
    }
    seen, estimated = (
        sequence_from_points(p, unit="m", frame_rate=60.0, format="trc") for p in (points, markers)
    )
    for part, limit in (("hip", 0.05), ("knee", 0.05), ("ankle", 0.05), ("shoulder", 0.08), ("wrist", 0.06)):
        for side in ("left", "right"):
            away = np.linalg.norm(seen.joint(f"{side}_{part}") - estimated.joint(f"{side}_{part}"), axis=1)
            assert np.median(away) < limit, (side, part, np.median(away))


@pytest.mark.parametrize("movement", [1, 3])
def test_vicon_rows_of_the_uiprmd_are_people_too(shared, movement):
    load = runpy.run_path(str(shared / "data/ui_prmd/load_ui_prmd.py"))
    for _, (info, xyz) in zip(range(3), load["vicon"](movement), strict=False):
        text = "\n".join(",".join(f"{v:.4f}" for v in frame.ravel()) for frame in xyz)
        sequence = read(io.BytesIO(text.encode()))
        assert (sequence.format, sequence.frame_rate) == ("ui_prmd_vicon", 100.0), info
        person = prepare(sequence).sequence
        assert (
            0.3
            < np.median(np.linalg.norm(person.joint("left_hip") - person.joint("left_knee"), axis=1))
            < 0.5
        )
        assert np.median(person.joint("right_hip")[:, 0] - person.joint("left_hip")[:, 0]) > 0.1
        assert np.median(person.joint("neck")[:, 2]) > 0.9
