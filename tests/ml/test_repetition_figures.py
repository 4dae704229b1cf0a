"""The table of how well repetitions are found: shares of what is known, and nothing where nothing is."""

import json

import numpy as np
import pytest

from ml.poses.sequence import PoseSequence
from ml.poses.writers.exfb_json import write_exfb_json
from ml.preprocess import prepare
from ml.repetition_figures import main, measure, table
from ml.whole_recordings import WholeRecording, load_whole
from tests.ml.poses import samples


def recording(positions: np.ndarray, exercises=(), edges=None) -> WholeRecording:
    return WholeRecording("made", prepare(PoseSequence(positions, 30.0)).sequence, exercises, edges)


def test_a_recording_that_is_cut_right():
    squats = recording(samples.squatting(180, repetitions=2), ("squat", "squat"), ((15, 75), (105, 165)))
    figures = measure([squats])
    assert (figures.recordings, figures.repetitions) == (1, 2)
    assert (figures.right_number, figures.right_exercise, figures.matched) == (1, 1, 1)
    assert figures.edge_error_s < 0.2
    assert figures.refused is None
    assert figures.wrong == ()


def test_what_goes_wrong_is_counted_and_named():
    squats = samples.squatting(180, repetitions=2)
    figures = measure(
        [recording(squats, ("squat",), ((0, 180),)), recording(squats, ("lunge", "lunge")), recording(squats)]
    )
    assert (figures.right_number, figures.right_exercise) == (0.5, 0.5)
    assert (figures.matched, figures.edge_error_s) == (0, None)
    assert figures.refused == 0
    assert figures.wrong == ("made", "made", "made")


def test_table_leaves_open_what_is_not_known():
    lines = table({"a": measure([recording(samples.squatting(90, depth_degrees=0.0))])}).splitlines()
    assert lines[-1] == "| a | 1 | 0 |  |  |  |  | 100.0% |"


def test_sources(tmp_path, capsys):
    with (tmp_path / "squat.json").open("wb") as file:
        write_exfb_json(PoseSequence(samples.squatting(), 30.0), file)
    (tmp_path / "notes.txt").write_text("no motion")
    assert [one.name for one in load_whole(f"other:{tmp_path}")] == ["squat.json"]
    assert main(["--json", "--data", f"one:squat:{tmp_path / 'squat.json'}", "sim-other:0:2"]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert figures[f"one:squat:{tmp_path / 'squat.json'}"]["right_exercise"] == 1
    assert figures["sim-other:0:2"]["recordings"] == 2


@pytest.mark.parametrize(
    "source", ["nowhere", "other:nowhere", "rmd:nowhere", "one:bow:x.json", "irds:nowhere", "sim:x:1"]
)
def test_a_source_that_is_not_there_ends_the_command(source, capsys):
    assert main(["--data", source]) == 2
    assert capsys.readouterr().err
