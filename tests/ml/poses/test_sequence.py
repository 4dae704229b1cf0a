"""The pose sequence and its file: shapes are checked, cuts and mirrors are what they say."""

import numpy as np
import pytest

from ml.poses.errors import PoseFormatError
from ml.poses.facts import Fact
from ml.poses.formats import read
from ml.poses.sequence import PoseSequence
from ml.poses.writers.exfb_json import write_exfb_json
from ml.skeletons import EC3D_19
from tests.ml.poses import samples


@pytest.mark.parametrize("shape", [(5, 18, 3), (5, 19, 2), (19, 3)])
def test_another_shape_is_refused(shape):
    with pytest.raises(ValueError, match="shape"):
        PoseSequence(np.zeros(shape), 30.0)


@pytest.mark.parametrize("rate", [0.0, -1.0, float("nan"), float("inf")])
def test_an_impossible_frame_rate_is_refused(rate):
    with pytest.raises(ValueError, match="frame rate"):
        PoseSequence(np.zeros((5, 19, 3)), rate)


def test_a_cut_keeps_everything_but_the_frames():
    whole = PoseSequence(
        samples.squatting(), 30.0, format="npz", travels=False, facts=(Fact("unit", "mm", "body"),)
    )
    part = whole.cut(10, 40)
    np.testing.assert_array_equal(part.positions, whole.positions[10:40])
    assert (part.format, part.travels, part.inferred, part.duration) == ("npz", False, ("unit: mm",), 1.0)


def test_mirroring_twice_is_nothing_and_once_exchanges_sides():
    sequence = PoseSequence(samples.squatting() + [0.3, 0.0, 0.0], 30.0)
    mirrored = sequence.mirrored()
    np.testing.assert_array_equal(mirrored.joint("left_knee")[:, 0], -sequence.joint("right_knee")[:, 0])
    np.testing.assert_array_equal(mirrored.joint("left_knee")[:, 1:], sequence.joint("right_knee")[:, 1:])
    np.testing.assert_array_equal(mirrored.mirrored().positions, sequence.positions)


def test_a_sequence_is_written_to_a_path_with_its_gaps(tmp_path):
    positions = samples.squatting()
    positions[3, EC3D_19.index("nose")] = np.nan
    write_exfb_json(PoseSequence(positions, 29.97), tmp_path / "recording")
    again = read(tmp_path / "recording")
    np.testing.assert_allclose(again.positions, positions, atol=6e-5)
    assert again.frame_rate == 29.97


def test_only_listed_codes_can_be_raised():
    with pytest.raises(AssertionError):
        PoseFormatError("made_up", "No.")
