"""Distance to the training motions: about one inside, large outside."""

import pytest
import torch

from ml.familiarity import Familiarity


def test_near_is_near_and_far_is_far():
    torch.manual_seed(0)
    centres = torch.randn(2, 57, 25) * 5
    labels = torch.arange(200) % 2
    inputs = centres[labels] + torch.randn(200, 57, 25)
    familiarity = Familiarity(2, 57)
    familiarity.fit(inputs, labels)
    assert familiarity(centres + torch.randn(2, 57, 25)).max() < 1.3
    assert familiarity(centres + 10).min() > 5


def test_class_without_motions_is_refused():
    with pytest.raises(ValueError, match="class 1"):
        Familiarity(2, 57).fit(torch.zeros(5, 57, 25), torch.zeros(5, dtype=torch.long))
