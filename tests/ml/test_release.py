"""A release is written whole or not at all, and nothing but a whole, unchanged one is loaded."""

import json

import pytest
import torch
from safetensors.torch import load_file, save_file

from ml.familiarity import Familiarity
from ml.judge import JudgeConfig, JudgeNetwork
from ml.manifest import DEFAULT_RELEASE, RELEASES, sha256
from ml.model import FeedbackNetwork, NetworkConfig
from ml.release import ReleaseError, load_release, read_manifest, write_release

CLASSES = ("squat.correct", "squat.knees_inward")


def write(folder, **more):
    network = FeedbackNetwork(NetworkConfig(classes=CLASSES, n_hidden=8))
    judge = JudgeNetwork(JudgeConfig(classes=CLASSES, n_hidden=4))
    return write_release(folder, network=network, judge=judge, familiarity=Familiarity(2, 57), **more)


@pytest.fixture
def release(tmp_path):
    return write(tmp_path / "first", thresholds={"confidence": 0.5}, metrics={"macro": 0.9}, temperature=1.5)


def change_manifest(folder, **fields):
    path = folder / "release.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | fields))


def test_what_is_loaded_is_what_was_written(release, tmp_path):
    again = load_release(tmp_path / "first")
    assert again.manifest == release.manifest
    assert again.manifest.thresholds == {"confidence": 0.5}
    assert again.manifest.temperature == 1.5
    assert again.classes == CLASSES
    assert not again.network.training
    for part, other in zip(again.parts().values(), release.parts().values(), strict=True):
        for key, value in part.state_dict().items():
            torch.testing.assert_close(value, other.state_dict()[key], rtol=0, atol=0)


def test_folder_holds_only_the_release(release, tmp_path):
    assert [path.name for path in tmp_path.iterdir()] == ["first"]
    names = {path.name for path in (tmp_path / "first").iterdir()}
    assert names == {"release.json", *release.manifest.files}


def test_nothing_is_left_of_a_release_that_failed(tmp_path, monkeypatch):
    monkeypatch.setattr("ml.release.sha256", lambda path: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        write(tmp_path / "first")
    assert list(tmp_path.iterdir()) == []


def test_none_is_overwritten(release, tmp_path):
    with pytest.raises(ReleaseError) as error:
        write(tmp_path / "first")
    assert error.value.code == "exists"


@pytest.mark.parametrize("name", ["No Spaces", ".hidden", "ü"])
def test_names_are_plain(name, tmp_path):
    with pytest.raises(ReleaseError) as error:
        write(tmp_path / name)
    assert error.value.code == "bad_name"


@pytest.mark.parametrize("file", ["network.safetensors", "judge.safetensors", "familiarity.safetensors"])
def test_changed_or_missing_weights_are_refused(release, tmp_path, file):
    path = tmp_path / "first" / file
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    assert load_code(tmp_path / "first") == "corrupt"
    path.unlink()
    assert load_code(tmp_path / "first") == "corrupt"


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"format_version": 99}, "unsupported_version"),
        ({"kind": "other"}, "bad_manifest"),
        ({"temperature": 0}, "bad_manifest"),
        ({"thresholds": {"confidence": "high"}}, "bad_manifest"),
        ({"judge": {}}, "bad_manifest"),
        ({"network": {"classes": CLASSES, "n_hidden": -8}}, "bad_manifest"),
        ({"surprise": 1}, "bad_manifest"),
        ({"files": {}}, "bad_manifest"),
        ({"network": {}}, "bad_manifest"),
        ({"network": {"classes": ["one"]}}, "wrong_classes"),
        ({"network": {"classes": ["squat.correct", "squat.correct"]}}, "bad_manifest"),
        ({"network": {"classes": CLASSES, "n_hidden": 16}}, "wrong_weights"),
        ({"judge": {"classes": CLASSES[::-1]}}, "wrong_classes"),
    ],
)
def test_wrong_manifest_is_refused(release, tmp_path, fields, code):
    change_manifest(tmp_path / "first", **fields)
    assert load_code(tmp_path / "first") == code


@pytest.mark.parametrize(
    ("network", "more", "message"),
    [
        ({}, {"judge": JudgeNetwork(JudgeConfig(classes=CLASSES, n_features=10))}, "10 features"),
        ({"n_coefficients": 20}, {}, "57 x 20 numbers"),
        ({"n_nodes": 51}, {}, "51 x 25 numbers"),
        ({}, {"judge": JudgeNetwork(JudgeConfig(classes=CLASSES)), "kind": "published"}, "judge of its own"),
    ],
)
def test_parts_that_do_not_fit_this_code_are_not_written(tmp_path, network, more, message):
    made = FeedbackNetwork(NetworkConfig(classes=CLASSES, **{"n_hidden": 8} | network))
    with pytest.raises(ReleaseError, match=message) as error:
        write_release(tmp_path / "other", network=made, **more)
    assert error.value.code == "unfit"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["N_FEATURES", "N_COEFFICIENTS"])
def test_a_whole_release_of_a_version_that_measures_otherwise_is_refused(
    release, tmp_path, monkeypatch, name
):
    monkeypatch.setattr(f"ml.release.{name}", 999)
    with pytest.raises(ReleaseError, match="999.*Train it again") as error:
        load_release(tmp_path / "first")
    assert error.value.code == "unfit"


def test_no_json_is_refused(release, tmp_path):
    (tmp_path / "first" / "release.json").write_text("{")
    assert load_code(tmp_path / "first") == "bad_manifest"


def test_absent_release_is_named():
    with pytest.raises(ReleaseError, match="nowhere") as error:
        load_release("nowhere")
    assert error.value.code == "not_found"


def test_weights_that_are_no_numbers_are_refused(release, tmp_path):
    path = tmp_path / "first" / "network.safetensors"
    state = load_file(path)
    state["correction.out.bias"][0] = torch.nan
    save_file(state, path)
    change_manifest(tmp_path / "first", files=release.manifest.files | {path.name: sha256(path)})
    assert load_code(tmp_path / "first") == "wrong_weights"


def test_manifest_can_be_read_alone(release, tmp_path):
    assert read_manifest(tmp_path / "first").classes == CLASSES


def load_code(folder):
    with pytest.raises(ReleaseError) as error:
        load_release(folder)
    return error.value.code


def test_what_is_shipped_is_one_release_of_at_most_five_megabytes():
    assert [path.name for path in RELEASES.iterdir()] == [DEFAULT_RELEASE]
    assert sum(path.stat().st_size for path in RELEASES.rglob("*") if path.is_file()) <= 5_000_000
