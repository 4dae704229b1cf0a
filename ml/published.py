"""The published network in its own frame and transform, and the import of its weights.

Everything odd about the published method is kept here, apart from exfb's own: poses are turned and
stretched onto one reference skeleton frame by frame, and transformed over time and joints together.
Zhao et al., "3D Pose Based Feedback for Physical Exercises", ACCV 2022.
"""

import pickle
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from ml.catalogue import PUBLISHED_CODES
from ml.dct import published_dct, published_inverse
from ml.model import FeedbackNetwork, NetworkConfig
from ml.release import PUBLISHED, Release, ReleaseError, write_release
from ml.skeletons import EC3D_19
from ml.vectors import unit

_J = {name: EC3D_19.index(name) for name in EC3D_19.joints}
_PELVIS = _J["mid_hip"]
_ANKLES = EC3D_19.indices("left_ankle", "right_ankle")

#: Bones of EC3D's reference skeleton, in the order they are walked from the nose, with their lengths.
#: Unitless: a thigh is 0.140.
REFERENCE_BONES = (
    ("nose", "neck", 0.09251136034766115),
    ("neck", "right_shoulder", 0.06065396057076261),
    ("right_shoulder", "right_elbow", 0.10277615488065665),
    ("right_elbow", "right_wrist", 0.09677563135200146),
    ("neck", "left_shoulder", 0.05523751946895449),
    ("left_shoulder", "left_elbow", 0.10798990666092576),
    ("left_elbow", "left_wrist", 0.0946353836812358),
    ("neck", "mid_hip", 0.1953323723321082),
    ("mid_hip", "right_hip", 0.03954060239483625),
    ("right_hip", "right_knee", 0.14028233287406727),
    ("right_knee", "right_ankle", 0.13559270365057519),
    ("mid_hip", "left_hip", 0.04401268845245812),
    ("left_hip", "left_knee", 0.14127417950416365),
    ("left_knee", "left_ankle", 0.14703915376949725),
    ("right_ankle", "right_heel", 0.01903235896009408),
    ("left_ankle", "left_heel", 0.02432572034190529),
    ("left_ankle", "left_big_toe", 0.0666329893579941),
    ("right_ankle", "right_big_toe", 0.06436193053987392),
)

#: Where each module of the published state dict belongs in `FeedbackNetwork`. Of the others, `gcatt` computes
#: an attention that the output never uses, and `gcin2` and `gcout_class` are never called.
_MODULES = {
    "gcin": "shared.convolution",
    "bn1": "shared.normalisation",
    "conv2d": "classification.mix_axes",
    "gcont_class_v2": "classification.graph.convolution",
    "bn2": "classification.graph.normalisation",
    "lin": "classification.linear",
    "gcbs.gc1": "correction.before.first.convolution",
    "gcbs.bn1": "correction.before.first.normalisation",
    "gcbs.gc2": "correction.before.second.convolution",
    "gcbs.bn2": "correction.before.second.normalisation",
    "linearLayer": "correction.feedback",
    "gcbs1.gc1": "correction.after.first.convolution",
    "gcbs1.bn1": "correction.after.first.normalisation",
    "gcbs1.gc2": "correction.after.second.convolution",
    "gcbs1.bn2": "correction.after.second.normalisation",
    "gcout_corr": "correction.out",
}
_UNUSED_MODULES = ("gcatt", "gcin2", "gcout_class")


class PublishedPose(NamedTuple):
    """aligned (F, 19, 3) in the published frame; matrices (F, 3, 3) that brought each frame there."""

    aligned: NDArray[np.float64]
    matrices: NDArray[np.float64]


def align(positions: NDArray[np.floating]) -> PublishedPose:
    """Bring poses into the published frame, each frame by itself.

    Centre on the pelvis, give every bone the reference skeleton's length, then x from right to left shoulder,
    z up the spine, y forwards. That is left-handed, so it mirrors; and where the spine is not at right angles
    to the shoulders it stretches y and z by 1 / sin of the angle. Both are the published behaviour.

    Parameters
    ----------
    positions : ndarray, shape (F, 19, 3)
        Right-handed, any place, size and heading.

    Returns
    -------
    PublishedPose
    """
    given: NDArray[np.float64] = np.asarray(positions, dtype=np.float64)
    walked = given.copy()
    for parent, child, length in REFERENCE_BONES:
        bone = given[:, _J[child]] - given[:, _J[parent]]
        walked[:, _J[child]] = walked[:, _J[parent]] + length * unit(bone)
    walked -= walked[:, [_PELVIS]]
    left = unit(walked[:, _J["left_shoulder"]] - walked[:, _J["right_shoulder"]])
    spine = unit(walked[:, _J["neck"]])
    cosine = np.sum(left * spine, axis=1, keepdims=True)
    sine_squared = np.maximum(1 - cosine**2, 1e-9)
    forward = np.cross(left, spine) / sine_squared
    up = (spine - cosine * left) / sine_squared
    matrices = np.stack([left, forward, up], axis=1)
    return PublishedPose(walked @ matrices.transpose(0, 2, 1), matrices)


def to_rows(aligned: NDArray[np.float64]) -> NDArray[np.float64]:
    """Flatten poses (F, 19, 3) to the published rows (57, F): all x, then all y, then all z."""
    return aligned.transpose(2, 1, 0).reshape(-1, len(aligned))


def from_rows(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Undo `to_rows`: (57, F) to (F, 19, 3)."""
    return rows.reshape(3, len(EC3D_19), -1).transpose(2, 1, 0)


def encode_published(aligned: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return what the published network sees of aligned poses: (F, 19, 3) to (57, 25)."""
    return published_dct(to_rows(aligned))


def corrected_published(aligned: NDArray[np.float64], change: NDArray[np.floating]) -> NDArray[np.float64]:
    """Add the published network's change (57, 25) to aligned poses (F, 19, 3), in the published frame."""
    return aligned + from_rows(published_inverse(np.asarray(change, dtype=np.float64), len(aligned)))


def world_change(
    positions: NDArray[np.floating], pose: PublishedPose, corrected: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Bring a corrected motion of the published frame back to the person, as a change in metres.

    Each frame's alignment is undone. The frame lost place, gravity and the person's proportions, so only the
    bones' directions are taken over: every bone keeps its length of that frame, walked from the pelvis, and
    the body is put where the middle of its ankles was.

    Returns
    -------
    ndarray, shape (F, 19, 3)
        What to add to `positions`.
    """
    inverse = np.linalg.inv(pose.matrices)
    directions = corrected @ inverse.transpose(0, 2, 1)
    moved = np.array(positions, dtype=np.float64)
    for parent, child in EC3D_19.bones:
        length = np.linalg.norm(positions[:, child] - positions[:, parent], axis=1, keepdims=True)
        moved[:, child] = moved[:, parent] + length * unit(directions[:, child] - directions[:, parent])
    change = moved - positions
    return change - change[:, _ANKLES].mean(axis=1, keepdims=True)


def import_published(path: Path, out: Path) -> Release:
    """Make a release of the published weights.

    Parameters
    ----------
    path : Path
        `Ours.pt`, a state dict as the published training saved it. Only tensors are read from it, nothing is
        run.
    out : Path
        The folder to write; its name is the release's.

    Raises
    ------
    ReleaseError
        `not_found`, or `wrong_weights` for a file that is not the published network; `exists`, `bad_name`.
    """
    return write_release(
        out,
        network=read_published(path),
        kind=PUBLISHED,
        trained_on=("EC3D, three of its four subjects, by the authors of the published method",),
    )


def read_published(path: Path) -> FeedbackNetwork:
    """Read the published weights into a network, in `eval` mode; raises as `import_published`."""
    if not path.is_file():
        raise ReleaseError("not_found", f"There is no file {path.name!r} to import.")
    try:
        saved = torch.load(path, weights_only=True, map_location="cpu")
    except (pickle.UnpicklingError, RuntimeError, EOFError, ValueError, KeyError, OSError) as error:
        raise ReleaseError("wrong_weights", f"{path.name} is not a file of PyTorch weights.") from error
    network = FeedbackNetwork(NetworkConfig(classes=PUBLISHED_CODES, feedback="argmax"))
    try:
        missing, unexpected = network.load_state_dict(_renamed(saved), strict=False)
    except (RuntimeError, TypeError) as error:
        raise _not_published(path) from error
    if unexpected or set(missing) != {"input_mean", "input_scale", "change_scale"}:
        raise _not_published(path)
    return network.eval()


def _renamed(saved: Any) -> dict[str, torch.Tensor]:
    if not isinstance(saved, dict):
        raise TypeError("not a state dict")
    renamed = {}
    for key, value in saved.items():
        module, _, parameter = str(key).rpartition(".")
        if module not in _UNUSED_MODULES:
            renamed[f"{_MODULES.get(module, module)}.{parameter.replace('adj', 'adjacency')}"] = value
    return renamed


def _not_published(path: Path) -> ReleaseError:
    return ReleaseError(
        "wrong_weights",
        f"{path.name} holds weights, but not those of the published network `Ours`: names or shapes differ.",
    )
