"""UI-PRMD's Kinect recordings as re-packed by movement: one repetition an episode, correct or incorrect.

A folder has `index.csv` (sensor, movement, subject, episode, label, start, n_frames) and a file
`kinect_m01.npy.xz` for each movement: columns are frames, rows 22 joints times 3 offsets in the parent's
frame (cm), then their Euler angles (degrees), both times 100,000. Vakanski et al., Data 3 (2018), 2.
"""

import csv
import lzma
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ml.poses.assemble import Found, Said, assemble
from ml.poses.sequence import PoseSequence

#: The movements by number, as their authors name them.
MOVEMENTS = {
    1: "deep_squat",
    2: "hurdle_step",
    3: "inline_lunge",
    4: "side_lunge",
    5: "sit_to_stand",
    6: "standing_leg_raise",
    7: "shoulder_abduction",
    8: "shoulder_extension",
    9: "shoulder_rotation",
    10: "shoulder_scaption",
}
#: Deep squat and inline lunge.
SQUATS_AND_LUNGES = {1, 3}
COLUMNS = {"sensor", "movement", "subject", "episode", "label", "start", "n_frames"}
FRAME_RATE_HZ = 30.0

#: Each joint's parent, in the file's order: pelvis, spine to the head, arms, legs, left before right.
_PARENTS = (-1, 0, 1, 2, 3, 4, 2, 6, 7, 8, 2, 10, 11, 12, 0, 14, 15, 16, 0, 18, 19, 20)
_JOINTS = {
    "mid_hip": 0,
    "neck": 3,
    **{f"left_{part}": 7 + i for i, part in enumerate(("shoulder", "elbow", "wrist"))},
    **{f"right_{part}": 11 + i for i, part in enumerate(("shoulder", "elbow", "wrist"))},
    **{f"left_{part}": 14 + i for i, part in enumerate(("hip", "knee", "ankle", "big_toe"))},
    **{f"right_{part}": 18 + i for i, part in enumerate(("hip", "knee", "ankle", "big_toe"))},
}
#: People face the sensor at the origin: x to their left, y up, z towards the sensor.
_AXES = ("left", "up", "forward")
_SCALE = 1e5


class Episode(NamedTuple):
    """One repetition: number of the movement, of the subject and of the episode, the label, the motion."""

    movement: int
    subject: int
    number: int
    label: str
    sequence: PoseSequence


def episodes(folder: Path, movements: set[int] | None = None) -> Iterator[Episode]:
    """Read the Kinect episodes of a folder, in the order of its index.

    Raises
    ------
    PoseFormatError
        If an episode is no motion of a person.
    ValueError, KeyError, OSError, EOFError, lzma.LZMAError
        If the folder has another layout.
    """
    with (folder / "index.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["sensor"] == "kinect"]
    for movement in dict.fromkeys(int(row["movement"]) for row in rows):
        if movements is not None and movement not in movements:
            continue
        with lzma.open(folder / f"kinect_m{movement:02d}.npy.xz") as packed:
            frames = np.load(packed, allow_pickle=False).T / _SCALE
        for row in rows:
            if int(row["movement"]) == movement:
                start, n_frames = int(row["start"]), int(row["n_frames"])
                if not 0 <= start < start + n_frames <= len(frames):
                    raise ValueError(f"episode {row['episode']} lies outside of movement {movement}")
                sequence = _sequence(frames[start : start + n_frames])
                number = int(row["episode"])
                yield Episode(movement, int(row["subject"]), number, row["label"], sequence)


def _sequence(frames: NDArray[np.float64]) -> PoseSequence:
    values = frames.reshape(len(frames), 2, len(_PARENTS), 3)
    places = _places(values[:, 0], _turns(values[:, 1]))
    how = "as the data set"
    found = Found(
        format="ui_prmd_kinect",
        joints={name: places[:, i] for name, i in _JOINTS.items()},
        frame_rate=Said(FRAME_RATE_HZ, "format", how),
        unit=Said("cm", "format", how),
        axes=Said(_AXES, "format", how),
    )
    return assemble(found)


def _places(offsets: NDArray[np.float64], turns: NDArray[np.float64]) -> NDArray[np.float64]:
    """Follow the tree from the pelvis: offsets (F, 22, 3) in each parent's frame to places in the room."""
    places, world = offsets.copy(), turns.copy()
    for joint, parent in enumerate(_PARENTS):
        if parent >= 0:
            places[:, joint] = places[:, parent] + np.einsum(
                "fij,fj->fi", world[:, parent], offsets[:, joint]
            )
            world[:, joint] = world[:, parent] @ turns[:, joint]
    return places


def _turns(degrees: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rotation matrices (F, 22, 3, 3) of Euler angles about x, y, z: first y, then x, then z."""
    cos, sin = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    about = np.zeros((3, *degrees.shape[:-1], 3, 3))
    for axis, (i, j) in enumerate(((1, 2), (2, 0), (0, 1))):
        about[axis, ..., axis, axis] = 1
        about[axis, ..., i, i] = about[axis, ..., j, j] = cos[..., axis]
        about[axis, ..., j, i], about[axis, ..., i, j] = sin[..., axis], -sin[..., axis]
    return np.asarray(about[2] @ about[0] @ about[1])
