"""Write a pose sequence as exfb JSON (docs/formats.md)."""

import json
import math
from pathlib import Path
from typing import IO, Any

import numpy as np

from ml.poses.sequence import PoseSequence

FORMAT = "exfb.pose"
VERSION = 1


def as_exfb_json(sequence: PoseSequence) -> dict[str, Any]:
    """Return the sequence as the object that exfb JSON files hold; positions to a tenth of a millimetre."""
    rounded = np.round(sequence.positions, 4)
    frames = [
        [[value if math.isfinite(value) else None for value in joint] for joint in frame]
        for frame in rounded.tolist()
    ]
    return {
        "format": FORMAT,
        "version": VERSION,
        "frame_rate": sequence.frame_rate,
        "unit": "m",
        "axes": ["right", "forward", "up"],
        "joints": list(sequence.skeleton.joints),
        "estimated": sorted(sequence.estimated),
        "travels": sequence.travels,
        "simulated": sequence.format == "simulated",
        "frames": frames,
    }


def write_exfb_json(sequence: PoseSequence, target: Path | IO[bytes]) -> None:
    """Write the sequence to a path or an open binary file.

    Parameters
    ----------
    sequence : PoseSequence
        Canonical axes, metres. NaN is written as null.
    target : Path or binary file
    """
    data = json.dumps(as_exfb_json(sequence), allow_nan=False, separators=(",", ":")).encode()
    if isinstance(target, Path):
        target.write_bytes(data)
    else:
        target.write(data)
