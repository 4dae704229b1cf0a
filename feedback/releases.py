"""Makes a release folder known to the site, and chooses the release that new recordings are analysed with."""

from pathlib import Path

from django.conf import settings
from django.core.validators import slug_re
from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from feedback.models import Analysis, ExerciseSession, ModelRelease, ReleaseActivation
from feedback.sessions import refresh_session
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
from patients.models import User
from patients.permissions import require_release_choice

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


def activate_release(*, release: ModelRelease, user: User | None = None) -> bool:
    """Analyse recordings that arrive from now on with this release; False if they are already.

    Earlier analyses stay as they are. Of a recording that several releases have analysed and nobody has
    reviewed, people are shown the active one's result from now on. Without a person it is the command line.
    """
    if user is not None:
        require_release_choice(user)
    with transaction.atomic():
        ModelRelease.objects.filter(is_active=True).exclude(pk=release.pk).update(is_active=False)
        chosen = ModelRelease.objects.filter(pk=release.pk, is_active=False).update(
            is_active=True, activated_at=timezone.now()
        )
        if chosen:
            ReleaseActivation.objects.create(release=release, chosen_by=user)
            _refresh_sessions_of(release)
    release.is_active = True
    return chosen == 1


def release_before(release: ModelRelease) -> ModelRelease | None:
    """Return the release that was in use before this one was last chosen: where a roll back leads."""
    return (
        ModelRelease.objects.exclude(pk=release.pk)
        .filter(activated_at__isnull=False)
        .order_by("-activated_at")
        .first()
    )


def _refresh_sessions_of(release: ModelRelease) -> None:
    """Recount the sessions in which another release's results may have been shown until now."""
    others = Analysis.objects.filter(recording=OuterRef("recording")).exclude(release=release)
    with_both = Analysis.objects.filter(Exists(others), release=release, status=Analysis.Status.DONE)
    for session in ExerciseSession.objects.filter(pk__in=with_both.order_by().values("session")):
        refresh_session(session=session)


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
