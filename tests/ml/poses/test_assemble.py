"""What was found is turned, scaled and checked; what a person says counts more than file and body."""

import io
import itertools

import numpy as np
import pytest

from ml.poses.errors import PoseFormatError
from ml.poses.facts import Corrections, Fact
from ml.poses.formats import read
from ml.poses.limits import Limits
from ml.skeletons import EC3D_19
from tests.ml.poses import samples


def corrected(data: bytes, **said: object):
    return read(io.BytesIO(data), corrections=Corrections(**said))


def fact(sequence, about: str) -> Fact:
    return next(fact for fact in sequence.facts if fact.about == about)


def distances(positions: np.ndarray) -> np.ndarray:
    return np.linalg.norm(positions[:, :, None] - positions[:, None], axis=-1)


@pytest.mark.parametrize(
    ("write", "known"),
    [
        (lambda: samples.trc(unit="mm"), {"frame rate": "file", "unit": "file", "axes": "body"}),
        (samples.c3d, {"frame rate": "file", "unit": "file", "axes": "body"}),
        (samples.bvh, {"frame rate": "file", "unit": "body", "axes": "body"}),
        (samples.mediapipe_csv, {"frame rate": "usual", "unit": "format", "axes": "format"}),
        (samples.kinect_raw, {"frame rate": "format", "unit": "format", "axes": "format"}),
        (samples.exfb_json, {"frame rate": "file", "unit": "file", "axes": "file"}),
        (samples.npz, {"frame rate": "file", "unit": "body", "axes": "body"}),
        (samples.openpose_zip, {"frame rate": "usual", "unit": "body", "axes": "body"}),
    ],
)
def test_how_each_fact_is_known_is_said(write, known):
    sequence = read(io.BytesIO(write()))
    assert {about: fact(sequence, about).known for about in known} == known
    assert {found.about for found in sequence.asked} == {
        about for about, how in known.items() if how in ("body", "usual")
    }


def test_what_a_person_says_counts_more():
    sequence = corrected(samples.mediapipe_csv(), frame_rate=25.0)
    assert sequence.frame_rate == 25.0
    assert fact(sequence, "frame rate") == Fact("frame rate", "25 Hz", "person", "as a person said")
    assert not sequence.asked


@pytest.mark.parametrize("rate", [0.0, 7.0, 5000.0, float("nan"), "fast"])
def test_a_rate_that_cannot_be_is_refused_whoever_says_it(rate):
    with pytest.raises(PoseFormatError) as caught:
        corrected(samples.mediapipe_csv(), frame_rate=rate)
    assert caught.value.code == "bad_frame_rate"


def test_a_rate_that_the_file_lacks_can_be_said():
    sequence = corrected(samples.csv_wide(head=""), frame_rate=50.0)
    np.testing.assert_allclose(sequence.positions, samples.squatting(), atol=1e-4)
    assert sequence.frame_rate == 50.0


def test_the_vertical_can_be_said():
    data = samples.trc()
    right, wrong = read(io.BytesIO(data)), corrected(data, up="z")
    np.testing.assert_allclose(corrected(data, up="y").positions, right.positions)
    np.testing.assert_allclose(distances(wrong.positions[::30]), distances(right.positions[::30]), atol=1e-6)
    assert np.abs(wrong.positions - right.positions).max() > 0.5
    assert fact(wrong, "axes") == Fact("axes", "z up", "person", "as a person said")


@pytest.mark.parametrize(("up", "mirrored"), itertools.product(["x", "-x", "y", "-z"], [False, True]))
def test_the_axis_that_is_named_is_that_of_the_file(up, mirrored):
    """Saying what was worked out changes nothing, in a mirrored frame too."""
    place, sign = "xyz".index(up[-1]), -1.0 if up.startswith("-") else 1.0
    rows = np.zeros((3, 3))
    rows[place] = [0, 0, sign]
    rows[(place + 1) % 3] = [1, 0, 0]
    rows[(place + 2) % 3] = np.cross(rows[place], rows[(place + 1) % 3])
    positions = samples.squatting() @ rows.T
    if mirrored:
        positions[..., (place + 1) % 3] *= -1
    data = samples.npz(positions)
    found = read(io.BytesIO(data))
    assert fact(found, "axes").value == f"{up} up"
    assert ("sides" in {known.about for known in found.facts}) is mirrored
    np.testing.assert_allclose(found.positions[..., 2], samples.squatting()[..., 2], atol=1e-9)
    np.testing.assert_allclose(corrected(data, up=up).positions, found.positions, atol=1e-9)


def test_sides_can_be_exchanged_as_in_a_mirrored_video():
    positions = samples.squatting()
    positions[:, EC3D_19.index("left_wrist")] += [0.0, 0.0, 0.4]
    swapped = corrected(samples.exfb_json(positions), swap_sides=True)
    raised = swapped.joint("right_wrist")[:, 2] - swapped.joint("left_wrist")[:, 2]
    np.testing.assert_allclose(raised, 0.4, atol=1e-3)
    assert swapped.joint("right_hip")[0, 0] > swapped.joint("left_hip")[0, 0]


def test_a_unit_that_cannot_be_is_refused_whoever_says_it():
    np.testing.assert_allclose(
        corrected(samples.bvh(metre=100.0), unit="cm").positions,
        read(io.BytesIO(samples.bvh(metre=100.0))).positions,
    )
    with pytest.raises(PoseFormatError, match="You say mm") as caught:
        corrected(samples.bvh(metre=100.0), unit="mm")
    assert caught.value.code == "not_metres"


def test_a_sensor_that_takes_a_back_for_a_front_gets_its_sides_back():
    """Kinect names the joints of one who looks away as if they faced it."""
    positions = samples.squatting()
    turned = positions * [-1.0, -1.0, 1.0]
    names = {joint: joint for joint in EC3D_19.joints}
    for joint in EC3D_19.joints:
        side, _, part = joint.partition("_")
        if side in ("left", "right"):
            names[joint] = f"{'right' if side == 'left' else 'left'}_{part}"
    misnamed = turned[:, EC3D_19.indices(*(names[joint] for joint in EC3D_19.joints))]
    right, found = (read(io.BytesIO(samples.kinect_raw(p))) for p in (turned, misnamed))
    measured = EC3D_19.indices("left_knee", "right_wrist", "left_hip")
    np.testing.assert_allclose(found.positions[:, measured], right.positions[:, measured], atol=1e-5)
    assert fact(found, "sides").value == "left and right exchanged"
    assert "sides" not in {known.about for known in right.facts}


@pytest.mark.parametrize(
    ("limits", "code"),
    [
        (Limits(size_bytes=1000), "too_many_frames"),
        (Limits(frames=80), "too_many_frames"),
        (Limits(seconds=2.9), "too_many_frames"),
    ],
)
@pytest.mark.parametrize("format_", samples.WRITERS)
def test_limits_hold_for_every_format(format_, limits, code):
    positions = samples.squatting(300 if format_ == "ui_prmd_vicon" else 90)
    with pytest.raises(PoseFormatError) as caught:
        read(io.BytesIO(samples.WRITERS[format_](positions)), limits=limits)
    assert caught.value.code == code
    assert caught.value.message.endswith(".")
