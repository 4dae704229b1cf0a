"""The judge's features do not depend on place and heading, and tell the mistakes from each other."""

import numpy as np
import pytest
import torch

from ml.judge import JudgeConfig, JudgeNetwork, judge_features
from ml.simulate import Person, simulate_repetition
from tests.ml.test_encoding import repetition, turned


def test_place_heading_and_size_do_not_matter():
    sequence = repetition()
    np.testing.assert_allclose(
        judge_features(turned(sequence, 140, (3, -2, 1), 1.3)), judge_features(sequence), atol=1e-4
    )


@pytest.mark.parametrize(
    "code", ["squat.feet_too_wide", "squat.knees_inward", "lunge.knee_passes_toe", "plank.hunched_back"]
)
def test_mistake_and_its_correction_differ(code):
    simulated = simulate_repetition(Person.sample(1), code, np.random.default_rng(1), 1.0)
    difference = judge_features(simulated.performed) - judge_features(simulated.correct)
    assert np.abs(difference).max() > 0.05


def test_scores_are_log_probabilities():
    judge = JudgeNetwork(JudgeConfig(classes=("a.correct", "a.wrong"))).eval()
    scores = judge(torch.from_numpy(np.stack([judge_features(repetition())] * 2)))
    torch.testing.assert_close(scores.exp().sum(1), torch.ones(2))
