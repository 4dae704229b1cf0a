"""Every real recording is read as its README says, with left on the left, or refused for the right reason."""

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
    "irds/215_18_0_1_1_stand.csv": Read("kinect_v2", 31, 30.0, 3),
    "irds/215_18_0_1_1_stand.txt": Read("kinect_v2", 31, 30.0, 3),
    "irds/215_18_1_1_2_stand.txt": Read("kinect_v2", 43, 30.0, 3),
    "irds/217_18_0_1_1_wheelchair.txt": Read("kinect_v2", 60, 30.0, 3),
    "keraal/G3-Kinect-CTK-P1T1-Unknown-C-0.txt": Read("kinect_v2", 197, 30.0, 3),
}
SEATED = {"irds/217_18_0_1_1_wheelchair.txt"}

READ = [file for file, outcome in EXPECTED.items() if isinstance(outcome, Read)]
REFUSED = [file for file, outcome in EXPECTED.items() if isinstance(outcome, Refused)]


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
    for part in ("hip", "shoulder"):
        assert 0.1 < at[f"right_{part}"][0] - at[f"left_{part}"][0] < 0.5, part
    for side in ("left", "right"):
        assert at[f"{side}_big_toe"][1] - at[f"{side}_heel"][1] > 0.05, side
        assert abs(at[f"{side}_heel"][2]) < 0.2
        thigh = np.linalg.norm(prepared.joint(f"{side}_hip") - prepared.joint(f"{side}_knee"), axis=1)
        shank = np.linalg.norm(prepared.joint(f"{side}_knee") - prepared.joint(f"{side}_ankle"), axis=1)
        assert 0.28 < np.median(thigh) < 0.55
        assert 0.28 < np.median(shank) < 0.55
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
