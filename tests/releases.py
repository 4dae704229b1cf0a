"""A model release for tests that need any: its networks are untrained, so what they find is arbitrary."""

from pathlib import Path

import torch

from ml.catalogue import CODES
from ml.judge import JudgeConfig, JudgeNetwork
from ml.model import FeedbackNetwork, NetworkConfig
from ml.release import write_release


def write_untrained_release(folder: Path) -> Path:
    """Write the release into a new folder, the same one each time; return the folder."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = FeedbackNetwork(NetworkConfig(classes=CODES))
        judge = JudgeNetwork(JudgeConfig(classes=CODES))
    write_release(folder, network=network, judge=judge, trained_on=("nothing",))
    return folder
