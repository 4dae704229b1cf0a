"""The original file of a recording, for the page and for the API."""

from uuid import UUID

from django.http import FileResponse

from patients.models import AccessLogEntry, User
from patients.permissions import log_access
from patients.selectors import recording_for


def original_file(user: User, recording_uuid: UUID) -> FileResponse:
    """Return the file as it was uploaded, as an attachment, and log it; 404 for a stranger."""
    recording, _access = recording_for(user, recording_uuid)
    log_access(user, recording.patient, AccessLogEntry.Action.DOWNLOAD, "recording", recording.uuid)
    return FileResponse(
        recording.file.open("rb"),
        as_attachment=True,
        filename=f"{recording.uuid}.{recording.format}",
        content_type="application/octet-stream",
    )
