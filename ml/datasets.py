"""Labelled recordings: the data sets that evaluation reads, as prepared repetitions with their labels.

A source is a kind and a place, such as `ec3d:FILE.npz`, `rmd:FOLDER`, `recordings:FOLDER`, `sim:SEED:PEOPLE`.
"""

import csv
import io
import pickle
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ml.catalogue import (
    CODES,
    EXERCISES,
    MISTAKE_CLASSES,
    PUBLISHED_CODES,
    SECOND_CORRECT_SQUAT,
    correct_code,
    exercise_of,
    is_correct,
)
from ml.poses.errors import PoseFormatError
from ml.poses.formats import read
from ml.poses.formats.ec3d import sequence_from_published
from ml.poses.formats.mediapipe import sequence_from_world
from ml.poses.sequence import PoseSequence
from ml.preprocess import prepare
from ml.sensors import SENSORS, observe_in_turn
from ml.simulate import Person, simulate_repetition
from ml.skeletons import BODY_25, EC3D_19


class DatasetError(ValueError):
    """A data set cannot be used; the message names the fault and what to do.

    Parameters
    ----------
    code : str
        One of `CODES`.
    message : str
    """

    CODES = ("bad_source", "not_found", "bad_layout", "unsafe", "unknown_label", "bad_recording")

    def __init__(self, code: str, message: str) -> None:
        if code not in self.CODES:
            raise AssertionError(f"unlisted data set code {code!r}")
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(frozen=True)
class LabelledRepetition:
    """One repetition somebody labelled.

    Parameters
    ----------
    source : str
        The file or video it is from.
    index : int
        Its number in the source, from 0.
    person : str
        Whoever moves; repetitions of a person are never split between training and test.
    labels : tuple of str
        Class codes: one, or two for two mistakes at once.
    sequence : PoseSequence
        Prepared (`ml.preprocess.prepare`).
    truth : PoseSequence or None
        The true correction as the same sensor sees it, prepared; known of simulated mistakes only.
    """

    source: str
    index: int
    person: str
    labels: tuple[str, ...]
    sequence: PoseSequence
    truth: PoseSequence | None = None

    @property
    def label(self) -> str:
        """The code, or `a+b` for two at once."""
        return "+".join(self.labels)


def load(source: str) -> list[LabelledRepetition]:
    """Load a data set.

    Parameters
    ----------
    source : str
        `ec3d:FILE` (the published pickle, or part of it as NPZ), `rmd:FOLDER` (MediaPipe world landmarks with
        a table of repetitions), `recordings:FOLDER` (pose files and their `labels.csv`), or `sim:SEED:PEOPLE`
        (simulated people whom training never draws, a repetition of each class by each, an exercise's by one
        of the sensor models). `sim:SEED:PEOPLE:CORRECT` has so many correct repetitions of each exercise.

    Returns
    -------
    list of LabelledRepetition

    Raises
    ------
    DatasetError
    """
    kind, _, place = source.partition(":")
    if kind not in LOADERS or not place:
        raise DatasetError(
            "bad_source", f"{source!r} names no data set. Write one of: {', '.join(sorted(LOADERS))}:…"
        )
    if kind != "sim" and not Path(place).exists():
        raise DatasetError("not_found", f"There is no file or folder {place!r}.")
    return LOADERS[kind](place)


# EC3D


def _load_ec3d(place: str) -> list[LabelledRepetition]:
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
        sequence = _prepared(sequence_from_published(poses[offsets[i] : offsets[i + 1]]), f"{path.name}, {i}")
        repetitions.append(LabelledRepetition(path.name, i, f"ec3d:{path.stem}", (_plain(code),), sequence))
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
        sequence = _prepared(sequence_from_published(aligned), f"{path.name}, {i}")
        repetitions.append(LabelledRepetition(path.name, i, f"ec3d:{subject}", (_plain(code),), sequence))
    return repetitions


def _plain(code: str) -> str:
    """EC3D's second correct squat is a correct squat."""
    return "squat.correct" if code == SECOND_CORRECT_SQUAT.code else code


# rmd


_RMD_EXERCISES = {"squats": "squat", "squat": "squat", "lunge": "lunge", "lunges": "lunge", "plank": "plank"}


def _load_rmd(place: str) -> list[LabelledRepetition]:
    folder = Path(place)
    try:
        with np.load(folder / "rmd.npz", allow_pickle=False) as file:
            data, offsets, ids = file["data"], file["offsets"], file["joint_ids"]
            videos = [str(video) for video in file["videos"]]
        rows = _table(folder / "repetitions.csv", {"video", "exercise", "label", "start_frame", "end_frame"})
    except (KeyError, ValueError, OSError) as error:
        if isinstance(error, DatasetError):
            raise
        raise DatasetError(
            "bad_layout", f"{folder.name} needs rmd.npz and repetitions.csv as described."
        ) from error
    prepared: dict[str, PoseSequence] = {}
    counts: dict[str, int] = {}
    repetitions = []
    for row in rows:
        video = row["video"]
        if video not in videos:
            raise DatasetError(
                "bad_layout", f"repetitions.csv names the video {video!r}, which rmd.npz has not."
            )
        if video not in prepared:
            at = videos.index(video)
            landmarks = data[offsets[at] : offsets[at + 1], :, :3]
            prepared[video] = _prepared(sequence_from_world(landmarks, [int(i) for i in ids]), video)
        exercise = _RMD_EXERCISES.get(row["exercise"], row["exercise"])
        labels = tuple(_known(f"{exercise}.{part}", video) for part in row["label"].split("+"))
        span = prepared[video].cut(int(row["start_frame"]), int(row["end_frame"]))
        index = counts.get(video, 0)
        counts[video] = index + 1
        repetitions.append(LabelledRepetition(video, index, "rmd", labels, span))
    return repetitions


# A folder of pose files


def _load_recordings(place: str) -> list[LabelledRepetition]:
    folder = Path(place)
    rows = _table(folder / "labels.csv", {"file", "person", "label", "start_frame", "end_frame"})
    prepared: dict[str, PoseSequence] = {}
    counts: dict[str, int] = {}
    repetitions = []
    for row in rows:
        name = row["file"]
        if name not in prepared:
            try:
                prepared[name] = _prepared(read(folder / Path(name).name), name)
            except PoseFormatError as error:
                raise DatasetError("bad_recording", f"{name}: {error.message}") from error
            except OSError as error:
                raise DatasetError(
                    "not_found", f"labels.csv names {name}, which is not in the folder."
                ) from error
        labels = tuple(_known(part, name) for part in row["label"].split("+"))
        span = prepared[name].cut(int(row["start_frame"]), int(row["end_frame"]))
        index = counts.get(name, 0)
        counts[name] = index + 1
        repetitions.append(LabelledRepetition(name, index, row["person"], labels, span))
    return repetitions


# Simulated people


#: Training draws people below this number, and a source `sim:SEED:N` only above it.
FIRST_UNSEEN_PERSON = 10_000_000


def _load_simulated(place: str) -> list[LabelledRepetition]:
    try:
        seed, people, correct = (
            int(part) for part in (place if place.count(":") == 2 else f"{place}:1").split(":")
        )
    except ValueError as error:
        raise DatasetError(
            "bad_source", f"sim:{place} must be sim:SEED:PEOPLE or sim:SEED:PEOPLE:CORRECT, whole numbers."
        ) from error
    if seed < 0 or people < 1 or correct < 1:
        raise DatasetError(
            "bad_source",
            f"sim:{place} needs a seed of 0 or more, and at least one person and correct repetition.",
        )
    repetitions: list[LabelledRepetition] = []
    for i in range(people):
        number = FIRST_UNSEEN_PERSON + seed * 100_000 + i
        person, rng = Person.sample(number), np.random.default_rng([number, 1])
        index = 0
        for j, exercise in enumerate(EXERCISES):
            codes = [correct_code(exercise)] * (correct - 1)
            codes += [code for code in CODES if exercise_of(code) == exercise]
            simulated = [simulate_repetition(person, code, rng) for code in codes]
            sensor = SENSORS[(i + j) % len(SENSORS)]
            both = observe_in_turn([[motion.performed, motion.correct] for motion in simulated], sensor, rng)
            for code, seen in zip(codes, both, strict=True):
                sequence, truth = (_prepared(motion, f"{person.name}, {index}") for motion in seen)
                known = None if is_correct(code) else truth
                repetitions.append(
                    LabelledRepetition(person.name, index, person.name, (code,), sequence, known)
                )
                index += 1
    return repetitions


def _prepared(sequence: PoseSequence, where: str) -> PoseSequence:
    try:
        return prepare(sequence).sequence
    except PoseFormatError as error:
        raise DatasetError("bad_recording", f"{where}: {error.message}") from error


def _known(code: str, where: str) -> str:
    if code not in CODES:
        raise DatasetError("unknown_label", f"{where} is labelled {code!r}, which is no known class.")
    return code


def _table(path: Path, columns: set[str]) -> list[dict[str, str]]:
    if not path.is_file():
        raise DatasetError("not_found", f"There is no {path.name} in {path.parent.name!r}.")
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        if lacking := columns - set(reader.fieldnames or ()):
            raise DatasetError("bad_layout", f"{path.name} lacks the columns: {', '.join(sorted(lacking))}.")
        return list(reader)


LOADERS: dict[str, Callable[[str], list[LabelledRepetition]]] = {
    "ec3d": _load_ec3d,
    "rmd": _load_rmd,
    "recordings": _load_recordings,
    "sim": _load_simulated,
}
