"""How far from right: near speaks for correct, far for a mistake, and of whom is measured on others."""

from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.baseline import mirrored
from ml.calibration import fit_deviation
from ml.catalogue import CODES, exercise_of
from ml.datasets import load
from ml.deviation import OTHERS, OWN, Deviation, log_distance
from ml.fine_tune import grown_network, real_examples, seen_by_networks
from ml.model import FeedbackNetwork, NetworkConfig
from ml.train import TrainingOptions
from ml.training_set import simulate_training_set
from tests.ml.test_train import new_network

CLASSES = ("squat.correct", "squat.knees_inward", "lunge.correct", "lunge.knee_passes_toe")


@pytest.fixture(scope="module")
def examples():
    return simulate_training_set(3, 15, 1)


@pytest.fixture(scope="module")
def network(examples):
    torch.manual_seed(0)
    made = new_network(replace(TrainingOptions(), hidden=8, members=1)).eval()
    made.standardise_by(examples.inputs, examples.changes, examples.baseline())
    fit_deviation(made, examples)
    made.requires_grad_(False)
    return made


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.floats(-2, 1), min_size=4, max_size=4),
    st.lists(st.floats(0.2, 1.5), min_size=4, max_size=4),
    st.sampled_from([OTHERS, OWN]),
)
def test_farther_never_speaks_for_correct(expected, spread, row):
    deviation = Deviation(CLASSES, 84).double()
    expected[1] = max(expected[0], expected[1])  # mistakes are not nearer than correct executions
    deviation.expect(row, torch.tensor(expected).double(), torch.tensor(spread).double())
    distances = torch.linspace(-4, 4, 80).double()[:, None].expand(-1, 4)
    said = deviation(distances, torch.full((80,), bool(row)))
    for_a_mistake = said[:, 1] - said[:, 0]
    assert (for_a_mistake.diff() > -1e-9).all()
    assert for_a_mistake[0] <= for_a_mistake[-1]


def test_the_distance_from_others_counts_wholly_only_in_exercises_that_were_taught():
    def told(exercise, row):
        deviation = Deviation((f"{exercise}.correct", f"{exercise}.wrong"), 84)
        deviation.expect(row, torch.tensor([-1.0, 0.0]), torch.ones(2))
        correct, wrong = deviation(torch.zeros(1, 2), torch.tensor([bool(row)]))[0]
        return float(wrong - correct)

    assert told("squat", OTHERS) == pytest.approx(0.25)
    assert told("sit_to_stand", OTHERS) == pytest.approx(0.5)
    assert told("squat", OWN) == told("sit_to_stand", OWN) == pytest.approx(0.5)


def test_a_joint_lost_for_a_moment_does_not_count_for_the_body():
    usual, lost = torch.ones(84, 25), torch.ones(84, 25)
    lost[3, :3] = 1000
    assert 0 < log_distance(lost) - log_distance(usual) < 0.3
    assert log_distance(torch.zeros(84, 25)).isfinite()


def test_mistakes_are_expected_farther_from_right_than_correct_executions(network):
    deviation = network.deviation
    for exercise in ("squat", "lunge", "plank"):
        right = CODES.index(f"{exercise}.correct")
        wrong = [i for i, code in enumerate(CODES) if exercise_of(code) == exercise and i != right]
        for row in (OTHERS, OWN):
            assert deviation.expected[row, wrong].mean() > deviation.expected[row, right]
            assert (deviation.spread[row, wrong] <= deviation.spread[row, right]).all()


def test_distances_are_from_ones_own_way_where_it_is_known(network, examples):
    few = examples.chosen(torch.arange(0, 60))
    some = few.baseline(torch.arange(60) % 4)  # of every fourth none
    distances, own = network.distances(few.inputs, some)
    assert own.tolist() == [i % 4 > 0 for i in range(60)]
    alone, _ = network.distances(few.inputs)
    torch.testing.assert_close(distances[~own], alone[~own])
    assert (distances[own] == distances[own][:, :1]).all()
    nearer = network.distances(few.inputs, few.inputs + 0.01)[0]
    assert (nearer < alone).all()


def test_left_and_right_make_no_difference(network, examples):
    few = examples.chosen(torch.arange(0, 60))
    torch.testing.assert_close(network.distances(mirrored(few.inputs))[0], network.distances(few.inputs)[0])
    said = network.distances(mirrored(few.inputs), mirrored(few.baseline()))[0]
    torch.testing.assert_close(said, network.distances(few.inputs, few.baseline())[0], atol=0.2, rtol=0)


def test_what_is_said_is_weighed_by_how_likely_the_distance_is(network, examples):
    few = examples.chosen(torch.arange(0, 20))
    without = FeedbackNetwork(replace(network.config, deviation=False)).eval()
    without.load_state_dict(network.state_dict(), strict=False)
    with torch.inference_mode():
        alone = without(few.inputs, baseline=few.baseline()).log_probabilities
        both = network(few.inputs, baseline=few.baseline()).log_probabilities
        likely = network.deviation(*network.distances(few.inputs, few.baseline()))
    torch.testing.assert_close(both, (alone + likely).log_softmax(1))
    assert not torch.allclose(both, alone, atol=0.1)


def test_it_asks_for_baselines():
    with pytest.raises(ValueError, match="baselines"):
        NetworkConfig(classes=CLASSES, deviation=True)


def test_what_is_right_in_a_new_exercise_is_learned_from_others(network):
    names = {"squat.correct": "sumo.correct", "squat.not_low_enough": "sumo.too_high"}
    data = [
        replace(r, person=f"p{i // 2 % 3}", labels=(names[r.label],), truth=None)
        for seed in range(3)
        for i, r in enumerate(r for r in load(f"sim:{seed}:3:1") if r.label in names)
    ]
    classes = (*CODES, "sumo.correct", "sumo.too_high")
    real = real_examples(data, classes, seen_by_networks(data))
    grown = grown_network(network, classes, real)
    correct = real.examples.labels == classes.index("sumo.correct")
    distances = grown.distances(real.examples.inputs)[0][:, -1]
    # It is the centre of those that are correct, and a person left out is farther from the others' centre.
    assert distances[correct].mean() < distances[~correct].mean()
    expected = grown.deviation.expected[OTHERS]
    assert expected[-2] > distances[correct].mean()
    for row in (OTHERS, OWN):
        assert grown.deviation.expected[row, -1] > grown.deviation.expected[row, -2]
    # Old classes stay as they were.
    for name in ("centre", "scale"):
        assert torch.equal(getattr(grown.deviation, name)[: len(CODES)], getattr(network.deviation, name))
    assert torch.equal(grown.deviation.expected[:, : len(CODES)], network.deviation.expected)


def test_what_is_known_of_an_exercise_stays_and_a_new_mistake_is_expected_where_others_are(network):
    data = [
        replace(r, labels=("squat.wobbly",) if r.label == "squat.front_bent" else r.labels, truth=None)
        for r in load("sim:1:3:2")
        if r.label in ("squat.correct", "squat.front_bent")
    ]
    classes = (*CODES, "squat.wobbly")
    grown = grown_network(network, classes, real_examples(data, classes, seen_by_networks(data))).deviation
    before, new = network.deviation, len(CODES)
    for name in ("expected", "spread"):
        assert torch.equal(getattr(grown, name)[:, :new], getattr(before, name))
    mistakes = [i for i, c in enumerate(CODES) if c.startswith("squat") and c != "squat.correct"]
    assert torch.equal(grown.centre[new], before.centre[CODES.index("squat.correct")])
    torch.testing.assert_close(grown.expected[:, new], before.expected[:, mistakes].mean(1))


def test_without_a_baseline_a_new_class_says_nothing_of_ones_own_way(network):
    """One correct repetition a person is no baseline of itself."""
    names = {"squat.correct": "sumo.correct", "squat.not_low_enough": "sumo.too_high"}
    data = [
        replace(r, person=f"p{i}", labels=(names[r.label],), truth=None)
        for i, r in enumerate(r for r in load("sim:1:2:1") if r.label in names)
    ]
    classes = (*CODES, "sumo.correct", "sumo.too_high")
    real = real_examples(data, classes, seen_by_networks(data))
    deviation = grown_network(network, classes, real).deviation
    said = deviation(
        torch.linspace(-3, 2, 9)[:, None].expand(-1, len(classes)), torch.ones(9, dtype=torch.bool)
    )
    torch.testing.assert_close(said[:, -1], said[:, -2])
