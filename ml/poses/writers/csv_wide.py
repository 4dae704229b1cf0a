"""Tables of one row a frame and three columns a joint; rate, unit and axes are comments above the header."""

import numpy as np

from ml.poses.sequence import PoseSequence
from ml.poses.writers.conventions import Convention
from ml.poses.writers.text_table import rows_of

name, extension = "csv", "csv"


def write(sequence: PoseSequence, convention: Convention) -> bytes:
    columns = [f"{joint}_{axis}" for joint in sequence.skeleton.joints for axis in "xyz"]
    lines = [
        f"# frame_rate: {sequence.frame_rate!r}",
        f"# unit: {convention.unit}",
        f"# axes: {' '.join(convention.axes)}",
        ",".join(["time", *columns]),
    ]
    times = np.arange(len(sequence)) / sequence.frame_rate
    values = convention.coordinates(sequence).reshape(len(sequence), -1)
    lines += rows_of([times], values, ["%.6f"], convention.decimals, ",")
    return ("\n".join(lines) + "\n").encode()
