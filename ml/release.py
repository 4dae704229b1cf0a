"""Model releases: a checked folder of weights, configuration and figures, written whole or not at all."""

import shutil
import tempfile
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import nn

from ml.encoding import N_COEFFICIENTS, N_NODES
from ml.familiarity import Familiarity
from ml.judge import N_FEATURES, JudgeConfig, JudgeNetwork
from ml.manifest import (
    DEFAULT_RELEASE,
    MANIFEST_NAME,
    PUBLISHED,
    TWO_BRANCH,
    Manifest,
    ReleaseError,
    read_manifest,
    release_folder,
    sha256,
)
from ml.model import FeedbackNetwork, NetworkConfig

__all__ = [
    "DEFAULT_RELEASE",
    "PUBLISHED",
    "TWO_BRANCH",
    "Manifest",
    "Release",
    "ReleaseError",
    "load_release",
    "read_manifest",
    "release_folder",
    "write_release",
]


@dataclass(frozen=True)
class Release:
    """A release in memory, its networks in `eval` mode.

    Parameters
    ----------
    manifest : Manifest
    network : FeedbackNetwork
    judge : JudgeNetwork or None
        Says whether a corrected motion is correct; None for the published weights, which judge themselves.
    familiarity : Familiarity or None
    """

    manifest: Manifest
    network: FeedbackNetwork
    judge: JudgeNetwork | None = None
    familiarity: Familiarity | None = None

    @property
    def name(self) -> str:
        return self.manifest.name

    @property
    def kind(self) -> str:
        return self.manifest.kind

    @property
    def classes(self) -> tuple[str, ...]:
        return self.network.config.classes

    def parts(self) -> dict[str, nn.Module]:
        """Return what is stored, by file name."""
        named = {
            "network.safetensors": self.network,
            "judge.safetensors": self.judge,
            "familiarity.safetensors": self.familiarity,
        }
        return {name: part for name, part in named.items() if part is not None}


def write_release(
    folder: Path,
    *,
    network: FeedbackNetwork,
    kind: str = TWO_BRANCH,
    judge: JudgeNetwork | None = None,
    familiarity: Familiarity | None = None,
    thresholds: dict[str, float] | None = None,
    temperature: float = 1.0,
    temperature_with_baseline: float | None = None,
    metrics: dict[str, Any] | None = None,
    trained_on: tuple[str, ...] = (),
    learned_from: dict[str, list[str]] | None = None,
) -> Release:
    """Write a release into a new folder, named as the folder, and return it as read back from there.

    It is written beside its place and renamed, so that no half-written release is ever seen.

    Raises
    ------
    ReleaseError
        `exists` if there is such a folder, `bad_name` for a name that is none, `unfit` for networks that
        take anything but what this code measures.
    """
    if folder.exists():
        raise ReleaseError("exists", f"There is already a release {folder.name!r}; choose another name.")
    manifest = Manifest(
        name=folder.name,
        kind=kind,
        network=asdict(network.config),
        judge=None if judge is None else asdict(judge.config),
        thresholds=thresholds or {},
        temperature=temperature,
        temperature_with_baseline=temperature_with_baseline,
        metrics=metrics or {},
        trained_on=trained_on,
        learned_from=learned_from or {},
        created=datetime.now(UTC).isoformat(timespec="seconds"),
    )
    release = Release(manifest, network, judge, familiarity)
    _check_fit(release)
    folder.parent.mkdir(parents=True, exist_ok=True)
    unfinished = Path(tempfile.mkdtemp(prefix=".unfinished-", dir=folder.parent))
    try:
        for name, part in release.parts().items():
            state = {key: value.detach().cpu().contiguous() for key, value in part.state_dict().items()}
            save_file(state, unfinished / name)
        hashes = {path.name: sha256(path) for path in sorted(unfinished.iterdir())}
        (unfinished / MANIFEST_NAME).write_text(replace(manifest, files=hashes).to_json(), encoding="utf-8")
        unfinished.chmod(0o755)
        unfinished.rename(folder)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return load_release(folder)


def load_release(folder: Path | str) -> Release:
    """Load a release and check all of it: hashes, shapes, classes, and that every weight is a number.

    Parameters
    ----------
    folder : Path or str
        A release folder, or the name of a shipped release.

    Raises
    ------
    ReleaseError
        `not_found`, `bad_manifest`, `unsupported_version`, `corrupt`, `wrong_weights`, `wrong_classes` or
        `unfit`.
    """
    folder = release_folder(folder) if isinstance(folder, str) else folder
    manifest = read_manifest(folder)
    for name, expected in manifest.files.items():
        path = folder / Path(name).name
        if not path.is_file() or sha256(path) != expected:
            raise ReleaseError(
                "corrupt",
                f"{name} of the release {manifest.name!r} is missing or changed. Copy it again.",
            )
    if "network.safetensors" not in manifest.files:
        raise ReleaseError("bad_manifest", f"The release {manifest.name!r} lists no network.")
    try:
        network = FeedbackNetwork(NetworkConfig(**_tuples(manifest.network)))
        judge = None if manifest.judge is None else JudgeNetwork(JudgeConfig(**_tuples(manifest.judge)))
    except (TypeError, ValueError, KeyError, RuntimeError) as error:
        raise ReleaseError(
            "bad_manifest", f"The release {manifest.name!r} describes no network that can be built: {error}."
        ) from error
    if judge is not None and judge.config.classes != network.config.classes:
        raise ReleaseError("wrong_classes", f"Network and judge of {manifest.name!r} know different classes.")
    familiarity = None
    if "familiarity.safetensors" in manifest.files:
        familiarity = Familiarity(len(network.config.classes), network.config.n_nodes)
    release = Release(manifest, network, judge, familiarity)
    for name, part in release.parts().items():
        _fill(part, folder / name, manifest.name)
    _check_fit(release)
    return release


def _tuples(fields: dict[str, Any]) -> dict[str, Any]:
    """JSON has lists where the configurations, which compare and hash, have tuples."""
    return fields | {"classes": tuple(fields["classes"])}


def _check_fit(release: Release) -> None:
    """Refuse networks that do not take what this code measures, before a recording meets them."""
    config, judge = release.network.config, release.judge
    if (config.n_nodes, config.n_coefficients) != (N_NODES, N_COEFFICIENTS):
        raise _unfit(
            release,
            f"its network sees {config.n_nodes} x {config.n_coefficients} numbers of a repetition",
            f"{N_NODES} x {N_COEFFICIENTS}",
        )
    if judge is None:
        return
    if release.kind == PUBLISHED:
        raise _unfit(release, "it has a judge of its own", "published weights that judge themselves")
    if judge.config.n_features != N_FEATURES:
        raise _unfit(
            release, f"its judge sees {judge.config.n_features} features of a repetition", f"{N_FEATURES}"
        )


def _unfit(release: Release, fault: str, expected: str) -> ReleaseError:
    return ReleaseError(
        "unfit",
        f"The release {release.name!r} does not fit this version of exfb: {fault}, where this version has "
        f"{expected}. Train it again with this version, or use another release.",
    )


def _fill(part: nn.Module, path: Path, release: str) -> None:
    try:
        state = load_file(path)
        part.load_state_dict(state)
    except (SafetensorError, RuntimeError, OSError) as error:
        raise ReleaseError(
            "wrong_weights", f"{path.name} of the release {release!r} does not fit its configuration."
        ) from error
    if not all(torch.isfinite(value).all() for value in state.values()):
        raise ReleaseError("wrong_weights", f"{path.name} of the release {release!r} holds NaN or infinity.")
    part.eval()
    part.requires_grad_(False)
