"""From a recording's file to its result, without the database. The only way from the site to the networks.

torch is imported when the first recording is analysed and not before, so that the web process, which never
analyses, never loads it, and no network is built before a worker forks.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from django.conf import settings

from ml.manifest import MANIFEST_NAME, ReleaseError, read_manifest, sha256
from ml.poses.errors import PoseFormatError
from ml.poses.facts import AS_READ, Corrections
from ml.poses.formats import read
from ml.repetitions import Span
from ml.results import AnalysisError

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


def analyse_file(
    file: BinaryIO,
    exercise: str | None,
    release_folder: Path,
    on_step: Callable[[str], object] = lambda step: None,
    cuts: Sequence[tuple[int, int, str]] | None = None,
    *,
    baselines: "Mapping[str, Sequence[PoseSequence]] | None" = None,
    corrections: Corrections = AS_READ,
) -> "RecordingResult":
    """Analyse one recording; raises `AnalysisFailure` where the recording or the release is at fault.

    `on_step` is called with the name of each step that begins (`feedback.models.Analysis.Step`). `baselines`
    are, by exercise, repetitions of this person that were marked correct, as they were kept; `corrections` is
    what a person said of how the file is to be read. `cuts` say where the repetitions are (start and end
    frame, exercise); without them they are looked for.
    """
    on_step("reading")
    try:
        sequence = read(file, corrections=corrections, limits=settings.RECORDING_LIMITS)
        spans = None if cuts is None else [Span(*cut) for cut in cuts]
        return predictor_of(release_folder).analyse(
            sequence, exercise, on_step, baselines=baselines, cuts=spans
        )
    except (PoseFormatError, AnalysisError) as error:
        raise AnalysisFailure(error.code, error.message) from error
    except ReleaseError as error:
        raise AnalysisFailure("release_unusable", error.message) from error


def compares_with_baseline(release_folder: Path) -> bool:
    """Tell whether a release compares a person with their own correct repetitions. Loads no network."""
    try:
        return bool(read_manifest(release_folder).network.get("baseline", False))
    except ReleaseError as error:
        raise AnalysisFailure("release_unusable", error.message) from error


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
