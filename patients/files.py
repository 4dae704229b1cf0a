"""Keeps a private file wholly or not at all, and knows when there is no room for it."""

import errno

from django.core.files import File
from django.db import OperationalError
from django.db.models.fields.files import FieldFile

_FULL = (errno.ENOSPC, errno.EDQUOT)
#: SQLite's words, and the state by which PostgreSQL says the same.
_SQLITE_FULL, _POSTGRESQL_FULL = "disk is full", "53100"


def store_whole(file: FieldFile, content: File) -> None:
    """Store the file of a row under the name that its field gives; of one that fails nothing stays."""
    name = file.storage.get_available_name(file.field.generate_filename(file.instance, "file"))
    try:
        kept = file.storage.save(name, content)
    except BaseException:
        file.storage.delete(name)
        raise
    setattr(file.instance, file.field.name, kept)


def is_full(error: BaseException | None) -> bool:
    """Tell whether something failed since a disk, of files or of the database, is full."""
    if isinstance(error, OperationalError):
        return _SQLITE_FULL in str(error) or getattr(error.__cause__, "sqlstate", "") == _POSTGRESQL_FULL
    return isinstance(error, OSError) and error.errno in _FULL
