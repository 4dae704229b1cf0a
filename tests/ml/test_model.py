"""The network: what it tells its correction branch, and that no repetition depends on its company."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.model import FeedbackNetwork, NetworkConfig, joined
from ml.trajectories import N_ANGLES

CLASSES = ("squat.correct", "squat.knees_inward", "squat.front_bent")


def network(**more):
    torch.manual_seed(0)
    made = FeedbackNetwork(NetworkConfig(classes=CLASSES, n_hidden=8, **more)).double()
    torch.nn.init.normal_(made.correction.out.weight)  # an untrained network changes nothing
    made(inputs(16))  # gives the batch normalisations statistics of their own
    return made.eval()


def inputs(n, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(n, 57, 25, generator=generator, dtype=torch.double)


def test_untrained_network_changes_nothing():
    made = FeedbackNetwork(NetworkConfig(classes=CLASSES, n_hidden=8)).double().eval()
    assert made(inputs(4)).change.abs().max() == 0


def test_shapes_and_probabilities():
    output = network()(inputs(5))
    assert output.change.shape == (5, 57, 25)
    torch.testing.assert_close(output.log_probabilities.exp().sum(1), torch.ones(5, dtype=torch.double))


@settings(max_examples=15, deadline=None)
@given(st.integers(2, 9), st.integers(0, 10**6), st.sampled_from(["probabilities", "argmax"]))
def test_result_does_not_depend_on_what_shares_the_batch(n, seed, feedback):
    made, x = network(feedback=feedback), inputs(n, seed)
    with torch.inference_mode():
        together, alone = made(x), made(x[:1])
    torch.testing.assert_close(together.log_probabilities[:1], alone.log_probabilities)
    torch.testing.assert_close(together.change[:1], alone.change)


def features(made, x):
    return made._features(made.seen(x), *made._difference(x, made.seen(x), None))


def test_members_are_heard_alike():
    made, x = network(n_members=3), inputs(4)
    alone = [made.classification(made.shared(features(made, x)))]
    alone += [member(features(made, x)) for member in made.further_members]
    assert not torch.allclose(alone[0], alone[1])
    together = made(x).log_probabilities
    torch.testing.assert_close(together, torch.stack(alone).mean(0).log_softmax(1))
    torch.testing.assert_close(together.exp().sum(1), torch.ones(4, dtype=torch.double))


def test_networks_that_are_joined_name_as_the_mean_of_them_and_correct_as_the_first():
    alone, x = [network().float() for _ in range(3)], inputs(4).float()
    for i, one in enumerate(alone):
        torch.nn.init.normal_(one.classification.linear.weight, std=i + 1)
    together = joined(alone)
    assert together.config.n_members == 3
    mean = torch.stack([one(x).log_probabilities for one in alone]).mean(0).log_softmax(1)
    torch.testing.assert_close(together(x).log_probabilities, mean)
    told = torch.ones(4, dtype=torch.long)
    torch.testing.assert_close(together(x, label=told).change, alone[0](x, label=told).change)


def test_naming_alone_says_what_naming_and_correcting_says():
    made, x = network(n_members=2), inputs(3)
    torch.testing.assert_close(made.named(x), made(x).log_probabilities, rtol=0, atol=0)


def test_each_member_learns_as_if_it_were_alone():
    made, x, labels = network(n_members=2, dropout=0.0).train(), inputs(4), torch.tensor([0, 1, 2, 0])
    weight = made.further_members[0][1].linear.weight
    together = torch.nn.functional.nll_loss(made(x).log_probabilities, labels)
    alone = torch.nn.functional.nll_loss(made.further_members[0](features(made, x)), labels)
    torch.testing.assert_close(
        2 * torch.autograd.grad(together, weight)[0], torch.autograd.grad(alone, weight)[0]
    )


def test_correction_branch_hears_the_label():
    made, x = network(), inputs(3)
    changes = [made(x, label=torch.full((3,), label)).change for label in range(3)]
    assert not torch.allclose(changes[0], changes[1])
    assert not torch.allclose(changes[1], changes[2])


def test_negative_label_means_the_networks_own_belief():
    made, x = network(), inputs(3)
    mixed = made(x, label=torch.tensor([-1, 2, -1])).change
    own, taught = made(x).change, made(x, label=torch.full((3,), 2)).change
    torch.testing.assert_close(mixed, torch.stack([own[0], taught[1], own[2]]))


def test_published_feedback_is_the_likeliest_class_alone():
    made, x = network(feedback="argmax"), inputs(4)
    likeliest = made(x).log_probabilities.argmax(1)
    torch.testing.assert_close(made(x).change, made(x, label=likeliest).change)


@pytest.mark.parametrize(("feedback", "passes"), [("probabilities", True), ("argmax", False)])
def test_only_probabilities_teach_the_classes_through_the_correction(feedback, passes):
    made = network(feedback=feedback)
    made(inputs(4)).change.square().sum().backward()
    gradient = made.classification.linear.weight.grad
    assert (gradient is not None and bool(gradient.abs().sum() > 0)) == passes


def test_standardising_takes_units_out():
    made, x = network(), inputs(64) * 30 + 7
    made.standardise_by(x, 0.1 * x)
    scaled = (x - made.input_mean) / made.input_scale
    assert scaled.std() == pytest.approx(1, abs=0.05)
    assert scaled.mean() == pytest.approx(0, abs=1e-6)
    assert (0.1 * x / made.change_scale).square().mean() == pytest.approx(1, abs=0.05)


def test_coefficient_that_never_varies_is_not_blown_up():
    made = network()
    nothing = torch.zeros(10, 57, 25, dtype=torch.double)
    made.standardise_by(nothing, nothing)
    assert made.input_scale.min() == made.change_scale.min() == pytest.approx(0.02)


@pytest.mark.parametrize(
    "fields",
    [
        {"classes": ("one",)},
        {"classes": ("a", "a")},
        {"classes": CLASSES, "feedback": "loud"},
        {"classes": CLASSES, "n_hidden": 7},
        {"classes": CLASSES, "n_nodes": 56},
        {"classes": CLASSES, "n_members": 0},
    ],
)
def test_impossible_configuration_is_refused(fields):
    with pytest.raises(ValueError):
        NetworkConfig(**fields)


def test_baseline_tells_only_a_network_that_takes_one():
    x, own = inputs(4), inputs(4, seed=1)
    deaf, hearing = network(), network(baseline=True)
    torch.testing.assert_close(deaf(x, baseline=own).change, deaf(x).change)
    assert not torch.allclose(hearing(x, baseline=own).change, hearing(x).change)


def test_no_baseline_is_one_of_nothing_and_concerns_nobody_else():
    made, x, own = network(baseline=True), inputs(4), inputs(4, seed=1)
    some = own.clone()
    some[1:3] = torch.nan
    mixed, without, beside = made(x, baseline=some), made(x), made(x, baseline=own)
    torch.testing.assert_close(mixed.change[1:3], without.change[1:3])
    torch.testing.assert_close(mixed.change[0], beside.change[0])
    assert mixed.log_probabilities.isfinite().all()


def test_angles_are_further_nodes_that_are_not_corrected():
    made, x = network(angles=True, baseline=True), inputs(4)
    assert made.input_mean.shape == (57 + N_ANGLES, 25)
    assert made(x, baseline=inputs(4, seed=1)).change.shape == x.shape


def test_a_repetition_like_the_baseline_is_not_one_without():
    made, x = network(baseline=True), inputs(4)
    assert not torch.allclose(made(x, baseline=x).log_probabilities, made(x).log_probabilities)
