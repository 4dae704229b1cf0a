"""From a recording's file to its result, without the database. The only way from the site to the networks.

torch is imported when the first recording is analysed and not before, so that the web process, which never
analyses, never loads it, and no network is built before a worker forks.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from django.conf import settings

from ml.manifest import MANIFEST_NAME, ReleaseError, read_manifest, sha256
from ml.poses.errors import PoseFormatError
from ml.poses.facts import AS_READ, Corrections
from ml.poses.formats import read
from ml.repetitions import Span
from ml.results import AnalysisError, Searched

if TYPE_CHECKING:
    from ml.inference import Predictor
    from ml.poses.sequence import PoseSequence
    from ml.results import RecordingResult

#: Why an analysis may end without a result, besides what a reader refuses.
ANALYSIS_CODES = (
    *AnalysisError.CODES,
    "file_missing",
    "release_unusable",
    "took_too_long",
    "worker_lost",
    "internal_error",
    "cancelled",
)


class AnalysisFailure(Exception):
    """A recording cannot be analysed, however often it is tried.

    `code` is one of `ANALYSIS_CODES` or of the reader's; `message` says it in words, in English.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def read_file(file: BinaryIO, corrections: Corrections = AS_READ) -> "PoseSequence":
    """Read a recording; `corrections` is what a person said of how it is to be read."""
    with _faults_named():
        return read(file, corrections=corrections, limits=settings.RECORDING_LIMITS)


def search(
    sequence: "PoseSequence",
    exercise: str | None,
    release_folder: Path,
    cuts: Sequence[tuple[int, int, str]] | None = None,
    baselines: "Mapping[str, Sequence[PoseSequence]] | None" = None,
) -> Searched:
    """Find the repetitions of a recording, for `judge`.

    `cuts` say where they are (start and end frame, exercise); without them they are looked for. `baselines`
    are, by exercise, repetitions of this person that were marked correct, as they were kept.
    """
    spans = None if cuts is None else [Span(*cut) for cut in cuts]
    with _faults_named():
        return predictor_of(release_folder).search(sequence, exercise, baselines=baselines, cuts=spans)


def judge(recordings: Sequence[Searched], release_folder: Path) -> "list[RecordingResult]":
    """Judge and correct all repetitions of one or more recordings in one batch."""
    with _faults_named():
        return predictor_of(release_folder).judge(recordings)


def analyse_file(file: BinaryIO, exercise: str | None, release_folder: Path) -> "RecordingResult":
    """Analyse one recording by itself."""
    [result] = judge([search(read_file(file), exercise, release_folder)], release_folder)
    return result


@contextmanager
def _faults_named() -> Iterator[None]:
    """Raise `AnalysisFailure` where the recording or the release is at fault."""
    try:
        yield
    except (PoseFormatError, AnalysisError) as error:
        raise AnalysisFailure(error.code, error.message) from error
    except ReleaseError as error:
        raise AnalysisFailure("release_unusable", error.message) from error


def compares_with_baseline(release_folder: Path) -> bool:
    """Tell whether a release compares a person with their own correct repetitions. Loads no network."""
    with _faults_named():
        return bool(read_manifest(release_folder).network.get("baseline", False))


def predictor_of(release_folder: Path) -> "Predictor":
    """Return the networks of a release, loaded once a process and again if the folder's content changed."""
    manifest = release_folder / MANIFEST_NAME
    if not manifest.is_file():
        raise ReleaseError("not_found", f"There is no release {release_folder.name!r}.")
    return _load(release_folder, sha256(manifest))


@lru_cache(maxsize=2)
def _load(release_folder: Path, _hash: str) -> "Predictor":
    from ml.inference import Predictor
    from ml.release import load_release

    return Predictor(load_release(release_folder), device=settings.DEVICE)
