"""Joints, angles and distances over time, from coefficients: as the motion itself has them."""

import numpy as np
import pytest
import torch

from ml.encoding import encode, leg_length, placement
from ml.trajectories import N_ANGLES, angle_nodes, angles_and_distances, to_joints
from tests.ml.test_encoding import repetition


def test_joints_of_an_encoded_motion_have_the_persons_shape():
    sequence = repetition()
    joints = to_joints(torch.from_numpy(encode([sequence])))[0].numpy()
    thigh = np.linalg.norm(joints[:, 9] - joints[:, 10], axis=1) * leg_length(sequence.positions)
    real = np.linalg.norm(sequence.joint("right_hip") - sequence.joint("right_knee"), axis=1)
    assert thigh.mean() == pytest.approx(real.mean(), rel=0.01)


def test_angles_of_coefficients_are_those_of_the_motion():
    sequence = repetition()
    place = placement(sequence.positions)
    of_motion = angles_and_distances(torch.from_numpy(sequence.positions @ place.axes.T / place.leg_length))
    of_code = angles_and_distances(to_joints(torch.from_numpy(encode([sequence])).double(), len(sequence)))[0]
    knee = 13  # the first of the left side
    assert (of_code[:, knee] - of_motion[:, knee]).abs().mean() < np.radians(1)


def test_angle_of_a_right_angle():
    positions = torch.zeros(1, 19, 3, dtype=torch.double)
    for joint, place in {12: (-0.1, 0, 1), 13: (-0.1, 0.5, 1), 14: (-0.1, 0.5, 0.5)}.items():
        positions[0, joint] = torch.tensor(place)
    assert angles_and_distances(positions)[0, 13].item() == pytest.approx(np.pi / 2, abs=1e-4)


def test_a_node_for_each_angle_with_a_gradient_where_joints_meet():
    coefficients = torch.zeros(2, 57, 25, dtype=torch.double, requires_grad=True)
    nodes = angle_nodes(coefficients)
    assert nodes.shape == (2, N_ANGLES, 25)
    nodes.sum().backward()
    assert coefficients.grad.isfinite().all()
