"""Small invented pose sequences and their files, for tests that need any usable recording."""

import io

import numpy as np
from django.core.files.uploadedfile import SimpleUploadedFile

from ml.poses.sequence import PoseSequence
from ml.poses.writers.exfb_json import write_exfb_json
from ml.skeletons import EC3D_19

#: A standing person of 1.75 m: (x right, y forward, z up) in metres.
_STANDING = {
    "nose": (0.0, 0.10, 1.60),
    "neck": (0.0, 0.0, 1.45),
    "right_shoulder": (0.19, 0.0, 1.43),
    "right_elbow": (0.22, 0.02, 1.13),
    "right_wrist": (0.22, 0.12, 0.88),
    "left_shoulder": (-0.19, 0.0, 1.43),
    "left_elbow": (-0.22, 0.02, 1.13),
    "left_wrist": (-0.22, 0.12, 0.88),
    "mid_hip": (0.0, 0.0, 0.94),
    "right_hip": (0.11, 0.0, 0.92),
    "right_knee": (0.12, 0.02, 0.50),
    "right_ankle": (0.13, 0.0, 0.09),
    "left_hip": (-0.11, 0.0, 0.92),
    "left_knee": (-0.12, 0.02, 0.50),
    "left_ankle": (-0.13, 0.0, 0.09),
    "left_big_toe": (-0.16, 0.18, 0.02),
    "left_heel": (-0.13, -0.05, 0.03),
    "right_big_toe": (0.16, 0.18, 0.02),
    "right_heel": (0.13, -0.05, 0.03),
}
_FEET = ("right_ankle", "left_ankle", "left_big_toe", "left_heel", "right_big_toe", "right_heel")
_KNEES = ("right_knee", "left_knee")


def squats(
    count: int = 2, *, frame_rate: float = 30.0, seconds: float = 3.0, depth: float = 0.35
) -> PoseSequence:
    """`count` squats: everything above the feet sinks by `depth` metres, the knees go forward."""
    frames = round(count * seconds * frame_rate)
    sink = (1 - np.cos(2 * np.pi * np.arange(frames) / (seconds * frame_rate))) / 2
    positions = np.tile([_STANDING[joint] for joint in EC3D_19.joints], (frames, 1, 1))
    for j, joint in enumerate(EC3D_19.joints):
        if joint in _KNEES:
            positions[:, j, 1] += 0.9 * depth * sink
            positions[:, j, 2] -= 0.25 * depth * sink
        elif joint not in _FEET:
            positions[:, j, 1] -= 0.3 * depth * sink
            positions[:, j, 2] -= depth * sink
    return PoseSequence(positions=positions, frame_rate=frame_rate)


def pose_bytes(sequence: PoseSequence | None = None) -> bytes:
    """The sequence (two squats if none is given) as an exfb JSON file."""
    buffer = io.BytesIO()
    write_exfb_json(sequence if sequence is not None else squats(), buffer)
    return buffer.getvalue()


def pose_upload(sequence: PoseSequence | None = None, name: str = "squats.json") -> SimpleUploadedFile:
    """The same as an uploaded file."""
    return SimpleUploadedFile(name, pose_bytes(sequence), content_type="application/json")
