"""A person's baseline: the mean of their correct repetitions, the other way round where that is nearer."""

import numpy as np
import torch

from ml.baseline import baseline_mean, mirrored
from ml.encoding import encode
from ml.simulate import Person, simulate_repetition


def lunges(n, seed=0):
    rng = np.random.default_rng(seed)
    return [simulate_repetition(Person.sample(seed), "lunge.correct", rng).performed for _ in range(n)]


def encoded(sequences):
    return torch.from_numpy(encode(sequences)).double()


def test_an_encoded_motion_is_mirrored_as_the_motion_is():
    (motion,) = lunges(1)
    torch.testing.assert_close(mirrored(encoded([motion])), encoded([motion.mirrored()]), atol=1e-5, rtol=0)


def test_mean_is_of_those_there_are():
    x = encoded(lunges(4, seed=1)[:1])
    near = torch.stack([x[0] + 0.1, x[0] + 0.3, x[0] + 5])[None]
    mean = baseline_mean(x, near, torch.tensor([[True, True, False]]))
    torch.testing.assert_close(mean, x + 0.2)
    assert baseline_mean(x, near, torch.zeros(1, 3, dtype=torch.bool)).isnan().all()


def test_a_lunge_with_the_other_leg_is_taken_mirrored():
    (motion,) = lunges(1, seed=2)
    x, other = encoded([motion]), encoded([motion.mirrored()])
    present = torch.ones(1, 1, dtype=torch.bool)
    torch.testing.assert_close(baseline_mean(x, other[None], present), x, atol=1e-5, rtol=0)


def test_mean_does_not_depend_on_what_shares_the_batch():
    x, beside = encoded(lunges(3, seed=3)), encoded(lunges(6, seed=4)).unflatten(0, (3, 2))
    present = torch.tensor([[True, True], [True, False], [False, False]])
    together = baseline_mean(x, beside, present)
    for i in range(2):
        alone = baseline_mean(x[i : i + 1], beside[i : i + 1], present[i : i + 1])
        torch.testing.assert_close(alone[0], together[i])
