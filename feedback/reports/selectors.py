"""Reads of reports, already narrowed to what the person may see. They are not for the patient."""

from typing import TYPE_CHECKING
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404

from feedback.models import Report
from patients.models import Patient
from patients.permissions import Access, access_to, visible_patients

if TYPE_CHECKING:
    from patients.permissions import AnyUser


def report_for(user: "AnyUser", report_uuid: UUID) -> tuple[Report, Access]:
    """Return a report and what the person may do for its patient; 404 for a stranger, 403 for the patient."""
    found = Report.objects.filter(uuid=report_uuid, patient__in=visible_patients(user))
    report = found.select_related("patient__clinic", "requested_by").first()
    access = access_to(user, report.patient) if report else None
    if report is None or access is None:
        raise Http404
    if access.is_own:
        raise PermissionDenied
    return report, access


def reports_of(patient: Patient) -> QuerySet[Report]:
    """Return a patient's reports without their content, newest first."""
    return patient.reports.select_related("requested_by").defer("content")
