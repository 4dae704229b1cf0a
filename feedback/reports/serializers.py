"""The JSON of reports."""

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from rest_framework import serializers

from feedback.models import Report


class RequestReportSerializer(serializers.Serializer):
    """The days that a report covers, and what the clinician has to say about them."""

    start = serializers.DateField(help_text="The first day.")
    end = serializers.DateField(help_text="The last day; a session's own day for a report of that session.")
    note = serializers.CharField(
        required=False, allow_blank=True, max_length=2000, default="", help_text="Printed with your name."
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs["end"] < attrs["start"]:
            raise serializers.ValidationError(
                {"end": _("The last day lies before the first.")}, code="ends_before_start"
            )
        return attrs


class ReportSerializer(serializers.ModelSerializer[Report]):
    """How far a report is."""

    patient = serializers.UUIDField(source="patient.uuid", read_only=True)
    reviewed = serializers.IntegerField(
        source="content.reviewed",
        default=None,
        allow_null=True,
        read_only=True,
        help_text="Repetitions; null until it is done.",
    )
    total = serializers.IntegerField(
        source="content.total", default=None, allow_null=True, read_only=True, help_text="Of so many."
    )
    file = serializers.SerializerMethodField(help_text="Where to download the PDF; null until it is ready.")

    class Meta:
        model = Report
        fields = [
            "uuid", "patient", "start", "end", "note", "language", "status", "requested_at", "finished_at",
            "reviewed", "total", "sha256", "file",
        ]  # fmt: skip

    def get_file(self, report: Report) -> str | None:
        return reverse("api:report_file", args=[report.uuid]) if report.status == Report.Status.DONE else None
