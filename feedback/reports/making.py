"""Makes a report: what is known of the days becomes its content, the content its two pages."""

import json

from django.utils.translation import override

from feedback.models import Report
from feedback.reports.content import report_content
from feedback.reports.pdf import report_pdf
from feedback.reports.queue import keep_report


def make(report: Report) -> bool:
    """Make a claimed report and keep it; False if another attempt has taken over."""
    with override(report.language):
        made = report_content(report.patient, report.start, report.end, report.note, str(report.requested_by))
    # As the row will hold it, so that the pages can be drawn again from there to the same bytes.
    content = json.loads(json.dumps(made))
    return keep_report(report, content, report_pdf(content))
