"""NumPy archives with `positions`, `joints`, `frame_rate`, `unit` and `axes`."""

import io

import numpy as np

from ml.poses.sequence import PoseSequence
from ml.poses.writers.conventions import Convention

name = extension = "npz"


def write(sequence: PoseSequence, convention: Convention) -> bytes:
    file = io.BytesIO()
    np.savez_compressed(
        file,
        positions=np.round(convention.coordinates(sequence), convention.decimals).astype(np.float32),
        joints=np.array(sequence.skeleton.joints),
        frame_rate=sequence.frame_rate,
        unit=convention.unit,
        axes=np.array(convention.axes),
    )
    return file.getvalue()
