"""Answers with the file of a report, the same for pages and API."""

from uuid import UUID

from django.http import FileResponse, Http404

from feedback.models import Report
from feedback.reports.selectors import report_for
from patients.models import AccessLogEntry, User
from patients.permissions import log_access


def report_file(user: User, report_uuid: UUID) -> FileResponse:
    """Return the PDF as an attachment, and log it; 404 also while it is not ready."""
    found, _access = report_for(user, report_uuid)
    if found.status != Report.Status.DONE:
        raise Http404
    log_access(user, found.patient, AccessLogEntry.Action.DOWNLOAD, "report", found.uuid)
    return FileResponse(
        found.file.open("rb"),
        as_attachment=True,
        filename=f"report-{found.start}-{found.end}-{str(found.uuid)[:8]}.pdf",
        content_type="application/pdf",
    )
