"""The judge: a second, different network that says whether a corrected motion would count as correct.

The published corrector was judged by itself. Ours is judged by a network that it never saw: other weights,
another architecture (a small perceptron), and other features (joint angles and distances, where the
corrector sees coordinates as frequencies).
"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from ml.encoding import placement
from ml.poses.sequence import PoseSequence
from ml.trajectories import N_ANGLES, angles_and_distances

#: Instants of a repetition at which the features are read, evenly from its start to its end.
N_INSTANTS = 16
N_FEATURES = N_INSTANTS * N_ANGLES


@dataclass(frozen=True, kw_only=True)
class JudgeConfig:
    """Classes in the order of the outputs, and the sizes of the layers."""

    classes: tuple[str, ...]
    n_hidden: int = 64
    dropout: float = 0.3
    n_features: int = 0

    def __post_init__(self) -> None:
        if self.n_features == 0:
            object.__setattr__(self, "n_features", N_FEATURES)


class JudgeNetwork(nn.Module):
    """A perceptron on standardised features.

    Parameters
    ----------
    config : JudgeConfig
    """

    feature_mean: Tensor
    feature_scale: Tensor

    def __init__(self, config: JudgeConfig) -> None:
        super().__init__()
        self.config = config
        self.layers = nn.Sequential(
            nn.Linear(config.n_features, config.n_hidden),
            nn.LayerNorm(config.n_hidden),
            nn.GELU(),
            nn.Dropout(config.dropout),
            nn.Linear(config.n_hidden, config.n_hidden),
            nn.GELU(),
            nn.Dropout(config.dropout),
            nn.Linear(config.n_hidden, len(config.classes)),
        )
        self.register_buffer("feature_mean", torch.zeros(config.n_features))
        self.register_buffer("feature_scale", torch.ones(config.n_features))

    def standardise_by(self, features: Tensor, *, floor: float = 0.05) -> None:
        """Set mean and scale of the features from training motions (S, D)."""
        self.feature_mean.copy_(features.mean(0))
        self.feature_scale.copy_(features.std(0).clamp_min(floor))

    def forward(self, features: Tensor) -> Tensor:
        """Return log-probabilities (B, M) of features (B, D)."""
        return F.log_softmax(self.layers((features - self.feature_mean) / self.feature_scale), dim=1)


def judge_features(repetition: PoseSequence) -> NDArray[np.float32]:
    """Measure one repetition as the judge sees it.

    Parameters
    ----------
    repetition : PoseSequence
        On skeleton EC3D_19, canonical frame, no missing values.

    Returns
    -------
    ndarray, shape (N_FEATURES,)
        Angles in radians and distances in leg lengths, each at all instants. Unchanged by where the person
        stands and heads.
    """
    place = placement(repetition.positions)
    positions = torch.from_numpy(repetition.positions @ place.axes.T / place.leg_length)
    measured = angles_and_distances(positions).numpy()  # (F, N_ANGLES)
    at = np.linspace(0, len(measured) - 1, N_INSTANTS)
    frames = np.arange(len(measured))
    return np.concatenate([np.interp(at, frames, column) for column in measured.T]).astype(np.float32)
