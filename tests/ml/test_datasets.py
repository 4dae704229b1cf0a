"""Labelled data sets: what is read is what was labelled, and a fault is named before any work."""

import csv
import lzma
import pickle

import numpy as np
import pytest

import ml.ui_prmd as ui_prmd_module
from ml.angles import joint_angles
from ml.catalogue import CODES
from ml.datasets import DatasetError, load, load_recordings, of_people
from ml.poses.writers.exfb_json import write_exfb_json
from ml.sensors import body_aligned
from ml.simulate import Person, simulate_repetition
from ml.skeletons import BODY_25, EC3D_19

SEED = 4


def published_poses(code="squat.correct", seed=SEED):
    """A simulated repetition in the published layout: (F, 3, 25), left-handed, unitless."""
    motion = simulate_repetition(Person.sample(seed), code, np.random.default_rng(seed)).performed
    poses = np.zeros((len(motion), 3, 25))
    for i, joint in enumerate(EC3D_19.joints):
        poses[:, :, BODY_25[joint]] = body_aligned(motion.positions)[:, i] * [-1, 1, 1] / 3
    return poses


def ec3d_pickle(path, rows):
    poses = [published_poses(code) for code, *_ in rows]
    labels = [[key] * len(p) for (_, *key), p in zip(rows, poses, strict=True)]
    labels = np.array([[*key, frame] for group in labels for frame, key in enumerate(group)], dtype=object)
    path.write_bytes(pickle.dumps({"poses": np.concatenate(poses), "labels": labels}))
    return path


def recordings(folder, label="squat.knees_inward", start=2, end=None):
    repetition = simulate_repetition(Person.sample(1), "squat.knees_inward", np.random.default_rng(1))
    write_exfb_json(repetition.performed, folder / "one.json")
    with (folder / "labels.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["file", "person", "label", "start_frame", "end_frame"])
        writer.writerow(["one.json", "anna", label, start, end or len(repetition.performed)])
    return repetition


def test_ec3d_pickle_is_read_by_its_description(tmp_path):
    rows = [("squat.correct", "SQUAT", "Anna", 10, 1), ("lunge.not_low_enough", "Lunges", "Ben", 4, 1)]
    first, second = load(f"ec3d:{ec3d_pickle(tmp_path / 'data_3D.pickle', rows)}")
    assert (first.label, first.person) == ("squat.correct", "ec3d:Anna")
    assert (second.label, second.person) == ("lunge.not_low_enough", "ec3d:Ben")
    # The scale of the published frame is known, the vertical found again.
    thigh = np.linalg.norm(second.sequence.joint("left_hip") - second.sequence.joint("left_knee"), axis=1)
    assert thigh.mean() == pytest.approx(Person.sample(SEED).thigh, rel=0.05)
    upright = second.sequence.joint("neck")[0] - second.sequence.joint("left_ankle")[0]
    assert upright[2] > 0.9 * np.linalg.norm(upright)


def test_a_pickle_that_could_run_something_is_refused(tmp_path):
    class Evil:
        def __reduce__(self):
            return print, ("run",)

    path = tmp_path / "data.pickle"
    path.write_bytes(pickle.dumps({"poses": Evil(), "labels": []}))
    with pytest.raises(DatasetError) as caught:
        load(f"ec3d:{path}")
    assert caught.value.code == "unsafe"


@pytest.mark.parametrize("content", [b"", b"not a pickle", pickle.dumps([1, 2]), pickle.dumps({"poses": 3})])
def test_a_pickle_of_another_layout_is_refused(tmp_path, content):
    path = tmp_path / "data.pickle"
    path.write_bytes(content)
    with pytest.raises(DatasetError) as caught:
        load(f"ec3d:{path}")
    assert caught.value.code == "bad_layout"


def test_unknown_label_of_the_pickle_is_named(tmp_path):
    path = ec3d_pickle(tmp_path / "data.pickle", [("squat.correct", "SQUAT", "Anna", 7, 1)])
    with pytest.raises(DatasetError, match="no label 7 of SQUAT"):
        load(f"ec3d:{path}")


def test_recordings_with_a_table_of_labels(tmp_path):
    repetition = recordings(tmp_path)
    (read,) = load(f"recordings:{tmp_path}")
    assert (read.label, read.person, read.index) == ("squat.knees_inward", "anna", 0)
    assert len(read.sequence) == len(repetition.performed) - 2


@pytest.mark.parametrize(
    "label", ["sideways", "squat.", "Squat.Sideways", "squat.a.b", "squat.knees_inward+"]
)
def test_a_label_that_names_no_class_is_refused(tmp_path, label):
    recordings(tmp_path, label=label)
    with pytest.raises(DatasetError, match="one.json is labelled") as caught:
        load(f"recordings:{tmp_path}")
    assert caught.value.code == "unknown_label"


def test_a_clinic_names_its_own_classes(tmp_path):
    recordings(tmp_path, label="squat.sideways")
    assert load(f"recordings:{tmp_path}")[0].label == "squat.sideways"


def test_recordings_whose_file_is_not_there_are_refused(tmp_path):
    recordings(tmp_path)
    (tmp_path / "one.json").unlink()
    with pytest.raises(DatasetError) as caught:
        load(f"recordings:{tmp_path}")
    assert caught.value.code == "not_found"


@pytest.mark.parametrize(
    ("start", "end", "fault"),
    [(2, 6, "too short"), (2, 9999, "do not lie in"), (40, 30, "do not lie in"), ("a", 9, "whole numbers")],
)
def test_a_repetition_that_is_none_is_refused(tmp_path, start, end, fault):
    recordings(tmp_path, start=start, end=end)
    with pytest.raises(DatasetError, match=fault):
        load(f"recordings:{tmp_path}")


def test_the_table_of_labels_may_lie_elsewhere(tmp_path):
    recordings(tmp_path)
    (tmp_path / "labels.csv").rename(tmp_path.parent / "other.csv")
    assert len(load_recordings(tmp_path, tmp_path.parent / "other.csv")) == 1
    with pytest.raises(DatasetError) as caught:
        load_recordings(tmp_path)
    assert caught.value.code == "not_found"


def test_people_are_chosen_by_name():
    repetitions = load("sim:3:2")
    first, second = dict.fromkeys(r.person for r in repetitions)
    assert {r.person for r in of_people(repetitions, [first])} == {first}
    assert {r.person for r in of_people(repetitions, (), [first])} == {second}
    with pytest.raises(DatasetError, match="nobody 'eve'") as caught:
        of_people(repetitions, (), ["eve"])
    assert caught.value.code == "unknown_person"


def test_a_fingerprint_tells_motions_apart_and_nothing_else():
    first, again, other = load("sim:3:1"), load("sim:3:1"), load("sim:4:1")
    assert [r.fingerprint for r in first] == [r.fingerprint for r in again]
    assert not {r.fingerprint for r in first} & {r.fingerprint for r in other}
    assert len({r.fingerprint for r in first}) == len(first)


def ui_prmd(folder, people=(1, 2), movements=(1, 3)):
    """A folder in UI-PRMD's packed layout: a simulated squat of each subject, correct and incorrect.

    Every joint hangs on its parent without any turn but the whole body's, by 90 degrees about the vertical.
    """
    rows = []
    for movement in movements:
        frames = []
        for subject in people:
            for label in ("correct", "incorrect"):
                code = "squat.correct" if label == "correct" else "squat.not_low_enough"
                rng = np.random.default_rng([subject, movement])
                motion = simulate_repetition(Person.sample(subject), code, rng).performed
                # Their axes: to the person's left, up, forward; in centimetres.
                places = 100 * motion.positions[..., [0, 2, 1]] * [-1, 1, 1]
                joints = np.repeat(places[:, [EC3D_19.index("mid_hip")]], 22, axis=1)
                for name, place in ui_prmd_module._JOINTS.items():
                    joints[:, place] = places[:, EC3D_19.index(name)]
                offsets, turns = joints.copy(), np.zeros_like(joints)
                for joint, parent in enumerate(ui_prmd_module._PARENTS):
                    if parent >= 0:
                        offsets[:, joint] = joints[:, joint] - joints[:, parent]
                # The pelvis is turned by 90 degrees about y, so what hangs on it is told turned back.
                turns[:, 0, 1] = 90
                offsets[:, 1:] = offsets[:, 1:][..., [2, 1, 0]] * [-1, 1, 1]
                rows.append(["kinect", movement, subject, 1, label, sum(map(len, frames)), len(motion)])
                frames.append(np.concatenate([offsets, turns], axis=1).reshape(len(motion), -1))
        with lzma.open(folder / f"kinect_m{movement:02d}.npy.xz", "wb") as file:
            np.save(file, np.round(1e5 * np.concatenate(frames)).astype(np.int64).T)
    with (folder / "index.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["sensor", "movement", "subject", "episode", "label", "start", "n_frames"])
        writer.writerows([*rows, ["vicon", 1, 1, 1, "correct", 0, 10]])
    return folder


def test_ui_prmd_is_read_by_its_description(tmp_path):
    repetitions = load(f"uiprmd:{ui_prmd(tmp_path)}")
    assert [(r.person, r.label) for r in repetitions[:3]] == [
        ("uiprmd:s01", "deep_squat.correct"),
        ("uiprmd:s01", "deep_squat.incorrect"),
        ("uiprmd:s02", "deep_squat.correct"),
    ]
    assert {r.label for r in load(f"uiprmd:{tmp_path}:m03")} == {
        "inline_lunge.correct",
        "inline_lunge.incorrect",
    }
    assert [(r.person, r.label) for r in load(f"uiprmd-squats:{tmp_path}")] == [
        ("uiprmd:s01", "squat.correct"),
        ("uiprmd:s02", "squat.correct"),
    ]
    original = simulate_repetition(Person.sample(1), "squat.correct", np.random.default_rng([1, 1])).performed
    knees = [joint_angles(s.positions)["left_knee_flexion"] for s in (repetitions[0].sequence, original)]
    np.testing.assert_allclose(*knees, atol=4)  # low-passed when prepared
    assert repetitions[0].sequence.joint("left_hip")[0, 0] < repetitions[0].sequence.joint("right_hip")[0, 0]


@pytest.mark.parametrize(
    ("place", "code"),
    [("", "not_found"), (":m11", "bad_source"), (":m02", "bad_source"), (":deep", "not_found")],
)
def test_ui_prmd_that_is_not_there_is_refused(tmp_path, place, code):
    if place:
        ui_prmd(tmp_path, people=(1,), movements=(1,))
    with pytest.raises(DatasetError) as caught:
        load(f"uiprmd:{tmp_path}{place}")
    assert caught.value.code == code


def test_ui_prmd_that_is_cut_is_refused(tmp_path):
    path = ui_prmd(tmp_path, people=(1,), movements=(1,)) / "kinect_m01.npy.xz"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(DatasetError) as caught:
        load(f"uiprmd:{tmp_path}")
    assert caught.value.code == "bad_layout"


def test_real_ui_prmd(shared):
    repetitions = load(f"uiprmd:{shared}/data/ui_prmd:m03")
    assert len(repetitions) == 140
    assert len({r.person for r in repetitions}) == 7


@pytest.mark.parametrize(
    "source", ["", "squats", "ec3d:", "other:file", "sim:0", "sim:a:b", "sim:-1:2", "sim:0:0"]
)
def test_a_source_that_is_none_is_refused(source):
    with pytest.raises(DatasetError) as caught:
        load(source)
    assert caught.value.code == "bad_source"


def test_missing_file_is_refused():
    with pytest.raises(DatasetError) as caught:
        load("ec3d:/nowhere/part.npz")
    assert caught.value.code == "not_found"


def test_simulated_people_have_one_repetition_of_each_class():
    repetitions = load("sim:3:2")
    assert [r.label for r in repetitions] == [*CODES, *CODES]
    assert len({r.person for r in repetitions}) == 2
    again = load("sim:3:2")
    np.testing.assert_array_equal(repetitions[5].sequence.positions, again[5].sequence.positions)


def test_real_part_of_ec3d(shared):
    repetitions = load(f"ec3d:{shared}/data/ec3d/subject4_part.npz")
    assert len(repetitions) == 22
    assert sorted({r.label for r in repetitions}) == sorted(CODES)


def test_real_rmd(shared):
    repetitions = load(f"rmd:{shared}/data/rmd")
    assert len(repetitions) == 164
    assert sum(len(r.labels) == 2 for r in repetitions) == 20
    assert "lunge.not_low_enough+lunge.knee_passes_toe" in {r.label for r in repetitions}


def test_simulated_people_have_as_many_correct_repetitions_as_wanted():
    repetitions = load("sim:3:1:4")
    assert len(repetitions) == len(CODES) + 3 * 3
    assert sum(r.label == "lunge.correct" for r in repetitions) == 4
    assert [r.index for r in repetitions] == list(range(len(repetitions)))
    assert len({r.sequence.frame_rate for r in repetitions if r.label.startswith("squat")}) == 1


@pytest.mark.parametrize("source", ["sim:1:2:0", "sim:1:2:3:4", "sim:1:2:"])
def test_simulated_people_need_a_number_of_correct_repetitions(source):
    with pytest.raises(DatasetError) as caught:
        load(source)
    assert caught.value.code == "bad_source"
