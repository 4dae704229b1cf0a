"""Every format is told by its content, gives the person back, and refuses in words what it cannot use."""

import io
import json
import pickle
import zipfile

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ml.poses.errors import PoseFormatError
from ml.poses.formats import READERS, read
from ml.poses.sequence import PoseSequence
from ml.poses.writers.exfb_json import write_exfb_json
from ml.preprocess import prepare
from ml.skeletons import EC3D_19
from tests.ml.poses import samples


def read_bytes(data: bytes, name: str | None = None) -> PoseSequence:
    return read(io.BytesIO(data), name=name)


def refused(data: bytes) -> PoseFormatError:
    with pytest.raises(PoseFormatError) as caught:
        read_bytes(data)
    return caught.value


def bone_lengths(positions: np.ndarray) -> np.ndarray:
    return np.array([np.linalg.norm(positions[:, a] - positions[:, b], axis=-1) for a, b in EC3D_19.bones])


def test_each_reader_has_a_sample():
    assert {reader.name for reader in READERS} == set(samples.WRITERS)


@pytest.mark.parametrize("format_", samples.WRITERS)
def test_the_format_is_told_by_content_whatever_the_name(format_):
    sequence = read_bytes(samples.WRITERS[format_](), name="holiday.jpg")
    assert sequence.format == format_
    assert sequence.frame_rate == (100.0 if format_ == "ui_prmd_vicon" else 30.0)
    assert len(sequence) == 90


@pytest.mark.parametrize("format_", ["exfb_json", "npz", "csv"])
def test_lossless_formats_give_the_same_positions(format_):
    positions = read_bytes(samples.WRITERS[format_]()).positions
    np.testing.assert_allclose(positions, samples.squatting(), atol=1e-4)


@pytest.mark.parametrize("write", [samples.mediapipe_csv, samples.mediapipe_json])
def test_mediapipe_axes_become_right_forward_up(write):
    sequence = read_bytes(write())
    expected = samples.squatting()
    expected = expected - expected[:, [EC3D_19.index("mid_hip")]]
    seen = EC3D_19.indices("nose", "left_knee", "right_wrist", "right_big_toe", "left_heel")
    np.testing.assert_allclose(sequence.positions[:, seen], expected[:, seen], atol=1e-4)
    assert not sequence.travels
    assert sequence.estimated == {"neck", "mid_hip"}
    assert [fact.in_words() for fact in sequence.asked] == ["frame rate: 30 Hz, as usual for MediaPipe"]


def test_a_stated_rate_of_a_mediapipe_file_is_taken():
    sequence = read_bytes(samples.mediapipe_json(fps=24))
    assert sequence.frame_rate == 24.0
    assert not sequence.asked


@pytest.mark.parametrize("write", [samples.ec3d_npz, samples.ec3d_csv])
def test_ec3d_gets_its_vertical_and_its_metres_back(write):
    """The published frame forgets how far the trunk leans; feet and balance tell, within some degrees."""
    truth = samples.squatting()
    positions = read_bytes(write()).positions

    def lean(p):
        trunk = p[:, EC3D_19.index("neck")] - p[:, EC3D_19.index("mid_hip")]
        return np.degrees(np.arctan2(trunk[:, 1], trunk[:, 2]))

    error = lean(positions) - lean(truth)
    assert np.abs(np.median(error)) < 5.0
    assert np.abs(error).max() < 12.0
    thigh = EC3D_19.bones.index((9, 10))
    np.testing.assert_allclose(bone_lengths(positions)[thigh], bone_lengths(truth)[thigh], atol=1e-4)
    assert positions[0, EC3D_19.index("right_hip"), 0] > positions[0, EC3D_19.index("left_hip"), 0]


def test_ec3d_planks_lie_with_the_front_down():
    sequence = read_bytes(samples.ec3d_npz(samples.planking(60)))
    prepared = prepare(sequence).sequence
    neck, toe = prepared.joint("neck"), prepared.joint("left_big_toe")
    assert neck[:, 1].mean() - toe[:, 1].mean() > 1.0
    assert 0.3 < neck[:, 2].mean() < 0.8
    assert prepared.joint("right_shoulder")[:, 0].mean() > prepared.joint("left_shoulder")[:, 0].mean()


@pytest.mark.parametrize("unit", ["mm", "cm"])
def test_an_unstated_unit_is_told_by_the_size_of_the_person(unit):
    factor = {"mm": 1000.0, "cm": 100.0}[unit]
    sequence = read_bytes(samples.npz(samples.squatting() * factor))
    np.testing.assert_allclose(sequence.positions, samples.squatting(), atol=1e-6)
    assert f"unit: {unit}, from the size of the person" in sequence.inferred


def test_stated_axes_are_turned_and_a_left_handed_frame_is_mirrored_once():
    positions = samples.squatting()
    turned = np.stack([-positions[..., 0], positions[..., 2], positions[..., 1]], axis=-1)
    sequence = read_bytes(samples.npz(turned, axes=np.array(["left", "up", "forward"])))
    np.testing.assert_allclose(sequence.positions, positions, atol=1e-9)


def test_what_a_source_lacks_is_estimated_and_marked():
    keep = [i for i, joint in enumerate(EC3D_19.joints) if joint not in ("nose", "left_heel", "neck")]
    data = samples.npz(samples.squatting()[:, keep], joints=np.array(EC3D_19.joints)[keep])
    sequence = read_bytes(data)
    assert sequence.estimated == {"nose", "left_heel", "neck"}
    distance = np.linalg.norm(sequence.positions - samples.squatting(), axis=-1).max(axis=0)
    assert distance.max() < 0.12
    assert distance[EC3D_19.index("neck")] < 1e-9


def test_a_nose_that_is_seldom_seen_is_estimated_instead():
    positions = samples.squatting()
    positions[10:, EC3D_19.index("nose")] = np.nan
    sequence = read_bytes(samples.npz(positions))
    assert sequence.estimated == {"nose"}
    assert np.isfinite(sequence.positions).all()


def test_a_file_written_again_reads_the_same():
    sequence = read_bytes(samples.mediapipe_csv())
    file = io.BytesIO()
    write_exfb_json(sequence, file)
    again = read_bytes(file.getvalue())
    np.testing.assert_allclose(again.positions, sequence.positions, atol=6e-5)
    assert (again.travels, again.estimated) == (sequence.travels, sequence.estimated)


def test_a_simulated_recording_stays_marked():
    assert read_bytes(samples.exfb_json(simulated=True)).format == "simulated"


class _Dangerous:
    def __reduce__(self):
        return (print, ("a pickle ran",))


def _object_array() -> bytes:
    file = io.BytesIO()
    np.savez(file, positions=np.array([_Dangerous()], dtype=object))
    return file.getvalue()


def _bomb() -> bytes:
    """An archive whose header promises a terabyte."""
    file = io.BytesIO()
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        header, {"descr": "<f8", "fortran_order": False, "shape": (2_000_000_000, 19, 3)}
    )
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("positions.npy", header.getvalue())
    return file.getvalue()


def _with_nan(joint: str | None, every: int = 0) -> np.ndarray:
    positions = samples.squatting()
    positions[
        np.arange(90) % every != 0 if every else slice(None),
        slice(None) if joint is None else EC3D_19.index(joint),
    ] = np.nan
    return positions


def _image_landmarks() -> bytes:
    names = [f"{joint}_{axis}" for joint in EC3D_19.joints for axis in "xyzv"]
    row = ",".join(["0.5"] * len(names))
    return ("label," + ",".join(names) + "\n" + "\n".join(f"up,{row}" for _ in range(40))).encode()


BAD = {
    "nothing": (b"", "empty_file"),
    "blank": (b" \n\n", "empty_file"),
    "text": (b"hello", "unknown_format"),
    "picture": (b"\x89PNG\r\n\x1a\n" + bytes(100), "unknown_format"),
    "other JSON": (b'{"a": 1}', "unknown_format"),
    "cut JSON": (samples.exfb_json()[:4000], "truncated"),
    "cut NPZ": (samples.npz()[:4000], "truncated"),
    "cut row": (samples.csv_wide()[:-40], "truncated"),
    "words for numbers": (samples.csv_wide().replace(b"0.14000", b"abc", 1), "truncated"),
    "ragged frames": (samples.exfb_json(frames=[[[0, 0, 0]] * 19] * 20 + [[[0, 0]] * 19]), "truncated"),
    "newer version": (samples.exfb_json(version=99), "unknown_format"),
    "pickle 2": (pickle.dumps(_Dangerous(), protocol=2), "unsafe_format"),
    "pickle 5": (pickle.dumps({"poses": 1}, protocol=5), "unsafe_format"),
    "pickle 0": (pickle.dumps(_Dangerous(), protocol=0), "unsafe_format"),
    "object array": (_object_array(), "unsafe_format"),
    "bomb": (_bomb(), "too_many_frames"),
    "one frame": (samples.exfb_json(samples.squatting(1)), "too_few_frames"),
    "no frame": (samples.exfb_json(frames=[]), "too_few_frames"),
    "too many lines": (b"JointName,X,Y,Z\n" + b"Neck,1,2,3\n" * 2_400_001, "too_many_frames"),
    "too many rows": (b"HIERARCHY\nMOTION\n" + b"1 2\n" * 2_400_001, "too_many_frames"),
    "too many": (samples.npz(np.zeros((60_001, 19, 3), np.float32)), "too_many_frames"),
    "no rate": (samples.exfb_json(frame_rate=None), "no_frame_rate"),
    "no rate in NPZ": (samples.npz(frame_rate=None), "no_frame_rate"),
    "no rate in CSV": (samples.csv_wide(head=""), "no_frame_rate"),
    "rate of nought": (samples.exfb_json(frame_rate=0), "bad_frame_rate"),
    "rate beyond numbers": (samples.exfb_json(frame_rate=-(10**30)), "bad_frame_rate"),
    "rate in words": (samples.exfb_json(frame_rate="fast"), "bad_frame_rate"),
    "NaN only": (samples.npz(_with_nan(None)), "no_person"),
    "empty cells only": (samples.csv_wide(_with_nan(None)), "no_person"),
    "a joint never seen": (samples.npz(_with_nan("left_knee")), "missing_joints"),
    "a joint not there": (
        samples.npz(samples.squatting()[:, :-9], joints=np.array(EC3D_19.joints[:-9])),
        "missing_joints",
    ),
    "two people": (samples.mediapipe_csv(copies=2), "several_people"),
    "a crowd in frames": (samples.exfb_json(frames=[[[[0, 0, 0]] * 19] * 9] * 20), "several_people"),
    "a joint seldom seen": (samples.npz(_with_nan("left_knee", every=3)), "missing_values"),
    "axis of a crowd": (samples.npz(np.zeros((50, 9, 19, 3))), "several_people"),
    "plane": (samples.exfb_json(frames=[[[0, 0]] * 19] * 20), "not_3d"),
    "plane in CSV": (samples.csv_wide(axes="xy"), "not_3d"),
    "image landmarks": (_image_landmarks(), "not_3d"),
    "image landmarks in rows": (samples.mediapipe_csv(offset=0.5), "not_3d"),
    "pixels": (samples.npz(samples.squatting() * 250.0), "not_metres"),
    "wrong unit": (samples.exfb_json(unit="mm"), "not_metres"),
}


@pytest.mark.parametrize("fault", BAD)
def test_a_bad_file_is_refused_by_its_fault(fault):
    data, code = BAD[fault]
    error = refused(data)
    assert error.code == code
    assert error.message.endswith((".", ")"))
    assert len(error.message) > 25


def test_a_missing_joint_is_named():
    assert "left knee" in refused(samples.npz(_with_nan("left_knee"))).message


def test_the_refusal_of_image_landmarks_says_what_to_use():
    assert "world" in refused(_image_landmarks()).message


@pytest.mark.parametrize("format_", samples.WRITERS)
def test_every_cut_of_a_file_is_refused_or_read(format_):
    data = samples.WRITERS[format_]()
    for length in np.linspace(1, len(data) - 1, 40).astype(int):
        try:
            read_bytes(data[:length])
        except PoseFormatError:
            continue


_FILES = {name: writer(samples.squatting(20)) for name, writer in samples.WRITERS.items()}
_FILES["mediapipe_json"] = samples.mediapipe_json(samples.squatting(20))
_FILES["ec3d_csv"] = samples.ec3d_csv(samples.squatting(20))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_a_damaged_file_raises_nothing_but_a_pose_format_error(data):
    content = bytearray(_FILES[data.draw(st.sampled_from(sorted(_FILES)))])
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(content) - 1))
        words = st.sampled_from([b"nan", b"1e999", b"-", b"{", b"\0", b",,"])
        new = data.draw(st.one_of(st.binary(max_size=4), words))
        content[place : place + data.draw(st.integers(0, 3))] = new
    try:
        sequence = read_bytes(bytes(content))
    except PoseFormatError:
        return
    assert sequence.positions.shape[1:] == (19, 3)


_VALUES = st.recursive(st.none() | st.integers() | st.floats() | st.text(max_size=3), st.lists, max_leaves=4)
_KEYS = ["version", "frame_rate", "joints", "frames", "axes", "unit", "estimated", "travels"]


@settings(max_examples=100, deadline=None)
@given(
    st.one_of(
        st.binary(max_size=300),
        st.builds(lambda body: b"PK\x03\x04" + body, st.binary(max_size=100)),
        _VALUES.map(lambda value: json.dumps(value).encode()),
        st.dictionaries(st.sampled_from(_KEYS), _VALUES).map(
            lambda changes: samples.exfb_json(samples.squatting(15), **changes)
        ),
    )
)
def test_arbitrary_bytes_raise_nothing_but_a_pose_format_error(data):
    try:
        read_bytes(data)
    except PoseFormatError:
        return


REAL = {
    "ec3d/lunge_correct_joints.csv": ("ec3d", 86, 4),
    "ec3d/plank_correct_joints.csv": ("ec3d", 68, 4),
    "ec3d/squat_from_video.npz": ("ec3d", 75, 0),
    "rmd/vid_012_joints.csv": ("mediapipe", 274, 3),
    "rmd/vid_033_joints.csv": ("mediapipe", 337, 3),
    "formats/mediapipe/raight_squat_test_joints.json": ("mediapipe", 78, 3),
}


@pytest.mark.parametrize("file", REAL)
def test_real_files_are_read(shared, file):
    format_, n_frames, n_estimated = REAL[file]
    sequence = read(shared / "data" / file)
    assert (sequence.format, len(sequence), len(sequence.estimated)) == (format_, n_frames, n_estimated)
    thighs = bone_lengths(sequence.positions)[[EC3D_19.bones.index((9, 10)), EC3D_19.bones.index((12, 13))]]
    assert 0.3 < np.median(thighs) < 0.5
    prepared = prepare(sequence).sequence
    assert np.isfinite(prepared.positions).all()
    assert abs(np.median(prepared.positions[..., 2].min(axis=1))) < 0.05


@pytest.mark.parametrize(
    ("file", "code"),
    [
        ("ec3d/subject4_part.npz", "several_people"),
        ("formats/mediapipe/exercise-correction_squat_test.csv", "not_3d"),
        ("rmd/repetitions.csv", "unknown_format"),
    ],
)
def test_real_files_that_are_no_recording_of_one_person_are_refused(shared, file, code):
    with pytest.raises(PoseFormatError) as caught:
        read(shared / "data" / file)
    assert caught.value.code == code
