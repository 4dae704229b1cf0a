"""Batched soft-DTW: its gradient, an independent implementation, and what a divergence must keep."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tslearn.metrics import soft_dtw as reference_soft_dtw

from ml.softdtw import soft_dtw, soft_dtw_divergence, squared_distances


def motions(seed, lengths, n_dimensions=3):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(len(lengths), max(lengths), n_dimensions, generator=generator, dtype=torch.double)


LENGTHS_X, LENGTHS_Y = torch.tensor([6, 3, 1]), torch.tensor([9, 4, 7])


@pytest.mark.parametrize("gamma", [0.01, 0.5, 5.0])
def test_agrees_with_an_independent_implementation(gamma):
    x, y = motions(0, LENGTHS_X), motions(1, LENGTHS_Y)
    ours = soft_dtw(squared_distances(x, y), LENGTHS_X, LENGTHS_Y, gamma)
    for i, (n_x, n_y) in enumerate(zip(LENGTHS_X, LENGTHS_Y, strict=True)):
        expected = reference_soft_dtw(x[i, :n_x].numpy(), y[i, :n_y].numpy(), gamma=gamma)
        assert ours[i].item() == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("gamma", [0.05, 0.5])
def test_gradient_is_exact(gamma):
    x, y = motions(2, LENGTHS_X).requires_grad_(), motions(3, LENGTHS_Y).requires_grad_()

    def divergence(a, b):
        return soft_dtw_divergence(a, b, LENGTHS_X, LENGTHS_Y, gamma)

    assert torch.autograd.gradcheck(divergence, (x, y))


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 12), st.integers(1, 12), st.sampled_from([0.01, 0.1, 1.0, 10.0]))
def test_divergence_is_not_negative_and_nothing_to_itself(seed, n_x, n_y, gamma):
    x, y = motions(seed, [n_x]), motions(seed + 1, [n_y])
    lengths_x, lengths_y = torch.tensor([n_x]), torch.tensor([n_y])
    assert soft_dtw_divergence(x, y, lengths_x, lengths_y, gamma).item() >= -1e-9
    assert abs(soft_dtw_divergence(x, x, lengths_x, lengths_x, gamma).item()) < 1e-9


@settings(max_examples=25, deadline=None)
@given(
    st.integers(0, 10**6), st.lists(st.tuples(st.integers(1, 9), st.integers(1, 9)), min_size=2, max_size=5)
)
def test_batch_equals_its_samples_whatever_the_padding_holds(seed, lengths):
    lengths_x, lengths_y = (torch.tensor(side) for side in zip(*lengths, strict=True))
    x, y = motions(seed, lengths_x.tolist()), motions(seed + 1, lengths_y.tolist())
    together = soft_dtw_divergence(x, y, lengths_x, lengths_y, 0.1)
    for i, (n_x, n_y) in enumerate(lengths):
        one = soft_dtw_divergence(
            x[i : i + 1, :n_x], y[i : i + 1, :n_y], lengths_x[i : i + 1], lengths_y[i : i + 1], 0.1
        )
        torch.testing.assert_close(together[i], one[0])


def test_padding_gets_no_gradient():
    x, y = motions(4, LENGTHS_X).requires_grad_(), motions(5, LENGTHS_Y)
    soft_dtw_divergence(x, y, LENGTHS_X, LENGTHS_Y, 0.1).sum().backward()
    assert x.grad[1, 3:].abs().max() == 0
    assert x.grad[1, :3].abs().min() > 0


def test_pace_hardly_matters():
    slow = torch.linspace(0, 3, 60, dtype=torch.double).sin()[None, :, None]
    fast = slow[:, ::2]
    other = -fast
    lengths = torch.tensor([60]), torch.tensor([30])
    assert soft_dtw_divergence(slow, fast, *lengths) < 0.01 * soft_dtw_divergence(slow, other, *lengths)


@pytest.mark.parametrize(("length", "gamma"), [(0, 0.1), (3, 0.0)])
def test_senseless_input_is_refused(length, gamma):
    with pytest.raises(ValueError, match="frame" if length == 0 else "gamma"):
        soft_dtw(torch.zeros(1, 3, 3), torch.tensor([length]), torch.tensor([3]), gamma)
