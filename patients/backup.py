"""Saves every row and every private file in one archive, which SQLite and PostgreSQL both restore.

The archive is a tar of `rows/MODEL.jsonl` (Django's serialisation), `files/NAME`, then `manifest.json` with
the hash of each part, and `manifest.sha256`. All is of one moment: one transaction, which holds up nobody.
"""

import hashlib
import io
import json
import os
import tarfile
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any

from django.apps import apps
from django.conf import settings
from django.core import serializers
from django.core.files.storage import Storage
from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection, transaction
from django.db.migrations.recorder import MigrationRecorder
from django.db.models import Model
from django.utils import timezone

from patients.subject import file_fields


class BackupError(Exception):
    """A site cannot be saved or restored; `code` is one of `CODES`, `message` says it in words."""

    CODES = ("exists", "damaged", "not_empty", "other_version", "not_same")

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class _Exact(DjangoJSONEncoder):
    """Keeps the microseconds, which Django's own encoder cuts and on which hashes of rows depend."""

    def default(self, o: Any) -> Any:
        return o.isoformat() if isinstance(o, datetime) else super().default(o)


class _Hashed:
    """A file that is hashed while it is read."""

    def __init__(self, file: Any) -> None:
        self.file = file
        self.hash = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        piece = self.file.read(size)
        self.hash.update(piece)
        return piece


def back_up(out: Path) -> dict[str, Any]:
    """Write the archive, whole or not at all, and return its manifest. Raises `BackupError`: `exists`."""
    part = out.with_name(out.name + ".part")
    try:
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise BackupError(
            "exists", f"{part} is there: another backup runs, or one was cut off; then delete it."
        ) from None
    try:
        with os.fdopen(descriptor, "wb") as file:
            with tarfile.open(fileobj=file, mode="w") as tar, _one_moment():
                manifest = _fill(tar)
            file.flush()
            os.fsync(file.fileno())
        # A link, not a renaming: what has the name already is never overwritten.
        os.link(part, out)
    except FileExistsError:
        raise BackupError("exists", f"{out} exists already. Choose another name.") from None
    finally:
        part.unlink()
    return manifest


@contextmanager
def _one_moment() -> Iterator[None]:
    """Hold a transaction that sees one state of the database throughout, and in which nobody else waits."""
    if connection.vendor == "sqlite":
        # The mode is known once there is a connection: a command may not have made any yet.
        connection.ensure_connection()
        sqlite: Any = connection
        usual, sqlite.transaction_mode = sqlite.transaction_mode, "DEFERRED"
        try:
            with transaction.atomic(durable=True):
                yield
        finally:
            sqlite.transaction_mode = usual
    else:
        with transaction.atomic(durable=True):
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            yield


def _fill(tar: tarfile.TarFile) -> dict[str, Any]:
    manifest: dict[str, Any] = {
        "format": 1,
        "made_at": timezone.now().isoformat(),
        "version": app_version(),
        "database": connection.vendor,
        "migrations": migrations_here(),
        "rows": count_rows(),
        "parts": {},
        "missing": [],
    }
    for model in models_kept():
        with TemporaryFile() as rows:
            _write_rows(model, rows)
            name = f"rows/{model._meta.label}.jsonl"
            manifest["parts"][name] = _add(tar, name, rows, rows.tell())
    for storage, name in stored_files():
        if storage.exists(name):
            with storage.open(name) as file:
                manifest["parts"][f"files/{name}"] = _add(tar, f"files/{name}", file, storage.size(name))
        else:
            manifest["missing"].append(name)
    said = json.dumps(manifest, indent=1).encode()
    _add(tar, "manifest.json", io.BytesIO(said), len(said))
    seal = hashlib.sha256(said).hexdigest().encode()
    _add(tar, "manifest.sha256", io.BytesIO(seal), len(seal))
    return manifest


def _add(tar: tarfile.TarFile, name: str, file: Any, size: int) -> str:
    """Add a part and return its hash."""
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = size, 0o600
    file.seek(0)
    hashed = _Hashed(file)
    tar.addfile(entry, hashed)
    return hashed.hash.hexdigest()


def _write_rows(model: type[Model], out: IO[bytes]) -> None:
    text = io.TextIOWrapper(out, encoding="utf-8", newline="\n")
    rows = model._base_manager.order_by("pk").iterator(chunk_size=500)
    serializers.serialize("jsonl", rows, stream=text, cls=_Exact, sort_keys=True)
    text.flush()
    text.detach()


def hash_of_rows(model: type[Model]) -> str:
    """Return the hash of what the rows of a model say now."""
    with TemporaryFile() as rows:
        _write_rows(model, rows)
        rows.seek(0)
        return hash_of_lines(rows)


def hash_of_lines(rows: IO[bytes]) -> str:
    """Return the hash of what saved rows say, however a database writes its JSON: 1 is 1.0, -0 is 0."""
    digest = hashlib.sha256()
    for line in rows:
        said = json.loads(line, parse_int=_number, parse_float=_number)
        digest.update(json.dumps(said, sort_keys=True).encode())
    return digest.hexdigest()


def _number(text: str) -> float:
    return float(text) + 0.0


def models_kept() -> list[type[Model]]:
    """Return every model of the database; what links two of them is in the rows of the first."""
    return [model for model in apps.get_models() if model._meta.managed and not model._meta.proxy]


def count_rows() -> dict[str, int]:
    """Return how many rows each table holds, tables of links included."""
    every = apps.get_models(include_auto_created=True)
    kept = [model for model in every if model._meta.managed and not model._meta.proxy]
    return {model._meta.db_table: model._base_manager.count() for model in kept}


def stored_files() -> Iterator[tuple[Storage, str]]:
    """Yield each private file that a row names, by its storage and its name there."""
    for model in models_kept():
        for field in file_fields(model):
            names = model._base_manager.exclude(**{field.name: ""}).values_list(field.name, flat=True)
            yield from ((field.storage, name) for name in names.order_by("pk").iterator())


def migrations_here() -> list[str]:
    """Return the migrations that the database has."""
    return sorted(f"{app}.{name}" for app, name in MigrationRecorder(connection).applied_migrations())


def app_version() -> str:
    """Return the version of exfb."""
    return tomllib.loads((settings.BASE_DIR / "pyproject.toml").read_text())["project"]["version"]
