"""Makes an export that a worker has claimed."""

import os
import tempfile
from zipfile import ZIP_DEFLATED, ZipFile

from django.db.models import Q

from feedback.exports.content import Choice, of_current_analyses, repetitions_to_export, write_motions
from feedback.exports.everything import write_everything
from feedback.exports.queue import keep_export, note_progress
from feedback.models import Export
from patients.permissions import access_to

#: Of so many repetitions at a time the motions are held in memory.
AT_ONCE = 50
#: More than this of a ZIP waits on disk and not in memory.
IN_MEMORY_BYTES = 8 * 2**20


def make(export: Export) -> bool:
    """Write the ZIP and keep it; False if it is no longer wanted, or its person may no longer read."""
    access = access_to(export.requested_by, export.patient)
    if access is None:
        export.delete()
        return False
    repetitions = repetitions_to_export(
        Q(analysis__recording__patient=export.patient) & of_current_analyses()
    )
    total, done = repetitions.count(), 0

    def note() -> None:
        nonlocal done
        done += 1
        note_progress(export, done, total)

    with tempfile.SpooledTemporaryFile(max_size=IN_MEMORY_BYTES) as file:
        with ZipFile(file, "w", ZIP_DEFLATED) as archive:
            choice = Choice(tuple(export.formats), export.convention)
            write_motions(archive, repetitions.iterator(chunk_size=AT_ONCE), access, choice, note)
            if export.content == Export.Content.EVERYTHING:
                write_everything(archive, export.patient, access)
        file.seek(0, os.SEEK_END)
        size_bytes = file.tell()
        file.seek(0)
        return keep_export(export, file, size_bytes)
