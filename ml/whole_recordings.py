"""Whole recordings and what is known of their repetitions, for measuring how well these are found.

A source is a kind and a place: `rmd:FOLDER` (with the edges of each repetition), `one:EXERCISE:FILE` (a pose
file of one repetition), `other:PATH` (pose files of none of the exercises), `irds:FOLDER` (arm exercises),
`uiprmd-other:FOLDER` (its movements that are neither squat nor lunge), `noise:SEED:N`, `sim:SEED:N` and
`sim-other:SEED:N` (simulated), or a source of `ml.datasets`, each repetition a recording.
"""

import csv
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.ndimage import gaussian_filter1d

from ml import ui_prmd
from ml.catalogue import EXERCISES, exercise_of
from ml.datasets import DatasetError, load
from ml.poses.assemble import assemble
from ml.poses.errors import PoseFormatError
from ml.poses.formats import kinect, read
from ml.poses.formats.mediapipe import sequence_from_world
from ml.poses.sequence import PoseSequence
from ml.preprocess import prepare
from ml.repetitions import Span
from ml.sensors import PERFECT, SENSORS
from ml.simulate import Person, simulate_repetition
from ml.simulated_recordings import draw_other_plan, draw_plan, simulate_whole_recording

FRAME_RATES_HZ = (15.0, 24.0, 30.0, 60.0, 120.0)
#: Of the sensor models those that see a whole recording; the published data's form has single repetitions.
WHOLE_SENSORS = (PERFECT, *(sensor for sensor in SENSORS if not sensor.body_aligned))
#: Simulated people of this number and more: neither training nor evaluation draws them.
FIRST_PERSON = 40_000_000


@dataclass(frozen=True)
class WholeRecording:
    """A prepared recording, and the exercise of each repetition in it (none: something else).

    `edges` are `[start_frame, end_frame)` of each, or None where nobody noted them.
    """

    name: str
    sequence: PoseSequence
    exercises: tuple[str, ...]
    edges: tuple[tuple[int, int], ...] | None = None


def load_whole(source: str) -> list[WholeRecording]:
    """Load the recordings of a source.

    Raises
    ------
    DatasetError
        If the source is not there or has another layout.
    """
    kind, _, place = source.partition(":")
    try:
        if kind in _LOADERS:
            return list(_LOADERS[kind](place))
    except (OSError, KeyError, ValueError) as error:
        if isinstance(error, DatasetError):
            raise
        raise DatasetError("bad_layout", f"{source} cannot be read: {error}") from error
    return [
        WholeRecording(f"{one.source}, {one.index}", one.sequence, (exercise_of(one.labels[0]),))
        for one in load(source)
    ]


def _rmd(place: str) -> Iterator[WholeRecording]:
    folder = Path(place)
    spans: dict[str, list[Span]] = defaultdict(list)
    with (folder / "repetitions.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            exercise = {"squats": "squat", "lunges": "lunge"}.get(row["exercise"], row["exercise"])
            spans[row["video"]].append(Span(int(row["start_frame"]), int(row["end_frame"]), exercise))
    with np.load(folder / "rmd.npz", allow_pickle=False) as file:
        data, offsets, ids = file["data"][..., :3], file["offsets"], file["joint_ids"].tolist()
        videos = [str(video) for video in file["videos"]]
    for i, video in enumerate(videos):
        sequence = prepare(sequence_from_world(data[offsets[i] : offsets[i + 1]], ids)).sequence
        yield _known(video, sequence, spans[video])


def _irds(place: str) -> Iterator[WholeRecording]:
    folder = Path(place)
    with (folder / "index.csv").open(encoding="utf-8", newline="") as table:
        rows = [(int(row["start"]), int(row["n_frames"])) for row in csv.DictReader(table)]
    arrays = [np.load(path, allow_pickle=False)["xyz"] for path in sorted(folder.glob("*.npz"))]
    positions = np.concatenate(arrays).astype(np.float64)
    for start, n_frames in rows:
        sequence = assemble(kinect.found_in(positions[start : start + n_frames]))
        yield WholeRecording(f"irds {start}", prepare(sequence).sequence, ())


def _ui_prmd_other(place: str) -> Iterator[WholeRecording]:
    movements = set(ui_prmd.MOVEMENTS) - ui_prmd.SQUATS_AND_LUNGES
    for episode in ui_prmd.episodes(Path(place), movements):
        name = f"{ui_prmd.MOVEMENTS[episode.movement]} {episode.number} of subject {episode.subject}"
        try:
            yield WholeRecording(name, prepare(episode.sequence).sequence, ())
        except PoseFormatError:
            continue


def _noise(place: str) -> Iterator[WholeRecording]:
    """A simulated person who stands, with every joint wandering by itself."""
    seed, _, count = place.partition(":")
    for i in range(int(count)):
        rng = np.random.default_rng([int(seed), i])
        standing = simulate_repetition(Person.sample(FIRST_PERSON + i), "squat.correct", rng).performed
        frames = int(rng.uniform(60, 600))
        wander = gaussian_filter1d(rng.normal(size=(frames, 19, 3)), rng.uniform(1, 20), axis=0)
        wander *= rng.uniform(0.02, 0.3) / wander.std()
        sequence = standing.with_positions(standing.positions[:1] + wander)
        try:
            yield WholeRecording(f"noise {i}", prepare(sequence).sequence, ())
        except PoseFormatError:
            continue


def _one(place: str) -> Iterator[WholeRecording]:
    exercise, _, path = place.partition(":")
    if exercise not in EXERCISES:
        raise DatasetError("bad_source", f"one:{place} must be one:EXERCISE:FILE.")
    yield WholeRecording(path, prepare(read(Path(path))).sequence, (exercise,))


def _other(place: str) -> Iterator[WholeRecording]:
    """Of a folder the files that are read; what readers refuse never comes so far."""
    path = Path(place)
    if not path.exists():
        raise DatasetError("not_found", f"There is no file or folder {place!r}.")
    for file in sorted(path.iterdir()) if path.is_dir() else [path]:
        try:
            yield WholeRecording(file.name, prepare(read(file)).sequence, ())
        except PoseFormatError:
            continue


def _simulated(place: str, draw: Callable[[np.random.Generator], list[str]]) -> Iterator[WholeRecording]:
    seed, _, count = place.partition(":")
    for i in range(int(count)):
        rng = np.random.default_rng([int(seed), i])
        sensor = WHOLE_SENSORS[i % len(WHOLE_SENSORS)]
        person = Person.sample(FIRST_PERSON + int(seed) * 100_000 + i)
        recording, found = simulate_whole_recording(
            person, draw(rng), rng, float(rng.choice(FRAME_RATES_HZ)), sensor
        )
        spans = [Span(start, end, exercise_of(code)) for start, end, code in found]
        yield _known(f"{sensor.name} {i}", prepare(recording).sequence, spans)


def _known(name: str, sequence: PoseSequence, spans: list[Span]) -> WholeRecording:
    return WholeRecording(
        name,
        sequence,
        tuple(span.exercise for span in spans),
        tuple((span.start_frame, span.end_frame) for span in spans),
    )


_LOADERS: dict[str, Callable[[str], Iterator[WholeRecording]]] = {
    "rmd": _rmd,
    "irds": _irds,
    "uiprmd-other": _ui_prmd_other,
    "noise": _noise,
    "one": _one,
    "other": _other,
    "sim": lambda place: _simulated(place, draw_plan),
    "sim-other": lambda place: _simulated(place, draw_other_plan),
}
