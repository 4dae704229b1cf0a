"""Looking into exports, and having them made."""

import csv
import io
from zipfile import ZipFile

from feedback.models import Export
from feedback.tasks import make_export


def opened(response) -> ZipFile:
    """The ZIP that an answer holds."""
    return ZipFile(io.BytesIO(b"".join(response.streaming_content)))


def table(archive: ZipFile, name: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(archive.read(name).decode())))


def made(export: Export) -> Export:
    """The export as it is after a worker has had its message."""
    make_export(str(export.uuid))
    export.refresh_from_db()
    return export
