"""Labelled data sets: what is read is what was labelled, and a fault is named before any work."""

import csv
import pickle

import numpy as np
import pytest

from ml.catalogue import CODES
from ml.datasets import DatasetError, load
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


def recordings(folder, label="squat.knees_inward"):
    repetition = simulate_repetition(Person.sample(1), "squat.knees_inward", np.random.default_rng(1))
    write_exfb_json(repetition.performed, folder / "one.json")
    with (folder / "labels.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["file", "person", "label", "start_frame", "end_frame"])
        writer.writerow(["one.json", "anna", label, 2, len(repetition.performed)])
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


def test_recordings_with_an_unknown_label_or_file_are_refused(tmp_path):
    recordings(tmp_path, label="squat.sideways")
    with pytest.raises(DatasetError, match="squat.sideways") as caught:
        load(f"recordings:{tmp_path}")
    assert caught.value.code == "unknown_label"
    (tmp_path / "one.json").unlink()
    with pytest.raises(DatasetError) as caught:
        load(f"recordings:{tmp_path}")
    assert caught.value.code == "not_found"


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
