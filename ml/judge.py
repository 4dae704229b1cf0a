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
from ml.skeletons import EC3D_19

#: Instants of a repetition at which the features are read, evenly from its start to its end.
N_INSTANTS = 16

_J = {name: EC3D_19.index(name) for name in EC3D_19.joints}


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
    positions = repetition.positions @ place.axes.T / place.leg_length
    measures = _measures(positions)  # (F, N_MEASURES)
    at = np.linspace(0, len(measures) - 1, N_INSTANTS)
    frames = np.arange(len(measures))
    return np.concatenate([np.interp(at, frames, column) for column in measures.T]).astype(np.float32)


def _measures(p: NDArray[np.float64]) -> NDArray[np.float64]:
    """Measure each frame of positions (F, 19, 3): right, forward, up; leg lengths."""
    at = {name: p[:, i] for name, i in _J.items()}
    pelvis, neck = at["mid_hip"], at["neck"]
    shoulders = (at["left_shoulder"] + at["right_shoulder"]) / 2
    knees = (at["left_knee"] + at["right_knee"]) / 2
    ankles = (at["left_ankle"] + at["right_ankle"]) / 2
    trunk = neck - pelvis
    columns = [
        _pitch(trunk),
        _bend(trunk, pelvis - knees),
        _bend(trunk, pelvis - ankles),
        _bend(shoulders - pelvis, pelvis - ankles),
        pelvis[:, 2] - np.minimum(at["left_ankle"][:, 2], at["right_ankle"][:, 2]),
        pelvis[:, 1] - ankles[:, 1],
        neck[:, 1] - ankles[:, 1],
        neck[:, 2] - pelvis[:, 2],
        _distance(at["left_ankle"], at["right_ankle"]),
        _distance(at["left_knee"], at["right_knee"]),
        np.abs(at["left_ankle"][:, 0] - at["right_ankle"][:, 0]),
        np.abs(at["left_ankle"][:, 1] - at["right_ankle"][:, 1]),
        _distance(at["left_knee"], at["right_knee"]) - _distance(at["left_ankle"], at["right_ankle"]),
    ]
    for side in ("left", "right"):
        hip, knee, ankle = at[f"{side}_hip"], at[f"{side}_knee"], at[f"{side}_ankle"]
        shoulder, elbow, wrist = at[f"{side}_shoulder"], at[f"{side}_elbow"], at[f"{side}_wrist"]
        columns += [
            _angle(hip - knee, ankle - knee),
            _angle(shoulder - hip, knee - hip),
            _pitch(knee - ankle),
            _pitch(hip - knee),
            (knee - (hip + ankle) / 2)[:, 0],
            _angle(elbow - shoulder, hip - shoulder),
            _angle(shoulder - elbow, wrist - elbow),
        ]
    return np.stack(columns, axis=1)


def _angle(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    cross = np.linalg.norm(np.cross(a, b), axis=1)
    return np.arctan2(cross, np.sum(a * b, axis=1))


def _pitch(a: NDArray[np.float64]) -> NDArray[np.float64]:
    """Angle from upright, forwards positive, seen from the side."""
    return np.arctan2(a[:, 1], a[:, 2])


def _bend(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """Angle from `b` to `a` seen from the side, forwards (chest towards the thighs) positive."""
    return np.arctan2(b[:, 2] * a[:, 1] - b[:, 1] * a[:, 2], b[:, 1] * a[:, 1] + b[:, 2] * a[:, 2])


def _distance(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.linalg.norm(a - b, axis=1))


N_MEASURES = _measures(np.zeros((1, len(EC3D_19), 3))).shape[1]
N_FEATURES = N_INSTANTS * N_MEASURES
