"""TRC, the table of named points of OpenSim; joints are written under their own names."""

import numpy as np

from ml.poses.sequence import PoseSequence
from ml.poses.writers.conventions import Convention
from ml.poses.writers.text_table import rows_of

name = extension = "trc"


def write(sequence: PoseSequence, convention: Convention) -> bytes:
    joints, rate, frames = sequence.skeleton.joints, f"{sequence.frame_rate:.10g}", len(sequence)
    lines = [
        ["PathFileType", "4", "(X/Y/Z)", "motion.trc"],
        [
            "DataRate", "CameraRate", "NumFrames", "NumMarkers",
            "Units", "OrigDataRate", "OrigDataStartFrame", "OrigNumFrames",
        ],
        [rate, rate, str(frames), str(len(joints)), convention.unit, rate, "1", str(frames)],
        ["Frame#", "Time", *(cell for joint in joints for cell in (joint, "", ""))],
        ["", "", *(f"{axis}{number}" for number in range(1, len(joints) + 1) for axis in "XYZ")],
        [],
    ]  # fmt: skip
    numbers = np.arange(1, frames + 1)
    rows = rows_of(
        [numbers, (numbers - 1) / sequence.frame_rate],
        convention.coordinates(sequence).reshape(frames, -1),
        ["%d", "%.6f"],
        convention.decimals,
        "\t",
    )
    return ("\n".join(["\t".join(line) for line in lines] + rows) + "\n").encode()
