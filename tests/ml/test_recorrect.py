"""The correction branch is taught anew; what is named, the judge and the thresholds stay as they are."""

from dataclasses import replace

import pytest
import torch

from ml.calibration import run
from ml.catalogue import CODES
from ml.datasets import load
from ml.encoding import encode
from ml.losses import correction_distance
from ml.model import FeedbackNetwork, NetworkConfig
from ml.recorrect import (
    ANEW,
    CorrectionOptions,
    fit_linear_correction,
    learned_by,
    main,
    recorrect,
    uncorrecting,
)
from ml.release import DEFAULT_RELEASE, load_release, write_release
from ml.training_set import simulate_training_set


def off(network, examples, *, baseline):
    """How far corrections are from the true ones, metres."""
    examples = examples if baseline else examples.visible
    change = run(network, examples, baseline=baseline).change
    return float(correction_distance(change, examples.changes, examples.legs).mean())


@pytest.fixture(scope="module")
def again(tmp_path_factory):
    out = tmp_path_factory.mktemp("releases") / "again"
    few = ["--people", "2", "--linear-people", "3", "--epochs", "1", "--workers", "1"]
    assert main(["--out", str(out), *few]) == 0
    return load_release(out)


def test_names_stay_and_corrections_are_others(again):
    base = load_release(DEFAULT_RELEASE)
    x = torch.from_numpy(encode([repetition.sequence for repetition in load("sim:5:1")]))
    with torch.inference_mode():
        before, after = base.network(x), again.network(x)
    torch.testing.assert_close(after.log_probabilities, before.log_probabilities, rtol=0, atol=0)
    assert (after.change - before.change).abs().max() > 0.01
    assert again.manifest.thresholds == base.manifest.thresholds
    assert again.manifest.learned_from == base.manifest.learned_from
    assert again.manifest.files["judge.safetensors"] == base.manifest.files["judge.safetensors"]


def test_the_release_says_how_it_was_made_and_how_good_it_is(again):
    assert again.manifest.metrics["correction"]["people"] == 2
    assert again.manifest.metrics["correction"]["distance_on_learned_people_m"] > 0
    assert "corrections anew on simulated motion: 3 people" in again.manifest.trained_on[-1]
    assert again.manifest.metrics["unseen_simulated_people_with_baseline"]["people"] == 2


def test_recordings_that_the_base_learned_from_are_learned_beside_the_simulated(tmp_path):
    base, recorded = load_release(DEFAULT_RELEASE), load("sim:5:1:3")
    known = {"repetitions": [one.fingerprint for one in recorded]}
    base = replace(base, manifest=replace(base.manifest, learned_from=known))
    options = CorrectionOptions(people=2, linear_people=2, epochs=6, workers=1)
    with_them = recorrect(base, options, tmp_path / "with", recorded)
    without = recorrect(base, options, tmp_path / "without")
    x = torch.from_numpy(encode([one.sequence for one in recorded]))
    with torch.inference_mode():
        assert (with_them.network(x).change - without.network(x).change).abs().max() > 1e-3
    assert with_them.manifest.trained_on[-1].endswith(f"and {len(recorded)} recorded repetitions")
    assert [line for line in with_them.manifest.trained_on if line.startswith(ANEW)] == [
        with_them.manifest.trained_on[-1]
    ]


def test_what_the_branch_leaves_is_fitted_by_what_is_linear(again):
    learned = simulate_training_set(0, 6, 1)
    network = uncorrecting(again.network)
    before = {baseline: off(network, learned, baseline=baseline) for baseline in (False, True)}
    fit_linear_correction(network, learned)
    for baseline, was in before.items():
        assert off(network, learned, baseline=baseline) < 0.7 * was


def test_a_network_that_has_corrections_begins_them_anew(again):
    assert again.network.config.n_linear == len(CODES)
    assert again.network.linear_correction.beside.outwards.any()
    x = torch.from_numpy(encode([repetition.sequence for repetition in load("sim:5:1")]))
    with torch.inference_mode():
        assert again.network(x).change.any()
        assert not uncorrecting(again.network)(x).change.any()


def test_what_the_base_did_not_learn_from_is_left_out():
    base, recorded = load_release(DEFAULT_RELEASE), load("sim:5:1")
    known = {"repetitions": [one.fingerprint for one in recorded[2:]]}
    base = replace(base, manifest=replace(base.manifest, learned_from=known))
    assert learned_by(base, recorded) == recorded[2:]


def test_recordings_that_the_base_never_saw_are_refused(tmp_path, capsys):
    assert main(["--data", "sim:5:1", "--out", str(tmp_path / "new")]) == 2
    assert "adapt it to them first" in capsys.readouterr().err


def test_a_folder_that_exists_is_refused_before_any_work(tmp_path, capsys):
    (tmp_path / "there").mkdir()
    assert main(["--out", str(tmp_path / "there")]) == 2
    assert "There is already a release" in capsys.readouterr().err


def test_a_release_of_other_classes_is_refused(tmp_path, capsys):
    network = FeedbackNetwork(NetworkConfig(classes=("row.correct", "row.bent"), n_hidden=4))
    other = write_release(tmp_path / "other", network=network)
    assert other.judge is None
    assert main(["--base", str(tmp_path / "other"), "--out", str(tmp_path / "new")]) == 2
    assert "does not have the classes of the simulator" in capsys.readouterr().err
