"""What a model release says of itself, without loading a network: the web process needs no more."""

import hashlib
import json
import math
import re
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ml.catalogue import is_class_code

FORMAT_VERSION = 1
MANIFEST_NAME = "release.json"

#: Kinds of release: exfb's own network, and the published weights in their own frame and transform.
TWO_BRANCH, PUBLISHED = "two_branch", "published"

#: Where the shipped releases lie, a folder each, and the one that is used unless another is active.
RELEASES = Path(__file__).parent / "releases"
DEFAULT_RELEASE = "exfb-12"


#: Names the figures on simulated people who had no part in a training.
UNSEEN_PEOPLE = "unseen_simulated_people"
#: Names the threshold of the judge: what is added to its log-probabilities of correct classes.
LENIENCY = "judge_leniency"
#: Ends the names of thresholds and figures that hold where the person's baseline is known.
WITH_BASELINE = "_with_baseline"


class ReleaseError(ValueError):
    """A model release cannot be read, written or imported.

    Parameters
    ----------
    code : str
        One of `CODES`; stable, machine-readable.
    message : str
        A full sentence that names the fault and what to do.
    """

    CODES = (
        "not_found",
        "exists",
        "bad_name",
        "bad_manifest",
        "unsupported_version",
        "corrupt",
        "wrong_weights",
        "wrong_classes",
        "unfit",
    )

    def __init__(self, code: str, message: str) -> None:
        if code not in self.CODES:
            raise AssertionError(f"unlisted release code {code!r}")
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """The content of `release.json`.

    Parameters
    ----------
    name : str
        Lower-case letters, digits, dots and dashes.
    kind : str
        `two_branch` or `published`.
    network : dict
        The fields of `ml.model.NetworkConfig`.
    judge : dict or None
        The fields of `ml.judge.JudgeConfig`; None where the release has no judge of its own.
    thresholds : dict
        `confidence`: a finding less probable is abstained from; `confidence_with_baseline`, the same where
        the person's baseline is known, `confidence` if absent. `unlike_training`: a repetition whose
        distance to every class of the training motions is larger is abstained from; absent for no such
        check. `judge_leniency` is added to the judge's log-probabilities of correct classes; 0 if absent.
    temperature : float
        Divides the log-probabilities, so that the probabilities are calibrated.
    temperature_with_baseline : float or None
        The same where the person's baseline is known; None for the same temperature.
    metrics : dict
        Figures of the evaluation that the training command printed.
    trained_on : tuple of str
        The data sets, in words.
    learned_from : dict
        Of an adapted release: `people`, those that its data names, and `repetitions`, fingerprints of what it
        learned from, so that an evaluation never scores them.
    created : str
        ISO date and time.
    files : dict
        sha256 of each file of the folder by its name, but of this one.
    """

    name: str
    kind: str
    network: dict[str, Any]
    created: str
    judge: dict[str, Any] | None = None
    thresholds: dict[str, float] = field(default_factory=dict)
    temperature: float = 1.0
    temperature_with_baseline: float | None = None
    metrics: dict[str, Any] = field(default_factory=dict)
    trained_on: tuple[str, ...] = ()
    learned_from: dict[str, list[str]] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    format_version: int = FORMAT_VERSION

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[a-z0-9][a-z0-9.-]{0,63}", self.name):
            raise ReleaseError(
                "bad_name",
                "A release's name has up to 64 lower-case letters, digits, dots and dashes, "
                "and starts with a letter or a digit.",
            )
        if self.kind not in (TWO_BRANCH, PUBLISHED):
            raise ReleaseError("bad_manifest", f"The release is of the unknown kind {self.kind!r}.")
        temperatures = (self.temperature, self.temperature_with_baseline)
        if not all(t is None or (math.isfinite(t) and t > 0) for t in temperatures):
            raise ReleaseError("bad_manifest", "The release's temperature is not a positive number.")
        if not all(math.isfinite(threshold) for threshold in dict(self.thresholds).values()):
            raise ReleaseError("bad_manifest", "A threshold of the release is not a number.")
        if not all(isinstance(names, list) for names in dict(self.learned_from).values()):
            raise ReleaseError("bad_manifest", "What the release learned from is no list.")

    @property
    def classes(self) -> tuple[str, ...]:
        """Class codes in the order of the network's outputs."""
        return tuple(self.network["classes"])

    def to_json(self) -> str:
        return json.dumps(asdict(self), indent=1, sort_keys=True) + "\n"


def release_folder(name: str) -> Path:
    """Return where the shipped release of a name lies, whether it exists or not."""
    return RELEASES / name


def read_manifest(folder: Path) -> Manifest:
    """Read `release.json` of a release folder. Loads no weights and checks none.

    Raises
    ------
    ReleaseError
        `not_found`, `bad_manifest` or `unsupported_version`.
    """
    path = folder / MANIFEST_NAME
    if not path.is_file():
        raise ReleaseError(
            "not_found", f"There is no release {folder.name!r}: its folder has no {MANIFEST_NAME}."
        )
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ReleaseError("bad_manifest", f"{MANIFEST_NAME} of {folder.name!r} is not JSON.") from error
    if not isinstance(content, dict):
        raise ReleaseError("bad_manifest", f"{MANIFEST_NAME} of {folder.name!r} is not a JSON object.")
    if content.get("format_version") != FORMAT_VERSION:
        raise ReleaseError(
            "unsupported_version",
            f"The release {folder.name!r} has format version {content.get('format_version')!r}; "
            f"this exfb reads version {FORMAT_VERSION}. Write it again with this version.",
        )
    try:
        manifest = Manifest(**content | {"trained_on": tuple(content.get("trained_on", ()))})
        classes = manifest.classes
    except (TypeError, KeyError) as error:
        raise ReleaseError(
            "bad_manifest",
            f"{MANIFEST_NAME} of {folder.name!r} has missing or unknown fields: {error}.",
        ) from error
    if len(classes) < 2 or not all(isinstance(code, str) and is_class_code(code) for code in classes):
        raise ReleaseError(
            "wrong_classes", f"The classes of {folder.name!r} are not codes such as squat.correct."
        )
    return manifest


def sha256(path: Path) -> str:
    """Return the hash of a file in hexadecimal digits."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
