"""TRC and C3D: points by name, units and rates of the header, joint centres from markers, cut files."""

import io
import re

import numpy as np
import pytest

from ml.poses.errors import PoseFormatError
from ml.poses.formats import read
from ml.poses.markers import HALF_ANKLE, HALF_KNEE, RAB_SHARE
from ml.poses.sequence import PoseSequence
from ml.skeletons import EC3D_19
from tests.ml.poses import samples

TRUTH = samples.squatting()


def read_bytes(data: bytes) -> PoseSequence:
    return read(io.BytesIO(data))


def refused(data: bytes) -> PoseFormatError:
    with pytest.raises(PoseFormatError) as caught:
        read_bytes(data)
    return caught.value


def joint(name: str) -> np.ndarray:
    return TRUTH[:, EC3D_19.index(name)]


def skin_markers(*, medial: bool) -> dict[str, np.ndarray]:
    """Plug-in Gait's markers on the squatting person, such that the published regressions give it back."""
    width, depth = (0.1 - 0.0073) / 0.33, 0.15
    right = np.array([1.0, 0.0, 0.0])
    centre = joint("mid_hip") + [0.0, 0.24 * depth + 0.0099, 0.30 * width + 0.0109]
    marks = {}
    for letter, side, sign in (("L", "left", -1.0), ("R", "right", 1.0)):
        marks[f"{letter}ASI"] = centre + sign * right * width / 2
        marks[f"{letter}PSI"] = centre + sign * right * 0.05 - [0.0, depth, 0.0]
        down = joint("mid_hip") - joint("neck")
        down /= np.linalg.norm(down, axis=1, keepdims=True)
        marks[f"{letter}SHO"] = joint(f"{side}_shoulder") - RAB_SHARE * 0.36 * down
        marks[f"{letter}ELB"] = joint(f"{side}_elbow")
        marks[f"{letter}WRA"] = joint(f"{side}_wrist") + [0.0, 0.0, 0.02]
        marks[f"{letter}WRB"] = joint(f"{side}_wrist") - [0.0, 0.0, 0.02]
        for mark, medially, part, share in (
            ("KNE", "KNM", "knee", HALF_KNEE),
            ("ANK", "ANKM", "ankle", HALF_ANKLE),
        ):
            out = sign * share * 0.42 * right
            marks[letter + mark] = joint(f"{side}_{part}") + out
            if medial:
                marks[letter + medially] = joint(f"{side}_{part}") - out
        marks[f"{letter}HEE"] = joint(f"{side}_heel")
        marks[f"{letter}TOE"] = joint(f"{side}_big_toe")
    return marks


@pytest.mark.parametrize("y_up", [True, False])
@pytest.mark.parametrize("unit", ["m", "cm", "mm"])
def test_a_trc_is_read_whatever_its_unit_and_its_vertical(unit, y_up):
    sequence = read_bytes(samples.trc(unit=unit, y_up=y_up))
    np.testing.assert_allclose(sequence.positions, TRUTH, atol=1e-4)
    assert sequence.inferred == (f"axes: {'y' if y_up else 'z'} up, from how the body stands",)
    assert sequence.estimated == frozenset()


@pytest.mark.parametrize("processor", [84, 86])
@pytest.mark.parametrize("integers", [True, False])
def test_a_c3d_is_read_whatever_its_numbers(integers, processor):
    sequence = read_bytes(samples.c3d(integers=integers, processor=processor))
    np.testing.assert_allclose(sequence.positions, TRUTH, atol=1e-4)


@pytest.mark.parametrize("write", [samples.trc, samples.c3d])
@pytest.mark.parametrize("medial", [True, False])
def test_joint_centres_are_estimated_from_markers(write, medial):
    sequence = read_bytes(write(points=skin_markers(medial=medial)))
    assert sequence.estimated == {"nose", "neck", "mid_hip"}
    assert any("Harrington" in remark for remark in sequence.inferred)
    assert any("Rab" in remark for remark in sequence.inferred)
    assert any("lateral" in remark for remark in sequence.inferred) is not medial
    for name in ("left_hip", "right_hip", "left_shoulder", "left_knee", "right_ankle", "right_wrist"):
        # The pelvis of this person does not tilt, its trunk does: hips are exact, what hangs on them nearly.
        np.testing.assert_allclose(sequence.joint(name), joint(name), atol=0.025, err_msg=name)
    np.testing.assert_allclose(sequence.joint("left_hip"), joint("left_hip"), atol=1e-4)


@pytest.mark.parametrize("write", [samples.trc, samples.c3d])
def test_a_lost_marker_is_missing_whether_empty_or_zero(write):
    points = samples.body_25_points()
    for lost in (np.nan, 0.0):
        points["LKnee"] = joint("left_knee").copy()
        points["LKnee"][10:20] = lost
        knee = read_bytes(write(points=points)).joint("left_knee")
        assert np.flatnonzero(np.isnan(knee).any(axis=1)).tolist() == list(range(10, 20))


@pytest.mark.parametrize("write", [samples.trc, samples.c3d])
def test_markers_of_one_leg_are_refused_by_what_is_missing(write):
    marks = {
        name: path
        for name, path in skin_markers(medial=True).items()
        if name in ("LKNE", "LKNM", "LANK", "LTOE")
    }
    error = refused(write(points=marks))
    assert error.code == "missing_joints"
    assert "left knee" not in error.message
    assert "left hip" in error.message
    assert "right knee" in error.message


@pytest.mark.parametrize("write", [samples.trc, samples.c3d])
def test_a_subject_prefix_and_case_do_not_matter(write):
    points = {f"Anna:{name.lower()}": path for name, path in samples.body_25_points().items()}
    assert read_bytes(write(points=points)).estimated == frozenset()


def test_a_comma_separated_trc_is_read_if_it_is_whole():
    np.testing.assert_allclose(read_bytes(samples.trc(separator=",")).positions, TRUTH, atol=1e-4)


NO_RATE = samples.trc().replace(b"\n30.0\t30.0", b"\n\t30.0")


def test_a_trc_that_states_no_rate_has_times():
    assert read_bytes(NO_RATE).frame_rate == pytest.approx(30.0, abs=0.01)


BAD = {
    "frames promised that are not there": (samples.trc(promised=652), "truncated"),
    "no unit": (samples.trc(unit="px"), "not_metres"),
    "wrong unit": (
        samples.trc(points={k: v * 1000 for k, v in samples.body_25_points().items()}),
        "not_metres",
    ),
    "rate against the times": (samples.trc(rate=100.0), "bad_frame_rate"),
    "no rate and no times": (re.sub(rb"\n(\d+)\t[\d.]+\t", rb"\n\1\t\t", NO_RATE), "no_frame_rate"),
    "head only": (samples.trc()[:300], "truncated"),
    "words": (samples.trc().replace(b"0.14000", b"abc", 1), "truncated"),
    "C3D cut": (samples.c3d()[:6000], "truncated"),
    "C3D head only": (samples.c3d()[:700], "truncated"),
    "C3D without points": (samples.c3d()[:2] + b"\0\0" + samples.c3d()[4:], "no_person"),
    "C3D of no computer": (samples.c3d()[:515] + b"\x07" + samples.c3d()[516:], "truncated"),
    "C3D without unit": (samples.c3d(unit="px"), "not_metres"),
}


@pytest.mark.parametrize("fault", BAD)
def test_a_bad_file_is_refused_by_its_fault(fault):
    data, code = BAD[fault]
    assert refused(data).code == code


def test_c3d_agrees_with_an_independent_reader(shared):
    ezc3d = pytest.importorskip("ezc3d")
    from ml.poses.formats.c3d import points_of
    from ml.poses.formats.source import Source

    for file in sorted((shared / "data" / "formats" / "c3d").glob("*.c3d")):
        ours = np.stack(list(points_of(Source(file.read_bytes())).values()), axis=1)
        theirs = ezc3d.c3d(str(file))["data"]["points"][:3].transpose(2, 1, 0)
        np.testing.assert_array_equal(ours, theirs)
