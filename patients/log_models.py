"""Who looked at what and why, the chain that makes a change to that show, holds, and receipts of erasures.

They are part of `patients.models`, from where they are imported.
"""

import secrets
import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


def salt() -> str:
    """Return a random text, so that the hash of an entry tells nothing once the entry is gone."""
    return secrets.token_hex(16)


class AccessLogEntry(models.Model):
    """Who read or changed what of a patient, or was refused it. Written by services, never changed."""

    class Action(models.TextChoices):
        READ = "read", _("Read")
        CREATE = "create", _("Created")
        CHANGE = "change", _("Changed")
        DOWNLOAD = "download", _("Downloaded")
        EXPORT = "export", _("Exported")
        REFUSED = "refused", _("Refused")

    class Ground(models.TextChoices):
        OWN = "own", _("The patient themself")
        LEAD = "lead", _("Lead clinician")
        COLLEAGUE = "colleague", _("Colleague in the care team")
        READER = "reader", _("May read only")
        ADMIN = "admin", _("Admin of the clinic")
        NONE = "none", _("No access")

    at = models.DateTimeField(auto_now_add=True, db_index=True)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    patient = models.ForeignKey(
        "patients.Patient",
        on_delete=models.CASCADE,
        related_name="access_log",
        null=True,
        help_text=_("Empty: somebody asked for what is not there."),
    )
    ground = models.CharField(
        max_length=10,
        choices=Ground,
        default=Ground.NONE,
        help_text=_("Why they may, or what they were when it was refused."),
    )
    action = models.CharField(max_length=10, choices=Action)
    subject = models.CharField(
        max_length=40, help_text=_("Kind of thing: patient, session, recording, motion, …")
    )
    subject_uuid = models.UUIDField(null=True)
    salt = models.CharField(max_length=32, default=salt, editable=False)
    #: The place in the chain; empty until it is sealed.
    number = models.PositiveBigIntegerField(null=True, unique=True, editable=False)

    class Meta:
        ordering = ["-at", "-pk"]
        verbose_name_plural = "access log"

    def __str__(self) -> str:
        return f"{self.action} {self.subject} {self.subject_uuid}"


class AccessSeal(models.Model):
    """A link of the chain: what an entry of the log, or a receipt, was when it was sealed.

    It is made by `patients.access_log` alone, holds nothing of a patient, and stays when one is erased.
    """

    number = models.PositiveBigIntegerField(primary_key=True)
    at = models.DateTimeField()
    content_sha256 = models.CharField(max_length=64, help_text=_("Of the entry or the receipt."))
    sha256 = models.CharField(max_length=64, help_text=_("Of the link before and of this one."))

    def __str__(self) -> str:
        return f"{self.number}:{self.sha256}"


class LegalHold(models.Model):
    """Forbids that a patient is erased, until it is lifted."""

    patient = models.ForeignKey("patients.Patient", on_delete=models.CASCADE, related_name="legal_holds")
    reason = models.CharField(max_length=200)
    placed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    placed_at = models.DateTimeField(auto_now_add=True)
    lifted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    lifted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-placed_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["patient"], condition=Q(lifted_at=None), name="one_legal_hold_a_patient"
            )
        ]

    def __str__(self) -> str:
        return str(self.placed_at.date())


class ErasureReceipt(models.Model):
    """Proves that a patient was erased, and holds nothing of them. Written by `patients.erasure` alone."""

    class Reason(models.TextChoices):
        REQUEST = "request", _("The patient asked for it")
        RETENTION = "retention", _("The time for which records are kept is over")
        MISTAKE = "mistake", _("The record was made by mistake")

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    clinic = models.ForeignKey("patients.Clinic", on_delete=models.PROTECT, related_name="erasures")
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        help_text=_("Empty: whoever runs the site, on the command line."),
    )
    reason = models.CharField(max_length=10, choices=Reason)
    at = models.DateTimeField()
    subject_sha256 = models.CharField(max_length=64, help_text=_("Of the patient's UUID, as text."))
    rows = models.JSONField(help_text=_("How many were erased, by model."))
    files = models.JSONField(help_text=_("SHA-256 of the content of each erased file."))
    log_numbers = models.JSONField(
        default=list, help_text=_("Places in the chain of the erased log entries.")
    )
    sha256 = models.CharField(max_length=64, help_text=_("Of all of the above."))
    #: The place in the chain; empty until it is sealed.
    number = models.PositiveBigIntegerField(null=True, unique=True, editable=False)

    class Meta:
        ordering = ["-at", "-pk"]

    def __str__(self) -> str:
        return str(self.uuid)
