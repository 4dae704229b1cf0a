"""The ablation trains every variant and prints one row for each."""

import json

import pytest
import torch

from ml.ablation import COLUMNS, VARIANTS, AsSimulated, Steady, TwoDimensional, main
from ml.model import NetworkConfig
from ml.training_set import TrainingSet, simulate_training_set


def test_command_prints_a_row_for_each_variant(tmp_path, capsys):
    out = tmp_path / "found.json"
    small = ["--people", "4", "--epochs", "1", "--seeds", "2", "--hidden", "8"]
    assert main([*small, "--data", "sim:1:1", "--json", str(out)]) == 0
    printed = capsys.readouterr().out
    found = json.loads(out.read_text())
    assert list(found) == [variant.name for variant in VARIANTS]
    for name, runs in found.items():
        assert name in printed
        assert len(runs) == 2
        assert list(runs[0])[: len(COLUMNS)] == list(COLUMNS)
        assert "sim cold" in runs[0]


def test_unknown_data_are_refused_before_any_work(capsys):
    assert main(["--data", "nowhere:1"]) == 2
    assert "names no data set" in capsys.readouterr().err


def test_published_transform_sees_frequencies_over_joints_and_gives_joints():
    torch.manual_seed(0)
    network = TwoDimensional(NetworkConfig(classes=("a", "b"), n_hidden=8, dropout=0.0)).eval()
    torch.nn.init.normal_(network.correction.out.bias[:1], std=1.0)
    change = network(torch.randn(2, 57, 25)).change
    assert change.shape == (2, 57, 25)


@pytest.mark.parametrize("kind", [None, AsSimulated])
def test_only_examples_as_simulated_are_seen_alike_twice(kind):
    examples = simulate_training_set(0, 1, 1)
    chosen = examples if kind is None else kind(**vars(examples)).chosen(torch.arange(4))
    same = torch.equal(chosen.seen_otherwise().inputs, chosen.inputs)
    assert same == (kind is AsSimulated)


def test_only_steady_examples_do_not_shake():
    torch.manual_seed(0)
    examples = simulate_training_set(0, 1, 1)

    def quick(kind):
        return kind(**vars(examples)).chosen(torch.arange(22)).shaken().inputs[..., -5:].std()

    assert quick(TrainingSet) > 1.5 * quick(Steady)
