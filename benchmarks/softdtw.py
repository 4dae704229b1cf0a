"""Soft-DTW against a compiled loop over samples and against tslearn: `python benchmarks/softdtw.py`.

A training epoch over 274 repetitions of the lengths that EC3D's have (24 to 208 frames, mean 80): the network
corrects them, the corrected motions are compared with their targets, gradients go back. Per sample there are
two divergences, corrected to target and performed to target, so six soft-DTWs. The loop runs them one sample
at a time, the recursion and its gradient compiled by Numba, as the published code did it; ours runs a batch
at once. Both run the same network on the same batches, in double precision, with as many threads.
"""

import argparse
import sys
import time
from pathlib import Path

import numba
import numpy as np
import torch
from torch import Tensor

sys.path.insert(0, str(Path(__file__).parents[1]))

from ml.catalogue import CODES
from ml.dct import dct_basis
from ml.model import FeedbackNetwork, NetworkConfig
from ml.softdtw import soft_dtw, soft_dtw_divergence, squared_distances

GAMMA, N_ROWS, N_COEFFICIENTS = 0.01, 57, 25


@numba.njit(cache=False)
def _forward(d: np.ndarray, gamma: float) -> np.ndarray:
    n, m = d.shape
    r = np.full((n + 2, m + 2), np.inf)
    r[0, 0] = 0.0
    for j in range(1, m + 1):
        for i in range(1, n + 1):
            a, b, c = -r[i - 1, j - 1] / gamma, -r[i - 1, j] / gamma, -r[i, j - 1] / gamma
            most = max(max(a, b), c)
            r[i, j] = d[i - 1, j - 1] - gamma * (
                np.log(np.exp(a - most) + np.exp(b - most) + np.exp(c - most)) + most
            )
    return r


@numba.njit(cache=False)
def _backward(d_: np.ndarray, r: np.ndarray, gamma: float) -> np.ndarray:
    n, m = d_.shape
    d = np.zeros((n + 2, m + 2))
    d[1 : n + 1, 1 : m + 1] = d_
    e = np.zeros((n + 2, m + 2))
    e[n + 1, m + 1] = 1.0
    r[:, m + 1] = -np.inf
    r[n + 1, :] = -np.inf
    r[n + 1, m + 1] = r[n, m]
    for j in range(m, 0, -1):
        for i in range(n, 0, -1):
            a = np.exp((r[i + 1, j] - r[i, j] - d[i + 1, j]) / gamma)
            b = np.exp((r[i, j + 1] - r[i, j] - d[i, j + 1]) / gamma)
            c = np.exp((r[i + 1, j + 1] - r[i, j] - d[i + 1, j + 1]) / gamma)
            e[i, j] = e[i + 1, j] * a + e[i, j + 1] * b + e[i + 1, j + 1] * c
    return e[1 : n + 1, 1 : m + 1]


class _Compiled(torch.autograd.Function):
    @staticmethod
    def forward(ctx, distances: Tensor) -> Tensor:
        values = distances.detach().numpy()
        ctx.values, ctx.r = values, _forward(values, GAMMA)
        return torch.tensor(ctx.r[values.shape[0], values.shape[1]], dtype=distances.dtype)

    @staticmethod
    def backward(ctx, grad: Tensor) -> Tensor:
        return torch.from_numpy(_backward(ctx.values, ctx.r.copy(), GAMMA)) * grad


def _one(x: Tensor, y: Tensor) -> Tensor:
    return _Compiled.apply((x[:, None] - y[None]).square().sum(-1))


def looped(x: Tensor, y: Tensor, lengths: list[tuple[int, int]]) -> Tensor:
    """Divergences one sample at a time, compiled."""
    results = []
    for i, (n, m) in enumerate(lengths):
        a, b = x[i, :n], y[i, :m]
        results.append(_one(a, b) - (_one(a, a) + _one(b, b)) / 2)
    return torch.stack(results)


def batched(x: Tensor, y: Tensor, lengths: list[tuple[int, int]]) -> Tensor:
    """The same, of the whole batch at once."""
    n, m = (torch.tensor(side) for side in zip(*lengths, strict=True))
    return soft_dtw_divergence(x, y, n, m, GAMMA)


def repetitions(n: int, rng: np.random.Generator) -> list[np.ndarray]:
    """Smooth motions (F, 57) in the published data's units, of its lengths."""
    lengths = np.clip(np.round(np.exp(rng.normal(np.log(76), 0.32, n))), 24, 208).astype(int)
    lengths[:2] = 24, 208
    motions = []
    for length in lengths:
        slow = rng.normal(0, 1, (8, N_ROWS)) / (1 + np.arange(8))[:, None] * 0.1
        motions.append((np.cos(np.pi * np.outer(np.linspace(0, 1, length), np.arange(8))) @ slow) * 0.5)
    return motions


def _basis(n_frames: int) -> Tensor:
    """Cosines (25, F); of the shortest motions, which have no 25, the last are nothing."""
    basis = torch.from_numpy(dct_basis(n_frames, min(n_frames, N_COEFFICIENTS)).copy()).double()
    return torch.nn.functional.pad(basis, (0, 0, 0, N_COEFFICIENTS - len(basis)))


def epoch(divergence, network, motions, targets, batch: int = 32) -> tuple[float, float]:
    """Return the loss summed over an epoch, and the seconds it took."""
    began, total = time.perf_counter(), 0.0
    for start in range(0, len(motions), batch):
        chosen, wanted = motions[start : start + batch], targets[start : start + batch]
        lengths = [(len(a), len(b)) for a, b in zip(chosen, wanted, strict=True)]
        x = torch.nn.utils.rnn.pad_sequence([torch.from_numpy(m) for m in chosen], batch_first=True)
        y = torch.nn.utils.rnn.pad_sequence([torch.from_numpy(m) for m in wanted], batch_first=True)
        bases = [_basis(len(motion)) for motion in chosen]
        coefficients = torch.stack([(b @ torch.from_numpy(m)).T for b, m in zip(bases, chosen, strict=True)])
        output = network(coefficients)
        change = torch.nn.utils.rnn.pad_sequence(
            [b.T @ c.T for b, c in zip(bases, output.change, strict=True)], batch_first=True
        )
        loss = divergence(x + change, y, lengths).mean() + divergence(x, y, lengths).mean()
        loss = loss - output.log_probabilities[:, 0].mean()
        network.zero_grad()
        loss.backward()
        total += loss.item()
    return total, time.perf_counter() - began


def compare_epochs(n: int, hidden: int, repeats: int) -> None:
    rng = np.random.default_rng(0)
    motions, targets = repetitions(n, rng), repetitions(n, rng)
    torch.manual_seed(0)
    network = FeedbackNetwork(NetworkConfig(classes=CODES, n_hidden=hidden, dropout=0.0)).double().train()
    torch.nn.init.normal_(network.correction.out.weight, std=1e-3)
    with torch.no_grad():
        looped(torch.zeros(1, 30, 3), torch.zeros(1, 30, 3), [(30, 30)])
    _one(torch.zeros(3, 2, dtype=torch.double, requires_grad=True), torch.zeros(3, 2).double()).backward()
    state = {name: value.clone() for name, value in network.state_dict().items()}
    seconds: dict[str, list[float]] = {"loop": [], "batch": []}
    losses = {}
    for _ in range(repeats):
        for name, divergence in (("batch", batched), ("loop", looped)):
            network.load_state_dict(state)
            losses[name], took = epoch(divergence, network, motions, targets)
            seconds[name].append(took)
    loop, batch = min(seconds["loop"]), min(seconds["batch"])
    off = abs(losses["loop"] - losses["batch"])
    print(f"training epoch, {n} repetitions of 24-208 frames, {torch.get_num_threads()} threads")
    print(f"  loop over samples, Numba  {loop:8.2f} s")
    print(f"  batch                     {batch:8.2f} s")
    print(f"  ratio                     {loop / batch:8.1f}   (losses differ by {off:.1e})")


def compare_libraries(repeats: int) -> None:
    from tslearn.metrics import SoftDTWLossPyTorch

    torch.manual_seed(0)
    x = torch.randn(96, 80, N_ROWS, dtype=torch.double).cumsum(1) * 0.02
    y = torch.randn(96, 80, N_ROWS, dtype=torch.double).cumsum(1) * 0.02
    lengths = torch.full((96,), 80)

    def ours(a: Tensor, b: Tensor) -> Tensor:
        return soft_dtw(squared_distances(a, b), lengths, lengths, GAMMA)

    theirs = SoftDTWLossPyTorch(gamma=GAMMA)
    times: dict[str, list[float]] = {"tslearn": [], "ours": []}
    values = {}
    for _ in range(repeats + 1):
        for name, function in (("tslearn", theirs), ("ours", ours)):
            a = x.clone().requires_grad_()
            began = time.perf_counter()
            values[name] = function(a, y)
            values[name].sum().backward()
            times[name].append(time.perf_counter() - began)
    fastest = {name: min(took[1:]) for name, took in times.items()}
    off = float((values["tslearn"].flatten() - values["ours"]).abs().max().detach())
    print("soft-DTW and its gradient, 96 pairs of 80 frames")
    print(f"  tslearn                   {fastest['tslearn']:8.3f} s")
    print(f"  ours                      {fastest['ours']:8.3f} s")
    print(f"  ratio                     {fastest['tslearn'] / fastest['ours']:8.1f}   (off by {off:.1e})")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument("--repetitions", type=int, default=274)
    parser.add_argument("--hidden", type=int, default=96)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    compare_libraries(options.repeats)
    compare_epochs(options.repetitions, options.hidden, options.repeats)


if __name__ == "__main__":
    main()
