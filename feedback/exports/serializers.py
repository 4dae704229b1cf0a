"""The JSON of exports."""

from django.urls import reverse
from rest_framework import serializers

from feedback.exports.words import EXPORT_CONVENTIONS, EXPORT_FORMATS
from feedback.models import Export


class ExportQuerySerializer(serializers.Serializer):
    """How motions are taken out."""

    formats = serializers.MultipleChoiceField(
        choices=EXPORT_FORMATS, required=False, default=set(), help_text="Of the motions; none: tables alone."
    )
    convention = serializers.ChoiceField(
        choices=EXPORT_CONVENTIONS, required=False, default="exfb", help_text="Axes and unit of the motions."
    )


class RequestExportSerializer(ExportQuerySerializer):
    content = serializers.ChoiceField(Export.Content.choices, required=False, default=Export.Content.MOTIONS)


class ExportSerializer(serializers.ModelSerializer[Export]):
    """How far an export is."""

    patient = serializers.UUIDField(source="patient.uuid", read_only=True)
    formats = serializers.ListField(child=serializers.CharField())
    file = serializers.SerializerMethodField(help_text="Where to download it; null until it is ready.")

    class Meta:
        model = Export
        fields = [
            "uuid",
            "patient",
            "content",
            "formats",
            "convention",
            "status",
            "done",
            "total",
            "requested_at",
            "expires_at",
            "size_bytes",
            "sha256",
            "file",
        ]

    def get_file(self, export: Export) -> str | None:
        return reverse("api:export_file", args=[export.uuid]) if export.status == Export.Status.DONE else None
