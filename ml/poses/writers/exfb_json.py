"""exfb JSON, the format of its own (docs/formats.md)."""

import json
import math
from pathlib import Path
from typing import IO, Any

import numpy as np

from ml.poses.sequence import PoseSequence
from ml.poses.writers.conventions import EXFB, Convention

name, extension = "exfb_json", "json"

FORMAT = "exfb.pose"
VERSION = 1


def write(sequence: PoseSequence, convention: Convention) -> bytes:
    return json.dumps(as_exfb_json(sequence, convention), allow_nan=False, separators=(",", ":")).encode()


def as_exfb_json(sequence: PoseSequence, convention: Convention = EXFB) -> dict[str, Any]:
    """Return the sequence as the object that exfb JSON files hold; null where a joint was not seen."""
    rounded = np.round(convention.coordinates(sequence), convention.decimals)
    frames = [
        [[value if math.isfinite(value) else None for value in joint] for joint in frame]
        for frame in rounded.tolist()
    ]
    return {
        "format": FORMAT,
        "version": VERSION,
        "frame_rate": sequence.frame_rate,
        "unit": convention.unit,
        "axes": list(convention.axes),
        "joints": list(sequence.skeleton.joints),
        "estimated": sorted(sequence.estimated),
        "travels": sequence.travels,
        "simulated": sequence.format == "simulated",
        "frames": frames,
    }


def write_exfb_json(sequence: PoseSequence, target: Path | IO[bytes]) -> None:
    """Write the sequence to a path or an open binary file, in the canonical axes and metres."""
    data = write(sequence, EXFB)
    if isinstance(target, Path):
        target.write_bytes(data)
    else:
        target.write(data)
