"""Recordings of something else are met with silence, and the command says how often."""

import pytest

from ml.abstention import main, silence
from ml.datasets import load
from ml.inference import Predictor
from ml.release import DEFAULT_RELEASE, load_release
from ml.whole_recordings import load_whole


@pytest.fixture(scope="module")
def predictor():
    return Predictor(load_release(DEFAULT_RELEASE))


def test_what_is_said_of_squats_is_not_counted_as_silence(predictor):
    motions = [one.sequence for one in load("sim:3:1") if one.labels[0] == "squat.not_low_enough"]
    assert silence(predictor, motions) == (1, 0, 0, 1, 0)


def test_of_noise_nothing_is_said(predictor, capsys):
    recordings = [whole.sequence for whole in load_whole("noise:0:6")]
    row = silence(predictor, recordings)
    assert row.n == row.refused + row.abstained
    assert main(["--data", "noise:0:6"]) == 0
    assert f"noise:0:6: {row.n} recordings, nothing said of 100.0 %" in capsys.readouterr().out


def test_a_source_of_exercises_is_refused(capsys):
    assert main(["--data", "sim:0:1"]) == 2
    assert "holds no recording of something else" in capsys.readouterr().err
