"""What of a correction is linear: fitted in closed form, weighed by class, safe from faults of a sensor."""

import pytest
import torch

from ml.linear_correction import (
    FARTHEST,
    N_MOVED_SLOWEST,
    N_SEEN_SLOWEST,
    RANK,
    LeastSquares,
    LinearCorrection,
    LinearMaps,
    linear_inputs,
)
from ml.model import FeedbackNetwork, NetworkConfig

CLASSES = ("squat.correct", "squat.wide", "sumo.correct")


def drawn(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


@pytest.fixture
def correction():
    made = LinearCorrection(2, 5, 3)
    for i, buffer in enumerate(made.buffers()):
        buffer.copy_(drawn(*buffer.shape, seed=i))
    return made


def fitted(x, y, rank, ridge=0.01):
    fit = LeastSquares(x.shape[1], y.shape[1])
    for part in torch.arange(len(x)).split(7):
        fit.add(x[part], y[part])
    inwards, outwards, offset = fit.fitted(rank, ridge)
    return x @ inwards @ outwards + offset


def test_it_finds_a_linear_function_of_low_rank():
    x = drawn(400, 6) + 3
    y = x @ drawn(6, 2, seed=1) @ drawn(2, 9, seed=2) + drawn(9, seed=3)
    left = y - fitted(x, y, rank=2)
    assert left.abs().mean() < 0.05 * (y - y.mean(0)).abs().mean()
    torch.testing.assert_close(left.mean(0), torch.zeros(9), atol=1e-4, rtol=0)
    assert (y - fitted(x, y, rank=1)).square().sum() > 1.5 * left.square().sum()


def test_a_rank_that_is_high_enough_leaves_the_ridge_regression():
    x, y = drawn(60, 4), drawn(60, 3, seed=1)
    x0, y0 = x - x.mean(0), y - y.mean(0)
    drawn_to_zero = 0.3 * x.var(0, correction=0).mean() * 60 * torch.eye(4)
    weights = torch.linalg.solve(x0.T @ x0 + drawn_to_zero, x0.T @ y0)
    torch.testing.assert_close(
        fitted(x, y, rank=3, ridge=0.3), y.mean(0) + x0 @ weights, atol=1e-5, rtol=1e-4
    )


def test_classes_count_as_much_as_they_are_believed():
    maps = LinearMaps(2, 4, 5)
    for i, buffer in enumerate(maps.buffers()):
        buffer.copy_(drawn(*buffer.shape, seed=i))
    x = drawn(3, 4, seed=9)
    first, second = (maps(x, torch.eye(2)[[i] * 3]) for i in (0, 1))
    torch.testing.assert_close(maps(x, torch.tensor([[0.3, 0.7]] * 3)), 0.3 * first + 0.7 * second)
    torch.testing.assert_close(first, x @ maps.inwards[0] @ maps.outwards[0] + maps.offset[0])


def test_who_has_a_baseline_is_corrected_by_it(correction):
    features, told = drawn(4, 5, 2 * 9 + 1), torch.ones(4, 3)
    features[..., -1] = torch.tensor([0.0, 1.0, 0.0, 1.0])[:, None]
    other = features.clone()
    other[..., 9:18] += 1  # how it differs from the baseline
    changed = (correction(other, told) - correction(features, told)).abs().amax((1, 2)) > 1e-3
    assert changed.tolist() == [False, True, False, True]
    assert correction(features, told).shape == (4, 3, N_MOVED_SLOWEST)
    alone = correction(features[:1], told[:1])
    torch.testing.assert_close(alone, correction(features, told)[:1])


def test_what_a_sensor_gets_wrong_does_not_blow_up(correction):
    features = torch.zeros(1, 5, 19)
    features[0, 2, 0] = FARTHEST
    lost = features.clone()
    lost[0, 2, 0] = 1000
    told = torch.ones(1, 2)
    torch.testing.assert_close(correction(lost, told), correction(features, told))


def test_it_sees_the_slowest_coefficients():
    features = torch.zeros(1, 5, 2 * 25 + 1)
    features[..., N_SEEN_SLOWEST:25] = 1
    features[..., 25 + N_SEEN_SLOWEST :] = 1
    assert not linear_inputs(features, beside=True).any()
    features[..., 25] = 2
    assert linear_inputs(features, beside=True).sum() == 10
    assert not linear_inputs(features, beside=False).any()


def test_a_new_network_corrects_as_without_and_then_by_both():
    torch.manual_seed(0)
    config = NetworkConfig(classes=CLASSES, n_hidden=8, baseline=True, n_linear=2)
    network = FeedbackNetwork(config).eval()
    x, label = drawn(2, 57, 25), torch.tensor([1, 2])
    with torch.inference_mode():
        assert not network(x, label=label).change.any()
        network.linear_correction.alone.offset[1] = 1.0
        change = network(x, label=label).change
    assert torch.equal(change[0, :, :N_MOVED_SLOWEST], torch.ones(57, N_MOVED_SLOWEST))
    assert not change[0, :, N_MOVED_SLOWEST:].any()
    assert not change[1].any()  # a class that was taught later has none
    assert network.linear_correction.alone.inwards.shape[2] == RANK


@pytest.mark.parametrize("fields", [{"n_linear": 4, "baseline": True}, {"n_linear": 2}])
def test_it_asks_for_baselines_and_classes(fields):
    with pytest.raises(ValueError, match="linear corrections"):
        NetworkConfig(classes=CLASSES, **fields)
