"""The loss: metres to the true correction, nothing for a perfect one, and a gradient that finds it."""

import numpy as np
import pytest
import torch

from ml.encoding import decode_change, leg_length
from ml.losses import (
    LossWeights,
    acceleration,
    correction_distance,
    distance_at_fault,
    nearest_distance,
    total_loss,
)
from ml.model import NetworkOutput
from tests.ml.test_encoding import repetition

WEIGHTS = LossWeights()


def change_of(seed=0, n=3):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(n, 57, 25, generator=generator, dtype=torch.double) * 0.1


def terms(output_change, target, has_truth=None, label=(0, 1, 0)):
    scores = torch.log_softmax(torch.eye(3, dtype=torch.double)[torch.tensor(label)] * 9, dim=1)
    n = len(output_change)
    known = torch.ones(n, dtype=torch.bool) if has_truth is None else torch.tensor(has_truth)
    return total_loss(
        NetworkOutput(scores, output_change),
        torch.tensor(label),
        torch.zeros(n, 57, 25, dtype=torch.double),
        target,
        known,
        torch.full((n,), 0.9, dtype=torch.double),
        WEIGHTS,
    )


def test_distance_is_in_metres_of_the_world():
    sequence = repetition()
    leg = leg_length(sequence.positions)
    change = np.random.default_rng(0).normal(size=(57, 25)) * 0.01
    many = sequence.with_positions(
        sequence.positions[np.round(np.linspace(0, len(sequence) - 1, 64)).astype(int)]
    )
    in_world = np.linalg.norm(decode_change(change, many.positions), axis=2).mean()
    measured = correction_distance(
        torch.from_numpy(change)[None], torch.zeros(1, 57, 25).double(), torch.tensor([leg]).double()
    )
    assert measured.item() == pytest.approx(in_world, rel=0.01)


def test_perfect_correction_and_class_cost_next_to_nothing():
    target = change_of()
    assert terms(target.clone(), target)["total"].item() < 0.01
    assert terms(target + change_of(1), target)["total"].item() > 0.1


def test_following_the_gradient_finds_the_true_correction():
    target = change_of()
    change = torch.zeros_like(target).requires_grad_()
    optimiser = torch.optim.Adam([change], lr=0.01)
    start = terms(change, target)["correction"].item()
    for _ in range(100):
        optimiser.zero_grad()
        terms(change, target)["total"].backward()
        optimiser.step()
    assert terms(change, target)["correction"].item() < 0.2 * start


def test_where_the_truth_is_unknown_the_nearest_correct_motion_is_wanted():
    target = change_of()
    with_truth, without = [True, True, False], 2
    spoilt = target.clone()
    spoilt[without] += change_of(2)[0]
    good, bad = terms(target, target, with_truth), terms(spoilt, target, with_truth)
    assert bad["correction"].item() == pytest.approx(good["correction"].item())
    assert bad["nearest"].item() > good["nearest"].item() + 1e-4


def test_nearest_distance_is_none_to_itself_and_differentiable():
    motion = change_of().requires_grad_()
    assert nearest_distance(motion, motion.detach()).abs().max().item() < 1e-6
    nearest_distance(motion, change_of(3)).sum().backward()
    assert torch.isfinite(motion.grad).all()
    assert motion.grad.abs().max() > 0


def test_shaking_costs_and_standing_still_does_not():
    still, shaking = torch.zeros(1, 57, 25).double(), torch.zeros(1, 57, 25).double()
    still[:, :, 0], shaking[:, :, 20] = 1, 0.1
    assert acceleration(still).item() < 1e-2
    assert acceleration(shaking).item() > 1


def test_gradient_is_finite_at_a_perfect_correction():
    change = torch.zeros(3, 57, 25, dtype=torch.double, requires_grad=True)
    terms(change, torch.zeros(3, 57, 25, dtype=torch.double))["total"].backward()
    assert torch.isfinite(change.grad).all()


def test_distance_at_fault_counts_only_what_is_to_be_changed():
    true, legs = torch.zeros(1, 57, 25).double(), torch.ones(1).double()
    true[0, 10, 0] = 0.8  # one knee is to go 10 cm to the right, all of the time
    assert distance_at_fault(torch.zeros_like(true), true, legs).item() == pytest.approx(0.1, abs=1e-4)
    assert correction_distance(torch.zeros_like(true), true, legs).item() == pytest.approx(0.1 / 19, abs=1e-4)
    elsewhere = true.clone()
    elsewhere[0, 5, 0] = 0.8
    assert distance_at_fault(elsewhere, true, legs).item() < 1e-4
    assert distance_at_fault(true, torch.zeros_like(true), legs).item() == 0


def test_distance_of_chosen_joints():
    true, legs = torch.zeros(1, 57, 25).double(), torch.ones(1).double()
    true[0, 10, 0] = 0.8
    none = torch.zeros_like(true)
    assert correction_distance(none, true, legs, joints=[10]).item() == pytest.approx(0.1, abs=1e-4)
    assert correction_distance(none, true, legs, joints=[5]).item() < 1e-4
