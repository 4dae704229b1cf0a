"""Labelled recordings: the data sets that evaluation reads, as prepared repetitions with their labels.

A source is a kind and a place, such as `ec3d:FILE.npz`, `rmd:FOLDER`, `uiprmd:FOLDER:m01`,
`recordings:FOLDER`, `sim:SEED:PEOPLE`.
"""

import csv
import lzma
import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from ml.catalogue import (
    CODES,
    EXERCISES,
    correct_code,
    exercise_of,
    is_class_code,
    is_correct,
)
from ml.ec3d import load_ec3d
from ml.labelled import DatasetError, LabelledRepetition, prepared_motion
from ml.poses.errors import PoseFormatError
from ml.poses.formats import read
from ml.poses.formats.mediapipe import sequence_from_world
from ml.poses.sequence import PoseSequence
from ml.sensors import SENSORS, observe_in_turn
from ml.simulate import Person, simulate_repetition
from ml.ui_prmd import COLUMNS, MOVEMENTS, episodes

__all__ = ["DatasetError", "LabelledRepetition", "load", "load_recordings", "of_people"]

#: A span of labelled frames shorter than this is no repetition.
SHORTEST_S = 0.3


def load(source: str) -> list[LabelledRepetition]:
    """Load a data set.

    Parameters
    ----------
    source : str
        `ec3d:FILE` (the published pickle, or part of it as NPZ), `rmd:FOLDER` (MediaPipe world landmarks with
        a table of repetitions), `uiprmd:FOLDER` (Kinect episodes, `uiprmd:FOLDER:m01,m03` of some movements),
        `uiprmd-squats:FOLDER` (those of its deep squats that are marked correct, as correct squats),
        `recordings:FOLDER` (pose files and their `labels.csv`), or `sim:SEED:PEOPLE` (simulated people whom
        training never draws, a repetition of each class by each, an exercise's by one of the sensor models).
        `sim:SEED:PEOPLE:CORRECT` has so many correct repetitions of each exercise.

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
    if kind not in ("sim", "uiprmd") and not Path(place).exists():
        raise DatasetError("not_found", f"There is no file or folder {place!r}.")
    return LOADERS[kind](place)


def of_people(
    repetitions: Sequence[LabelledRepetition], wanted: Collection[str] = (), without: Collection[str] = ()
) -> list[LabelledRepetition]:
    """Return the repetitions of some people, or of all but some; raises `unknown_person`.

    A person goes by name, `uiprmd:s03`, or by what stands behind the colon.
    """
    known = {name for r in repetitions for name in (r.person, r.person.rpartition(":")[2])}
    if unknown := sorted({*wanted, *without} - known):
        people = ", ".join(sorted({repetition.person for repetition in repetitions}))
        raise DatasetError("unknown_person", f"There is nobody {unknown[0]!r} in the data. People: {people}.")

    def named(repetition: LabelledRepetition, people: Collection[str]) -> bool:
        return repetition.person in people or repetition.person.rpartition(":")[2] in people

    return [r for r in repetitions if (not wanted or named(r, wanted)) and not named(r, without)]


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
            prepared[video] = prepared_motion(sequence_from_world(landmarks, [int(i) for i in ids]), video)
        exercise = _RMD_EXERCISES.get(row["exercise"], row["exercise"])
        labels = tuple(_known(f"{exercise}.{part}", video) for part in row["label"].split("+"))
        index = counts.get(video, 0)
        counts[video] = index + 1
        span = _span(prepared[video], row, f"{video}, repetition {index + 1}")
        repetitions.append(LabelledRepetition(video, index, "rmd", labels, span, named=False))
    return repetitions


# UI-PRMD


def _load_ui_prmd(place: str) -> list[LabelledRepetition]:
    folder, movements = _of_movements(place)
    rows = _table(folder / "index.csv", COLUMNS)
    repetitions: list[LabelledRepetition] = []
    try:
        listed = {int(row["movement"]) for row in rows if row["sensor"] == "kinect"}
        if unlisted := sorted((movements or set()) - listed):
            raise DatasetError("bad_source", f"{folder.name} has no Kinect movement m{unlisted[0]:02d}.")
        for episode in episodes(folder, movements):
            where = f"kinect_m{episode.movement:02d}"
            code = f"{MOVEMENTS[episode.movement]}.{episode.label}"
            person, index = f"uiprmd:s{episode.subject:02d}", len(repetitions)
            sequence = prepared_motion(episode.sequence, f"{where}, {index}")
            repetitions.append(LabelledRepetition(where, index, person, (_coded(code, where),), sequence))
    except PoseFormatError as error:
        raise DatasetError("bad_recording", f"{folder.name}: {error.message}") from error
    except (KeyError, ValueError, OSError, EOFError, lzma.LZMAError) as error:
        if isinstance(error, DatasetError):
            raise
        raise DatasetError(
            "bad_layout", f"{folder.name} needs index.csv and a kinect_mNN.npy.xz for each movement in it."
        ) from error
    return repetitions


def _load_correct_squats(place: str) -> list[LabelledRepetition]:
    """UI-PRMD's deep squats that are marked correct, as correct squats; the others mix several mistakes."""
    deep = _load_ui_prmd(f"{place}:m01")
    return [replace(one, labels=(correct_code("squat"),)) for one in deep if is_correct(one.labels[0])]


def _of_movements(place: str) -> tuple[Path, set[int] | None]:
    """Read FOLDER or FOLDER:m01,m03."""
    chosen = re.fullmatch(r"(.+):(m\d{2}(?:,m\d{2})*)", place)
    folder = Path(chosen[1] if chosen else place)
    if not folder.is_dir():
        raise DatasetError("not_found", f"There is no folder {str(folder)!r}.")
    if chosen is None:
        return folder, None
    return folder, {int(movement[1:]) for movement in chosen[2].split(",")}


# A folder of pose files


def load_recordings(folder: Path, labels: Path | None = None) -> list[LabelledRepetition]:
    """Load pose files of a folder and the table of what is in them, which is its `labels.csv` unless named.

    Raises
    ------
    DatasetError
    """
    if not folder.is_dir():
        raise DatasetError("not_found", f"There is no folder {str(folder)!r}.")
    rows = _table(labels or folder / "labels.csv", {"file", "person", "label", "start_frame", "end_frame"})
    prepared: dict[str, PoseSequence] = {}
    counts: dict[str, int] = {}
    repetitions = []
    for row in rows:
        name = row["file"]
        if name not in prepared:
            try:
                prepared[name] = prepared_motion(read(folder / Path(name).name), name)
            except PoseFormatError as error:
                raise DatasetError("bad_recording", f"{name}: {error.message}") from error
            except OSError as error:
                raise DatasetError(
                    "not_found", f"labels.csv names {name}, which is not in the folder."
                ) from error
        codes = tuple(_coded(part, name) for part in row["label"].split("+"))
        index = counts.get(name, 0)
        counts[name] = index + 1
        span = _span(prepared[name], row, f"{name}, repetition {index + 1}")
        repetitions.append(LabelledRepetition(name, index, row["person"], codes, span))
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
                sequence, truth = (prepared_motion(motion, f"{person.name}, {index}") for motion in seen)
                known = None if is_correct(code) else truth
                repetitions.append(
                    LabelledRepetition(person.name, index, person.name, (code,), sequence, known)
                )
                index += 1
    return repetitions


def _known(code: str, where: str) -> str:
    if code not in CODES:
        raise DatasetError("unknown_label", f"{where} is labelled {code!r}, which is no known class.")
    return code


def _coded(code: str, where: str) -> str:
    """A class of the catalogue or one that a clinic names itself: then its code must be one."""
    if not is_class_code(code):
        raise DatasetError(
            "unknown_label",
            f"{where} is labelled {code!r}, which names no class. Write the exercise, a dot and the mistake "
            "in lower-case letters, digits and underscores, such as squat.knees_inward, or exercise.correct.",
        )
    return code


def _span(sequence: PoseSequence, row: dict[str, str], where: str) -> PoseSequence:
    """Cut a labelled repetition out of its recording."""
    try:
        start, end = int(row["start_frame"]), int(row["end_frame"])
    except (TypeError, ValueError) as error:
        raise DatasetError("bad_layout", f"{where}: start_frame and end_frame are whole numbers.") from error
    if not 0 <= start < end <= len(sequence):
        raise DatasetError(
            "bad_recording",
            f"{where}: the frames {start} to {end} do not lie in the recording, which has {len(sequence)}.",
        )
    if end - start < max(2, SHORTEST_S * sequence.frame_rate):
        raise DatasetError(
            "bad_recording",
            f"{where} is too short: {end - start} frames at {sequence.frame_rate:g} Hz are no repetition. "
            "Label the whole of it, from start_frame up to but without end_frame.",
        )
    return sequence.cut(start, end)


def _table(path: Path, columns: set[str]) -> list[dict[str, str]]:
    if not path.is_file():
        raise DatasetError("not_found", f"There is no {path.name} in {path.parent.name!r}.")
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        if lacking := columns - set(reader.fieldnames or ()):
            raise DatasetError("bad_layout", f"{path.name} lacks the columns: {', '.join(sorted(lacking))}.")
        return list(reader)


LOADERS: dict[str, Callable[[str], list[LabelledRepetition]]] = {
    "ec3d": load_ec3d,
    "rmd": _load_rmd,
    "uiprmd": _load_ui_prmd,
    "uiprmd-squats": _load_correct_squats,
    "recordings": lambda place: load_recordings(Path(place)),
    "sim": _load_simulated,
}
