"""Exports as answers to a request: small ones made while it waits, and files that a worker has made."""

import tempfile
from uuid import UUID
from zipfile import ZIP_DEFLATED, ZipFile

from django.db.models import Q
from django.http import FileResponse, Http404

from feedback.exports.content import Choice, of_current_analyses, repetitions_to_export, write_motions
from feedback.exports.making import AT_ONCE, IN_MEMORY_BYTES
from feedback.models import Export
from feedback.selectors import repetition_for, sessions_for
from patients.models import AccessLogEntry, User
from patients.permissions import Access, access_to, log_access, require_everything

_EXPORT = AccessLogEntry.Action.EXPORT


def repetition_export(user: User, repetition_uuid: UUID, choice: Choice) -> FileResponse:
    """Return one repetition as a ZIP, and log it; 404 for a stranger."""
    repetition, access = repetition_for(user, repetition_uuid)
    log_access(user, repetition.analysis.recording.patient, _EXPORT, "repetition", repetition_uuid)
    return _zip(f"repetition-{repetition_uuid}", Q(pk=repetition.pk), access, choice)


def session_export(user: User, session_uuid: UUID, choice: Choice) -> FileResponse:
    """Return all repetitions of a session as a ZIP, and log it; 404 for a stranger."""
    session = sessions_for(user).filter(uuid=session_uuid).first()
    access = access_to(user, session.patient) if session else None
    if session is None or access is None:
        raise Http404
    log_access(user, session.patient, _EXPORT, "session", session_uuid)
    return _zip(
        f"session-{session_uuid}", Q(analysis__session=session) & of_current_analyses(), access, choice
    )


def _zip(name: str, which: Q, access: Access, choice: Choice) -> FileResponse:
    file = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY_BYTES)  # noqa: SIM115  the response closes it
    with ZipFile(file, "w", ZIP_DEFLATED) as archive:
        repetitions = repetitions_to_export(which).iterator(chunk_size=AT_ONCE)
        write_motions(archive, repetitions, access, choice)
    file.seek(0)
    return FileResponse(file, as_attachment=True, filename=f"{name}.zip", content_type="application/zip")


def export_for(user: User, export_uuid: UUID) -> Export:
    """Return a person's own export, of a patient whom they may still read so; 404 for everybody else's."""
    export = Export.objects.select_related("patient").filter(uuid=export_uuid, requested_by=user).first()
    if export is None or access_to(user, export.patient) is None:
        raise Http404
    if export.content == Export.Content.EVERYTHING:
        require_everything(user, export.patient)
    return export


def export_file(user: User, export_uuid: UUID) -> FileResponse:
    """Return the file of an export, and log it; 404 also while it is not ready."""
    export = export_for(user, export_uuid)
    if export.status != Export.Status.DONE:
        raise Http404
    log_access(user, export.patient, _EXPORT, "export", export.uuid)
    return FileResponse(
        export.file.open("rb"),
        as_attachment=True,
        filename=f"{export.content}-{export.uuid}.zip",
        content_type="application/zip",
    )
