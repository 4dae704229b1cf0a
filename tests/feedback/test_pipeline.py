"""From a file to a result with real networks, and that the web process never loads them."""

import io
import json
import shutil
import subprocess
import sys

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from feedback.models import ModelRelease
from feedback.pipeline import AnalysisFailure, analyse_file, predictor_of
from feedback.releases import find_release
from ml.manifest import DEFAULT_RELEASE, MANIFEST_NAME, ReleaseError, release_folder
from tests.motions import pose_bytes, squats
from tests.releases import write_untrained_release

needs_default_release = pytest.mark.skipif(
    not (release_folder(DEFAULT_RELEASE) / MANIFEST_NAME).is_file(), reason="needs the shipped release"
)


@pytest.fixture(scope="module")
def release(tmp_path_factory):
    return write_untrained_release(tmp_path_factory.mktemp("releases") / "untrained")


def test_a_file_becomes_repetitions(release):
    result = analyse_file(io.BytesIO(pose_bytes()), "squat", release)
    assert [found.exercise for found in result.repetitions] == ["squat", "squat"]
    assert len(result.performed) == len(squats())


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty_file"),
        (b"\x80\x04\x95", "unsafe_format"),
        (b"not a recording at all", "unknown_format"),
        (pose_bytes()[:3000], "truncated"),
        (pose_bytes(squats().cut(0, 1)), "too_few_frames"),
        (pose_bytes(squats(depth=0.0)), "no_repetition_found"),
    ],
)
def test_a_recording_that_cannot_be_used_is_named(release, data, code):
    with pytest.raises(AnalysisFailure) as failed:
        analyse_file(io.BytesIO(data), None, release)
    assert failed.value.code == code
    assert failed.value.message


def test_an_unusable_release_is_named(release, tmp_path):
    for folder in (tmp_path / "absent", shutil.copytree(release, tmp_path / "untrained")):
        if folder.is_dir():
            (folder / "network.safetensors").write_bytes(b"")
        with pytest.raises(AnalysisFailure) as failed:
            analyse_file(io.BytesIO(pose_bytes()), None, folder)
        assert failed.value.code == "release_unusable"


def test_a_release_of_a_version_that_measures_otherwise_is_named(release, tmp_path, monkeypatch):
    """Retrying could not help, and would end as an internal error."""
    monkeypatch.setattr("ml.release.N_FEATURES", 999)
    with pytest.raises(AnalysisFailure, match="999") as failed:
        analyse_file(io.BytesIO(pose_bytes()), None, shutil.copytree(release, tmp_path / "other"))
    assert failed.value.code == "release_unusable"


def test_networks_are_loaded_once_and_again_when_the_release_changes(release, tmp_path):
    folder = shutil.copytree(release, tmp_path / "untrained")
    first = predictor_of(folder)
    assert predictor_of(folder) is first
    manifest = json.loads((folder / MANIFEST_NAME).read_text())
    (folder / MANIFEST_NAME).write_text(json.dumps(manifest | {"temperature": 2.0}))
    assert predictor_of(folder).release.manifest.temperature == 2.0


def test_the_web_process_never_loads_torch():
    script = """
import django; django.setup()
import sys
from django.core.handlers.wsgi import WSGIHandler
from django.urls import get_resolver
from exfb_site.celery import app
import feedback.services, patients.services
WSGIHandler()
get_resolver()._populate()
app.loader.import_default_modules()
print("torch" in sys.modules)
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.stdout.strip() == "False", done.stderr


def printed(*arguments: str, **options: object) -> str:
    out = io.StringIO()
    call_command(*arguments, stdout=out, **options)
    return out.getvalue()


@pytest.fixture
def squat_file(tmp_path):
    path = tmp_path / "squats.json"
    path.write_bytes(pose_bytes())
    return path


def test_analyse_prints_an_object_for_programs(squat_file, release):
    shown = json.loads(printed("analyse", str(squat_file), exercise="squat", release=str(release), json=True))
    assert shown["recording"] == {
        "frames": 180,
        "frame_rate": 30.0,
        "format": "exfb_json",
        "skeleton": "ec3d_19",
    }
    assert (shown["exercise"], shown["release"]) == ("squat", "untrained")
    assert [found["index"] for found in shown["repetitions"]] == [1, 2]
    for found in shown["repetitions"]:
        assert list(found) == [
            "index",
            "start_frame",
            "end_frame",
            "finding",
            "probability",
            "probabilities",
            "abstained",
            "correction",
        ]
        assert sum(found["probabilities"].values()) == pytest.approx(1)
        assert found["probability"] == found["probabilities"][found["finding"]]
        if found["correction"] is not None:
            assert list(found["correction"]) == ["verified", "largest_shift_m", "joints"]


def test_analyse_prints_a_table_for_people(squat_file, release):
    lines = printed("analyse", str(squat_file), exercise="squat", release=str(release)).splitlines()
    assert lines[0] == "squat, 6.0 s (180 frames at 30 Hz, exfb_json), release untrained"
    assert len(lines) == 4


def test_analyse_says_what_is_wrong(tmp_path, release):
    bad = tmp_path / "bad.json"
    bad.write_bytes(b"")
    with pytest.raises(CommandError, match="empty"):
        printed("analyse", str(bad), release=str(release))
    with pytest.raises(CommandError, match="cannot be opened: No such file"):
        printed("analyse", str(tmp_path / "absent"), release=str(release))
    with pytest.raises(CommandError, match="no release 'absent'"):
        printed("analyse", str(bad), release="absent")


def test_a_release_is_installed_and_activated_from_the_command_line(db, release):
    assert printed("install_release", str(release)) == "untrained: installed, not active, 11 classes\n"
    assert printed("install_release", str(release), activate=True) == "untrained: active, 11 classes\n"
    assert find_release(None) == release
    with pytest.raises(CommandError, match="no release"):
        printed("install_release", "/nowhere")


def test_the_published_weights_become_a_release(db, shared, tmp_path, monkeypatch):
    monkeypatch.setattr("feedback.releases.LOCAL_RELEASES", tmp_path)
    monkeypatch.setattr("feedback.management.commands.import_published.LOCAL_RELEASES", tmp_path)
    weights = str(shared / "reference" / "Ours.pt")
    assert printed("import_published", weights).startswith("published: ")
    assert ModelRelease.objects.get().classes[5] == "squat.correct_bis"
    assert find_release("published") == tmp_path / "published"
    with pytest.raises(CommandError, match="already"):
        printed("import_published", weights)
    with pytest.raises(CommandError, match="slash"):
        printed("import_published", weights, name="../elsewhere")


def test_a_name_that_is_no_release_is_refused():
    with pytest.raises(ReleaseError):
        find_release("nothing")


@needs_default_release
@pytest.mark.parametrize("video", ["vid_012", "vid_033"])
def test_a_real_recording_is_analysed_by_the_shipped_release(shared, video):
    """Five repetitions each, of a squat and of a lunge, as the data set's own table says."""
    with (shared / "data" / "rmd" / f"{video}_joints.csv").open("rb") as file:
        result = analyse_file(file, None, release_folder(DEFAULT_RELEASE))
    assert result.exercise == {"vid_012": "squat", "vid_033": "lunge"}[video]
    assert len(result.repetitions) == 5
