"""From an encoded motion back to joints over time, and to the angles and distances between them."""

import torch
from torch import Tensor

from ml.dct import dct_basis
from ml.encoding import FOLLOWS, N_FRAMES, PELVIS
from ml.skeletons import EC3D_19

#: Instants at which the angles of an encoded motion are measured; enough for 25 coefficients.
N_INSTANTS = 32

_J = {name: EC3D_19.index(name) for name in EC3D_19.joints}


def to_joints(coefficients: Tensor, n_frames: int = N_FRAMES) -> Tensor:
    """Turn encoded motions or changes into joint places over time, in leg lengths.

    Parameters
    ----------
    coefficients : Tensor, shape (B, 57, K)
        As `ml.encoding.encode` gives them: joints relative to the pelvis, the pelvis by itself.
    n_frames : int

    Returns
    -------
    Tensor, shape (B, n_frames, 19, 3)
        Joints in one frame of space: right, forward, up. Nose, toes and heels move as the joint they follow.
    """
    basis = _basis(coefficients, n_frames)
    nodes = (coefficients @ basis).unflatten(1, (3, len(EC3D_19)))  # (B, 3, J, F)
    relative = nodes.permute(0, 3, 2, 1)  # (B, F, J, 3)
    pelvis = relative[:, :, PELVIS : PELVIS + 1]
    others = torch.ones(len(EC3D_19), 1).to(relative)
    others[PELVIS] = 0
    leaders = [EC3D_19.index(FOLLOWS.get(joint, joint)) for joint in EC3D_19.joints]
    return (relative + pelvis * others)[:, :, leaders]


def angle_nodes(coefficients: Tensor) -> Tensor:
    """Return the course of each angle and distance of encoded motions as coefficients, as joints have them.

    Parameters
    ----------
    coefficients : Tensor, shape (B, 57, K)

    Returns
    -------
    Tensor, shape (B, N_ANGLES, K)
        Radians and leg lengths.
    """
    courses = angles_and_distances(to_joints(coefficients, N_INSTANTS)).transpose(
        1, 2
    )  # (B, N_ANGLES, N_INSTANTS)
    return courses @ _basis(coefficients, N_INSTANTS).T


def angles_and_distances(positions: Tensor) -> Tensor:
    """Measure the angles and distances in which mistakes show.

    Parameters
    ----------
    positions : Tensor, shape (..., 19, 3)
        Right, forward, up, in leg lengths.

    Returns
    -------
    Tensor, shape (..., N_ANGLES)
        Radians and leg lengths. Unchanged by where the person stands.
    """
    at = {name: positions[..., i, :] for name, i in _J.items()}
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
        pelvis[..., 2] - torch.minimum(at["left_ankle"][..., 2], at["right_ankle"][..., 2]),
        pelvis[..., 1] - ankles[..., 1],
        neck[..., 1] - ankles[..., 1],
        neck[..., 2] - pelvis[..., 2],
        _length(at["left_ankle"] - at["right_ankle"]),
        _length(at["left_knee"] - at["right_knee"]),
        (at["left_ankle"][..., 0] - at["right_ankle"][..., 0]).abs(),
        (at["left_ankle"][..., 1] - at["right_ankle"][..., 1]).abs(),
        _length(at["left_knee"] - at["right_knee"]) - _length(at["left_ankle"] - at["right_ankle"]),
    ]
    for side in ("left", "right"):
        hip, knee, ankle = at[f"{side}_hip"], at[f"{side}_knee"], at[f"{side}_ankle"]
        shoulder, elbow, wrist = at[f"{side}_shoulder"], at[f"{side}_elbow"], at[f"{side}_wrist"]
        columns += [
            _angle(hip - knee, ankle - knee),
            _angle(shoulder - hip, knee - hip),
            _pitch(knee - ankle),
            _pitch(hip - knee),
            (knee - (hip + ankle) / 2)[..., 0],
            _angle(elbow - shoulder, hip - shoulder),
            _angle(shoulder - elbow, wrist - elbow),
        ]
    return torch.stack(columns, dim=-1)


def _basis(like: Tensor, n_frames: int) -> Tensor:
    """Cosines (K, n_frames) of as many coefficients as `like` has, in its precision."""
    return torch.as_tensor(dct_basis(n_frames, like.shape[-1]).copy()).to(like)


def _angle(a: Tensor, b: Tensor) -> Tensor:
    return torch.atan2(_length(torch.linalg.cross(a, b)), (a * b).sum(-1))


def _pitch(a: Tensor) -> Tensor:
    """Angle from upright, forwards positive, seen from the side."""
    return torch.atan2(a[..., 1], a[..., 2])


def _bend(a: Tensor, b: Tensor) -> Tensor:
    """Angle from `b` to `a` seen from the side, forwards (chest towards the thighs) positive."""
    return torch.atan2(
        b[..., 2] * a[..., 1] - b[..., 1] * a[..., 2], b[..., 1] * a[..., 1] + b[..., 2] * a[..., 2]
    )


def _length(a: Tensor) -> Tensor:
    # A micrometre under the root keeps its gradient finite where two joints meet.
    return (a.square().sum(-1) + 1e-12).sqrt()


N_ANGLES = angles_and_distances(torch.zeros(1, len(EC3D_19), 3)).shape[-1]
