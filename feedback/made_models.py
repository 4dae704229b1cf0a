"""Reports and exports: files about a patient that a worker makes for one person, who then fetches them.

They are part of `feedback.models`, from where they are imported.
"""

import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from patients.models import Patient

#: The states of what still waits or is being made.
_OPEN = ["queued", "running"]


class MadeByWorker(models.Model):
    """What both have. The row is the queue of record, its way through it in `feedback.made_queue`."""

    class Status(models.TextChoices):
        QUEUED = "queued", _("Waiting")
        RUNNING = "running", _("Being made")
        DONE = "done", _("Ready")
        FAILED = "failed", _("Could not be made")

    #: What a message that wakes a worker asks for.
    task: ClassVar[str]
    file: "models.FileField"
    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    status = models.CharField(max_length=10, choices=Status, default=Status.QUEUED)
    attempts = models.PositiveSmallIntegerField(default=0)
    requested_at = models.DateTimeField(auto_now_add=True)
    announced_at = models.DateTimeField(auto_now_add=True, help_text=_("When a message was last sent."))
    heartbeat_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    sha256 = models.CharField(max_length=64, blank=True)

    class Meta:
        abstract = True
        ordering = ["-requested_at", "-pk"]

    def __str__(self) -> str:
        return str(self.uuid)

    @property
    def is_open(self) -> bool:
        """Whether something is still to happen by itself."""
        return self.status in _OPEN


def report_path(report: "Report", _name: str) -> str:
    """Where a report is kept: by random id only, as recordings are."""
    return f"reports/{report.uuid.hex[:2]}/{report.uuid.hex}"


class Report(MadeByWorker):
    """Two pages of a session or a period for the patient's file. The row is the queue of record."""

    task = "feedback.make_report"
    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="reports")
    start = models.DateField()
    end = models.DateField()
    note = models.TextField(max_length=2000, blank=True)
    language = models.CharField(max_length=20)
    content = models.JSONField(default=dict, help_text=_("What it says; see feedback/reports/content.py."))
    file = models.FileField(upload_to=report_path, blank=True)

    class Meta(MadeByWorker.Meta):
        constraints = [
            models.CheckConstraint(
                condition=Q(end__gte=models.F("start")), name="report_ends_after_it_starts"
            )
        ]
        indexes = [
            models.Index(
                fields=["status", "requested_at"],
                condition=Q(status__in=_OPEN),
                name="report_open",
            )
        ]


def export_path(export: "Export", _name: str) -> str:
    """Where an export is kept: by random id only, as recordings are."""
    return f"exports/{export.uuid.hex[:2]}/{export.uuid.hex}"


class Export(MadeByWorker):
    """A ZIP about a whole patient that a worker makes for one person. The row is the queue of record."""

    class Content(models.TextChoices):
        MOTIONS = "motions", _("Motions and findings")
        EVERYTHING = "everything", _("Everything that is kept")

    task = "feedback.make_export"
    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="exports")
    content = models.CharField(max_length=12, choices=Content)
    formats = models.JSONField(default=list, help_text=_("Of the motions; none: tables alone."))
    convention = models.CharField(max_length=20)
    done = models.PositiveIntegerField(default=0, help_text=_("Repetitions written so far."))
    total = models.PositiveIntegerField(default=0)
    expires_at = models.DateTimeField(null=True, blank=True, help_text=_("When it is deleted."))
    file = models.FileField(upload_to=export_path, blank=True)
    size_bytes = models.PositiveBigIntegerField(default=0)

    class Meta(MadeByWorker.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["patient", "requested_by", "content"],
                condition=Q(status__in=_OPEN),
                name="one_open_export_a_person",
            )
        ]
