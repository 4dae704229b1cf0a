"""EC3D, the published data set: its pickle, or part of it as NPZ, as labelled repetitions."""

import io
import pickle
from pathlib import Path
from typing import Any

import numpy as np

from ml.catalogue import MISTAKE_CLASSES, PUBLISHED_CODES, SECOND_CORRECT_SQUAT
from ml.labelled import DatasetError, LabelledRepetition, prepared_motion
from ml.poses.formats.ec3d import sequence_from_published
from ml.skeletons import BODY_25, EC3D_19


def load_ec3d(place: str) -> list[LabelledRepetition]:
    """Load the pickle or part of it; raises DatasetError."""
    path = Path(place)
    return _ec3d_part(path) if path.suffix == ".npz" else _ec3d_pickle(path)


def _ec3d_part(path: Path) -> list[LabelledRepetition]:
    try:
        with np.load(path, allow_pickle=False) as file:
            poses, offsets, labels = file["poses"], file["offsets"], file["label"]
    except (KeyError, ValueError, OSError) as error:
        raise DatasetError(
            "bad_layout", f"{path.name} is not part of EC3D: it needs poses, offsets, label."
        ) from error
    if poses.shape[1:] != (len(EC3D_19), 3) or len(offsets) != len(labels) + 1 or offsets[-1] != len(poses):
        raise DatasetError("bad_layout", f"{path.name}: poses, offsets and labels do not fit together.")
    repetitions = []
    for i, label in enumerate(labels):
        if not 0 <= label < len(PUBLISHED_CODES):
            raise DatasetError("unknown_label", f"{path.name}: repetition {i} has the unknown label {label}.")
        code = PUBLISHED_CODES[label]
        frames = poses[offsets[i] : offsets[i + 1]]
        sequence = prepared_motion(sequence_from_published(frames), f"{path.name}, {i}")
        person = f"ec3d:{path.stem}"
        repetitions.append(LabelledRepetition(path.name, i, person, (_plain(code),), sequence, named=False))
    return repetitions


class _ArraysOnly(pickle.Unpickler):
    """Admits NumPy arrays and plain containers, nothing else that a pickle could run."""

    _ADMITTED = {
        ("numpy", "ndarray"),
        ("numpy", "dtype"),
        ("numpy.core.multiarray", "_reconstruct"),
        ("numpy._core.multiarray", "_reconstruct"),
        ("numpy.core.multiarray", "scalar"),
        ("numpy._core.multiarray", "scalar"),
        ("numpy._core.numeric", "_frombuffer"),
        ("numpy.core.numeric", "_frombuffer"),
        ("_codecs", "encode"),
    }

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in self._ADMITTED:
            raise DatasetError(
                "unsafe", f"The pickle asks for {module}.{name}; only NumPy arrays are read from it."
            )
        return super().find_class(module, name)


def _ec3d_pickle(path: Path) -> list[LabelledRepetition]:
    try:
        content = _ArraysOnly(io.BytesIO(path.read_bytes())).load()
        poses, rows = np.asarray(content["poses"], dtype=np.float64), np.asarray(content["labels"])
    except (
        pickle.UnpicklingError,
        EOFError,
        KeyError,
        TypeError,
        ValueError,
        AttributeError,
        IndexError,
    ) as error:
        if isinstance(error, DatasetError):
            raise
        raise DatasetError(
            "bad_layout", f"{path.name} is not EC3D: a pickled dict of poses and labels."
        ) from error
    if poses.ndim != 3 or poses.shape[1] != 3 or poses.shape[2] < 25 or rows.shape != (len(poses), 5):
        raise DatasetError("bad_layout", f"{path.name}: poses must be (F, 3, 25) and labels (F, 5).")
    known = {(c.ec3d_exercise, c.ec3d_label): c.code for c in (*MISTAKE_CLASSES, SECOND_CORRECT_SQUAT)}
    keys = [tuple(str(value) for value in row[:4]) for row in rows]
    joints = [BODY_25[name] for name in EC3D_19.joints]
    repetitions = []
    for i, key in enumerate(dict.fromkeys(keys)):
        exercise, subject, label, _ = key
        code = known.get((exercise, int(float(label))))
        if code is None:
            raise DatasetError("unknown_label", f"{path.name}: EC3D has no label {label} of {exercise}.")
        frames = np.array([other == key for other in keys])
        aligned = poses[frames].transpose(0, 2, 1)[:, joints]
        sequence = prepared_motion(sequence_from_published(aligned), f"{path.name}, {i}")
        repetitions.append(LabelledRepetition(path.name, i, f"ec3d:{subject}", (_plain(code),), sequence))
    return repetitions


def _plain(code: str) -> str:
    """EC3D's second correct squat is a correct squat."""
    return "squat.correct" if code == SECOND_CORRECT_SQUAT.code else code
