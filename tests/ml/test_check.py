"""`python -m ml.poses check`: what is said of files that are read, refused, or not there."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from ml import check
from ml.poses.errors import PoseFormatError
from tests.ml.poses import samples

ROOT = Path(__file__).resolve().parents[2]
KEYS = [
    "file",
    "format",
    "skeleton",
    "frames",
    "frame_rate",
    "inferred",
    "quality",
    "exercise",
    "repetitions",
]


@pytest.fixture
def squats(tmp_path: Path) -> Path:
    path = tmp_path / "squats.trc"
    path.write_bytes(samples.trc(samples.squatting(270, repetitions=3), unit="mm"))
    return path


@pytest.fixture
def pixels(tmp_path: Path) -> Path:
    path = tmp_path / "pixels.zip"
    path.write_bytes(samples.openpose_zip(flat=True))
    return path


def test_a_recording_is_described(squats):
    found = check.report(squats)
    assert [key for key in found if key in KEYS] == KEYS
    assert (found["format"], found["frames"], found["frame_rate"]) == ("trc", 270, 30.0)
    assert (found["quality"], found["exercise"]) == ("good", "squat")
    assert len(found["repetitions"]) == 3
    assert all(0 <= start < end <= 270 for start, end in found["repetitions"])
    assert found["inferred"] == ["axes: y up, from how the body stands"]
    assert found["facts"][1] == {"about": "unit", "value": "mm", "known": "file", "how": ""}
    assert found["faults"] == []
    assert found["person_height"] == pytest.approx((0.42 + 0.42 + 0.5) / 0.779, abs=0.05)


def test_the_command_prints_one_list_and_ends_with_nought(squats, pixels):
    done = subprocess.run(
        [sys.executable, "-m", "ml.poses", "check", "--json", str(squats), str(pixels)],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    first, second = json.loads(done.stdout)
    assert first == check.report(squats)
    assert set(second) == {"file", "error"}
    assert second["error"]["code"] == "not_3d"
    assert second["error"]["code"] in PoseFormatError.CODES


def test_words_for_people(squats, pixels, capsys):
    assert check.main(["check", str(squats), str(pixels)]) == 0
    text = capsys.readouterr().out
    assert "270 at 30 Hz" in text
    assert "squat" in text
    assert re.search(r"repetitions +3  \d+-\d+ \d+-\d+ \d+-\d+", text)
    assert "refused            not_3d" in text
    assert re.search(r"unit +mm, stated in the file", text)
    assert re.search(r"axes +y up, from how the body stands", text)


def test_a_file_that_is_not_there_ends_with_one(tmp_path, squats, capsys):
    assert check.main(["check", "--json", str(tmp_path / "none"), str(tmp_path), str(squats)]) == 1
    found = json.loads(capsys.readouterr().out)
    assert [item.get("error", {}).get("code") for item in found] == ["cannot_open", "cannot_open", None]


def test_a_plank_is_a_plank_and_standing_still_is_nothing(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(samples.npz(samples.planking(300)))
    assert check.report(path)["exercise"] == "plank"
    path.write_bytes(samples.npz(samples.squatting(90, depth_degrees=2.0)))
    found = check.report(path)
    assert (found["exercise"], found["repetitions"]) == (None, [])
    assert "no squat, lunge or plank found" in check.in_words(found)


def test_the_exercise_is_guessed_in_whole_recordings(shared):
    exercises = {"vid_012_joints.csv": "squat", "vid_033_joints.csv": "lunge"}
    for name, exercise in exercises.items():
        assert check.report(shared / "data" / "rmd" / name)["exercise"] == exercise


def test_the_manual_names_every_key(squats, pixels):
    section = (ROOT / "docs" / "formats.md").read_text().split("## Looking into a file")[1].split("\n## ")[0]
    for key in {*check.report(squats), *check.report(pixels)}:
        assert f"`{key}`" in section, key
