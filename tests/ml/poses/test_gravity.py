"""The vertical is found again in poses that were turned to the trunk."""

import numpy as np
import pytest

from ml.angles import joint_angles
from ml.poses.formats.ec3d import METRES_PER_UNIT, sequence_from_published
from ml.poses.gravity import is_plank, up_directions, upright
from ml.preprocess import prepare
from ml.skeletons import EC3D_19
from tests.ml.poses import samples

EITHER = [(samples.squatting(60), False), (samples.planking(60), True)]


def trunk_frame(positions: np.ndarray) -> dict[str, np.ndarray]:
    values = samples.published(positions) * METRES_PER_UNIT * np.array([-1.0, 1.0, 1.0])
    return {joint: values[:, i] for i, joint in enumerate(EC3D_19.joints)}


@pytest.mark.parametrize(
    ("positions", "lying"), [(samples.squatting(60), False), (samples.planking(60), True)]
)
def test_planks_are_told_from_squats_without_any_vertical(positions, lying):
    assert is_plank(trunk_frame(positions)) is lying


@pytest.mark.parametrize(
    ("positions", "lying"), [(samples.squatting(60), False), (samples.planking(60), True)]
)
def test_up_is_a_unit_vector_close_to_the_truth(positions, lying):
    up = up_directions(trunk_frame(positions), lying=lying)
    np.testing.assert_allclose(np.linalg.norm(up, axis=1), 1.0)
    spine = positions[:, EC3D_19.index("neck")] - positions[:, EC3D_19.index("mid_hip")]
    lean = np.arctan2(spine[:, 1], spine[:, 2])
    truth = np.stack([0 * lean, -np.sin(lean), np.cos(lean)], axis=1)
    error = np.degrees(np.arccos(np.clip((up * truth).sum(axis=1), -1, 1)))
    assert np.median(error) < 8.0


def test_upright_only_turns():
    positions = samples.squatting(20)
    up = np.tile([0.1, -0.3, 0.9], (20, 1))
    up /= np.linalg.norm(up, axis=1, keepdims=True)
    turned = upright(positions, up)
    np.testing.assert_allclose(np.einsum("fc,fjc->fj", up, positions), turned[..., 2], atol=1e-12)
    np.testing.assert_allclose(np.linalg.norm(turned, axis=-1), np.linalg.norm(positions, axis=-1))
    assert np.linalg.det(turned[0, [1, 4, 11]]) == pytest.approx(np.linalg.det(positions[0, [1, 4, 11]]))


def test_a_mirrored_person_is_righted_to_the_mirrored_pose():
    positions = samples.squatting(40) + np.random.default_rng(3).normal(0, 0.005, (40, 19, 3))
    mirrored = positions[:, list(EC3D_19.mirrored)] * [-1.0, 1.0, 1.0]
    own = sequence_from_published(samples.published(positions))
    other = sequence_from_published(samples.published(mirrored))
    np.testing.assert_allclose(other.mirrored().positions, own.positions, atol=1e-9)


def test_published_people_stand_and_lean_as_people_do(shared):
    """Golden values, measured when written (degrees, wide margins): lean of the trunk, bend of the back."""
    with np.load(shared / "data" / "ec3d" / "subject4_part.npz") as arrays:
        poses, offsets, label = arrays["poses"], arrays["offsets"], arrays["label"]
    for i, code in enumerate(label):
        prepared = prepare(sequence_from_published(poses[offsets[i] : offsets[i + 1]])).sequence
        angles = joint_angles(prepared.positions)
        lean = angles["trunk_lean"]
        if code < 5:  # squats begin upright and lean at the bottom
            assert lean[:5].mean() < 12.0, i
            assert 15.0 < lean.max() < 85.0, i
        elif code < 9:  # lunges stay upright
            assert lean.max() < 20.0, i
        else:  # planks: 9 correct, 10 arched, 11 hunched
            curve = float(np.median(angles["back_curve"]))
            assert {9: 20 < curve < 55, 10: curve < 20, 11: curve > 50}[int(code)], (i, curve)
