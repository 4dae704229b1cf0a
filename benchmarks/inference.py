"""Inference of 256 repetitions against the published network: `python benchmarks/inference.py`.

Networks alone, then with everything around them (encoding, correction within the body's limits, checks) for
the default release. The published network has its published size; its weights do not matter for time.
"""

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parents[1]))

from ml.catalogue import CODES, PUBLISHED_CODES
from ml.inference import Predictor
from ml.model import FeedbackNetwork, NetworkConfig
from ml.preprocess import prepare
from ml.release import DEFAULT_RELEASE, load_release
from ml.simulate import Person, simulate_repetition

N_REPETITIONS = 256


def fastest(function: Callable[[], object], repeats: int) -> float:
    """Return the shortest time of some runs, in seconds, after one that does not count."""
    function()
    times = []
    for _ in range(repeats):
        began = time.perf_counter()
        function()
        times.append(time.perf_counter() - began)
    return min(times)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    release = load_release(DEFAULT_RELEASE)
    published = FeedbackNetwork(NetworkConfig(classes=PUBLISHED_CODES, feedback="argmax")).eval()
    x = torch.randn(N_REPETITIONS, release.network.config.n_nodes, release.network.config.n_coefficients)
    with torch.inference_mode():
        theirs = fastest(lambda: published(x), options.repeats)
        ours = fastest(lambda: release.network(x), options.repeats)
    print(f"{N_REPETITIONS} repetitions, {options.threads} threads, networks alone, single precision")
    print(f"  published  {1000 * theirs:8.1f} ms")
    print(f"  {release.name:9}  {1000 * ours:8.1f} ms")
    print(f"  ratio      {theirs / ours:8.2f}")
    rng = np.random.default_rng(0)
    sequences = [
        prepare(simulate_repetition(Person.sample(i), CODES[i % len(CODES)], rng).performed).sequence
        for i in range(len(CODES))
    ]
    repetitions = [sequences[i % len(sequences)] for i in range(N_REPETITIONS)]
    predictor = Predictor(release)
    whole = fastest(lambda: predictor.predict(repetitions), 1)
    print(f"  everything {1000 * whole / N_REPETITIONS:8.2f} ms a repetition, {release.name}")


if __name__ == "__main__":
    main()
