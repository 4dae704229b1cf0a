"""Fills an empty site from a backup: checked before, compared after, wholly or not at all."""

import hashlib
import json
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from django.apps import apps
from django.core import serializers
from django.core.files import File
from django.core.files.storage import default_storage
from django.core.management.color import no_style
from django.db import connection, transaction
from django.db.models import Model

from patients.backup import (
    BackupError,
    count_rows,
    hash_of_lines,
    hash_of_rows,
    migrations_here,
    models_kept,
    stored_files,
)
from patients.models import Clinic, User

#: What was compared, how much of it the archive has, how much is here, and whether it is the same.
Line = tuple[str, int, int, bool]


def restore(archive: Path) -> list[Line]:
    """Restore an archive and return what was compared, all of it the same.

    Raises `BackupError`: `damaged`, `other_version`, `not_empty` before anything is written; `not_same` where
    what was written is not what was saved, and is taken back.
    """
    manifest = check(archive)
    _refuse(manifest)
    written: list[str] = []
    try:
        with tarfile.open(archive) as tar, transaction.atomic():
            _restore_rows(tar)
            _restore_files(tar, manifest, written)
            lines = _compare(tar, manifest)
            if wrong := [line for line in lines if not line[3]]:
                names = ", ".join(name for name, *_ in wrong)
                raise BackupError("not_same", f"Not as in the archive: {names}. Nothing was restored.")
    except BaseException:
        for name in written:
            default_storage.delete(name)
        raise
    return lines


def check(archive: Path) -> dict[str, Any]:
    """Return the manifest of an archive of which every part is as it was written."""
    try:
        with tarfile.open(archive) as tar:
            hashes = {entry.name: _hash(tar, entry) for entry in tar}
            said = _bytes(tar, "manifest.json")
            if hashes.pop("manifest.json") != _bytes(tar, "manifest.sha256").decode():
                raise BackupError("damaged", "The archive is damaged: its manifest was changed.")
            del hashes["manifest.sha256"]
            manifest: dict[str, Any] = json.loads(said)
    except (tarfile.TarError, KeyError, EOFError, ValueError) as error:
        raise BackupError("damaged", "This is no whole archive of exfb: cut off, or another file.") from error
    parts = manifest["parts"]
    if wrong := sorted(name for name in {*parts, *hashes} if parts.get(name) != hashes.get(name)):
        raise BackupError("damaged", f"The archive is damaged: {', '.join(wrong[:5])}.")
    return manifest


def _bytes(tar: tarfile.TarFile, name: str) -> bytes:
    file = tar.extractfile(name)
    if file is None:
        raise KeyError(name)
    return file.read()


def _hash(tar: tarfile.TarFile, entry: tarfile.TarInfo) -> str:
    file = tar.extractfile(entry)
    if file is None:
        raise KeyError(entry.name)
    return hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]


def _refuse(manifest: dict[str, Any]) -> None:
    if manifest["format"] != 1 or manifest["migrations"] != migrations_here():
        raise BackupError(
            "other_version",
            f"The archive is of exfb {manifest['version']} with other migrations than this database has. Run "
            "`migrate`; if it is refused still, restore with the version that made it, and update then.",
        )
    if User.objects.exists() or Clinic.objects.exists():
        raise BackupError("not_empty", "This site has people or clinics already. Restore into an empty one.")


def _restore_rows(tar: tarfile.TarFile) -> None:
    """Put every row back under its own id. Foreign keys are looked at when the transaction ends."""
    for model in reversed(models_kept()):
        model._base_manager.all().delete()
    for model in models_kept():
        for row in serializers.deserialize("jsonl", _rows(tar, model)):
            row.save(force_insert=True)
    every = apps.get_models(include_auto_created=True)
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), every):
            cursor.execute(statement)


def _restore_files(tar: tarfile.TarFile, manifest: dict[str, Any], written: list[str]) -> None:
    for part in manifest["parts"]:
        folder, name = part.split("/", 1)
        if folder != "files":
            continue
        if default_storage.exists(name):
            raise BackupError("not_empty", f"A file {name} is stored already. Restore into an empty site.")
        file = tar.extractfile(part)
        written.append(default_storage.save(name, File(file, name)))


def _compare(tar: tarfile.TarFile, manifest: dict[str, Any]) -> list[Line]:
    there, here, changed = manifest["rows"], count_rows(), _changed_tables(tar)
    lines = [
        (table, there[table], here[table], there[table] == here[table] and table not in changed)
        for table in sorted(here)
    ]
    saved = {part: digest for part, digest in manifest["parts"].items() if part.startswith("files/")}
    found = {f"files/{name}": digest for name, digest in _hashes_of_files()}
    return [*lines, ("files", len(saved), len(found), saved == found)]


def _changed_tables(tar: tarfile.TarFile) -> set[str]:
    """Return the tables whose rows say something else than those of the archive."""
    return {
        model._meta.db_table
        for model in models_kept()
        if hash_of_rows(model) != hash_of_lines(_rows(tar, model))
    }


def _rows(tar: tarfile.TarFile, model: type[Model]) -> IO[bytes]:
    name = f"rows/{model._meta.label}.jsonl"
    file = tar.extractfile(name)
    if file is None:
        raise KeyError(name)
    return file


def _hashes_of_files() -> Iterator[tuple[str, str]]:
    for storage, name in stored_files():
        if storage.exists(name):
            with storage.open(name) as file:
                yield name, hashlib.file_digest(file, "sha256").hexdigest()
