"""Makes a release folder known to the site, and chooses the release that new recordings are analysed with."""

from pathlib import Path

from django.conf import settings
from django.core.validators import slug_re
from django.db import IntegrityError, transaction

from feedback.models import ModelRelease
from ml.manifest import (
    DEFAULT_RELEASE,
    MANIFEST_NAME,
    RELEASES,
    Manifest,
    ReleaseError,
    read_manifest,
    release_folder,
    sha256,
)

#: Where releases of this installation lie: imported or trained here.
LOCAL_RELEASES = settings.DATA_DIR / "releases"


def find_release(name: str | None) -> Path:
    """Return the folder of a release by its name or its path; without a name, of the active one.

    Needs a database only for the active one. Raises `ReleaseError` if there is none of that name.
    """
    if name is None:
        release = release_in_use()
        return release_folder(DEFAULT_RELEASE) if release is None else folder_of(release)
    for folder in (Path(name), release_folder(name), LOCAL_RELEASES / name):
        if (folder / MANIFEST_NAME).is_file():
            return folder
    raise ReleaseError("not_found", f"There is no release {name!r}.")


def folder_of(release: ModelRelease) -> Path:
    """Return where a release lies: an absolute folder, or one among the shipped releases."""
    return RELEASES / release.folder


def check_files(folder: Path) -> tuple[Manifest, str]:
    """Return what a release says of itself and the hash of that; raises `ReleaseError` for a changed file."""
    manifest = read_manifest(folder)
    for name, expected in manifest.files.items():
        path = folder / Path(name).name
        if not path.is_file() or sha256(path) != expected:
            raise ReleaseError("corrupt", f"{name} of the release {manifest.name!r} is missing or changed.")
    return manifest, sha256(folder / MANIFEST_NAME)


def install_release(*, folder: Path) -> ModelRelease:
    """Make a release folder known, or refresh what is known of it; raises `ReleaseError`.

    Files are checked against their hashes here; that the networks load is checked by whoever loads them.
    """
    folder = folder.resolve()
    manifest, fingerprint = check_files(folder)
    if not slug_re.match(manifest.name):
        raise ReleaseError("bad_name", f"{manifest.name!r} cannot be part of an address; rename the release.")
    shipped = folder.is_relative_to(RELEASES.resolve())
    release, _ = ModelRelease.objects.update_or_create(
        name=manifest.name,
        defaults={
            "folder": str(folder.relative_to(RELEASES.resolve())) if shipped else str(folder),
            "sha256": fingerprint,
            "classes": list(manifest.classes),
            "metrics": manifest.metrics,
            "trained_on": "\n".join(manifest.trained_on),
        },
    )
    return release


def activate_release(*, release: ModelRelease) -> None:
    """Analyse recordings that arrive from now on with this release; earlier analyses stay as they are."""
    with transaction.atomic():
        ModelRelease.objects.filter(is_active=True).exclude(pk=release.pk).update(is_active=False)
        ModelRelease.objects.filter(pk=release.pk).update(is_active=True)
    release.is_active = True


def release_in_use() -> ModelRelease | None:
    """Return the active release; where none was ever chosen, the default one that is shipped becomes it."""
    active = ModelRelease.objects.filter(is_active=True).first()
    if active is not None:
        return active
    try:
        with transaction.atomic():
            release = install_release(folder=release_folder(DEFAULT_RELEASE))
            activate_release(release=release)
    except ReleaseError:
        return None
    except IntegrityError:
        # Another process did the same at the same moment.
        return ModelRelease.objects.filter(is_active=True).first()
    return release
