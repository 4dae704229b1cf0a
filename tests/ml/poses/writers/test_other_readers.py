"""What is written is what programs of others read: places, names, units, rate and axes."""

import csv
import io
import json
import warnings

import bvhio
import c3d
import ezc3d
import numpy as np
import pytest

from ml.poses.sequence import PoseSequence
from ml.poses.writers import WRITERS
from ml.poses.writers.conventions import CONVENTIONS
from ml.simulate import Person, simulate_repetition

OPENSIM = CONVENTIONS["opensim"]


@pytest.fixture(scope="module")
def motion() -> PoseSequence:
    """How a simulated person would look squatting right."""
    drawn = np.random.default_rng(0)
    return simulate_repetition(Person.sample(1), "squat.front_bent", drawn, frame_rate=25.0).correct


@pytest.fixture(scope="module")
def wanted(motion) -> np.ndarray:
    """The places in OpenSim's axes, by hand: x forward, y up, z to the right, millimetres."""
    return motion.positions[..., [1, 2, 0]] * 1000


@pytest.fixture
def file(motion, tmp_path):
    def written(format):
        path = tmp_path / f"motion.{WRITERS[format].extension}"
        path.write_bytes(WRITERS[format].write(motion, OPENSIM))
        return path

    return written


def test_c3d_by_ezc3d(motion, wanted, file):
    read = ezc3d.c3d(str(file("c3d")))
    points = read["parameters"]["POINT"]
    np.testing.assert_allclose(
        np.moveaxis(read["data"]["points"][:3], (0, 1, 2), (2, 1, 0)), wanted, atol=0.01
    )
    assert points["LABELS"]["value"] == list(motion.skeleton.joints)
    assert points["UNITS"]["value"] == ["mm"]
    assert points["RATE"]["value"][0] == 25.0
    assert (points["X_SCREEN"]["value"], points["Y_SCREEN"]["value"]) == (["+Z"], ["+Y"])
    assert read["parameters"]["EXFB"]["AXES"]["value"] == ["forward", "up", "right"]


def test_c3d_by_another_library(motion, wanted, file):
    with file("c3d").open("rb") as opened, warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="No analog data")
        reader = c3d.Reader(opened)
        frames = np.array([points for _, points, _ in reader.read_frames()])
    np.testing.assert_allclose(frames[..., :3], wanted, atol=0.01)
    assert [label.strip() for label in reader.point_labels] == list(motion.skeleton.joints)
    assert (reader.point_rate, reader.get("POINT:UNITS").string_value) == (25.0, "mm")


def test_a_point_that_was_lost_is_lost_to_ezc3d(motion, tmp_path):
    positions = motion.positions.copy()
    positions[2, 4] = np.nan
    path = tmp_path / "lost.c3d"
    path.write_bytes(WRITERS["c3d"].write(motion.with_positions(positions), OPENSIM))
    points = ezc3d.c3d(str(path))["data"]["points"]
    assert np.argwhere(np.isnan(points[0])).tolist() == [[4, 2]]


def test_bvh_by_another_library(motion, wanted, file):
    path = str(file("bvh"))
    root = bvhio.readAsHierarchy(path)
    for frame in range(0, len(motion), 7):
        root.loadPose(frame)
        for i, joint in enumerate(motion.skeleton.joints):
            place = (root if joint == root.Name else root.filter(joint)[0]).PositionWorld
            np.testing.assert_allclose([place.x, place.y, place.z], wanted[frame, i], atol=0.01)
    clip = bvhio.readAsBvh(path)
    assert (clip.FrameCount, round(1 / clip.FrameTime, 6)) == (len(motion), 25.0)


def test_the_turns_of_a_bvh_move_the_bones(motion, wanted, file):
    """The bones would be where they are by their turns alone, as an armature without stretching has them."""
    root = bvhio.readAsHierarchy(str(file("bvh")))
    knee = motion.skeleton.index("left_knee"), motion.skeleton.index("left_ankle")
    deepest = int(wanted[:, motion.skeleton.index("mid_hip"), 1].argmin())
    root.loadPose(0)
    rest = root.filter("left_ankle")[0].Position
    root.loadPose(deepest)
    turned = root.filter("left_knee")[0].RotationWorld * rest
    shank = wanted[deepest, knee[1]] - wanted[deepest, knee[0]]
    np.testing.assert_allclose([turned.x, turned.y, turned.z], shank, atol=1.0)


def test_trc_by_hand(motion, wanted, file):
    lines = file("trc").read_text().splitlines()
    head = dict(zip(lines[1].split("\t"), lines[2].split("\t"), strict=True))
    assert (head["Units"], head["DataRate"], head["NumMarkers"]) == ("mm", "25", "19")
    assert int(head["NumFrames"]) == len(motion) == len(lines) - 6
    assert [name for name in lines[3].split("\t")[2:] if name] == list(motion.skeleton.joints)
    assert lines[5] == ""
    table = np.genfromtxt(lines[6:], delimiter="\t")
    np.testing.assert_allclose(table[:, 1], np.arange(len(motion)) / 25.0, atol=1e-6)
    np.testing.assert_allclose(table[:, 2:].reshape(wanted.shape), wanted, atol=0.01)


def test_csv_by_the_standard_library(motion, wanted, file):
    lines = file("csv").read_text().splitlines()
    assert lines[:3] == ["# frame_rate: 25.0", "# unit: mm", "# axes: forward up right"]
    row = list(csv.DictReader(lines[3:]))[10]
    assert float(row["time"]) == pytest.approx(0.4)
    knee = [float(row[f"left_knee_{axis}"]) for axis in "xyz"]
    np.testing.assert_allclose(knee, wanted[10, motion.skeleton.index("left_knee")], atol=0.01)


def test_npz_and_json_state_unit_and_axes(motion, wanted, file):
    arrays = np.load(io.BytesIO(file("npz").read_bytes()), allow_pickle=False)
    content = json.loads(file("exfb_json").read_bytes())
    for stated in (arrays, content):
        assert (str(stated["unit"]), list(stated["axes"])) == ("mm", ["forward", "up", "right"])
        assert list(stated["joints"]) == list(motion.skeleton.joints)
        assert float(stated["frame_rate"]) == 25.0
    np.testing.assert_allclose(arrays["positions"], wanted, atol=0.01)
    np.testing.assert_allclose(content["frames"], wanted, atol=0.01)


@pytest.mark.parametrize("convention", CONVENTIONS.values(), ids=lambda convention: convention.name)
def test_a_convention_says_where_its_axes_point(convention):
    """Of a joint to the right of, before and above the origin, each at a distance of its own."""
    one = np.broadcast_to([0.1, 0.2, 0.3], (1, 19, 3))
    metres = convention.coordinates(PoseSequence(one, 30.0))[0, 0] / convention.per_metre
    along = {"right": 0.1, "left": -0.1, "forward": 0.2, "backward": -0.2, "up": 0.3, "down": -0.3}
    np.testing.assert_allclose(metres, [along[axis] for axis in convention.axes])
