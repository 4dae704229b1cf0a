"""Clinics, the people in them, what they are prescribed, what they record, and how they sign in."""

import uuid

from django.conf import settings
from django.contrib.auth.base_user import BaseUserManager
from django.contrib.auth.models import AbstractUser
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from ml.catalogue import EXERCISES
from ml.poses.facts import ASKED, Corrections, Fact
from ml.poses.quality import Reason
from patients.log_models import AccessLogEntry as AccessLogEntry
from patients.log_models import AccessSeal as AccessSeal
from patients.log_models import ErasureReceipt as ErasureReceipt
from patients.log_models import LegalHold as LegalHold


class Exercise(models.TextChoices):
    """The exercises of the catalogue, with the words people read."""

    SQUAT = "squat", _("Squat")
    LUNGE = "lunge", _("Lunge")
    PLANK = "plank", _("Plank")


assert tuple(Exercise.values) == EXERCISES, "patients.Exercise must follow ml.catalogue"  # noqa: S101


class UserManager(BaseUserManager["User"]):
    """Makes accounts that are known by their e-mail address."""

    use_in_migrations = True

    def create_user(self, email: str, password: str | None = None, **fields: object) -> "User":
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: object) -> "User":
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)


class User(AbstractUser):
    """An account. What it may do follows from memberships, care assignments or its patient record."""

    username = None  # type: ignore[assignment]
    email = models.EmailField(_("e-mail address"), unique=True)
    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    signed_out_at = models.DateTimeField(
        null=True, editable=False, help_text=_("Sessions from before this moment have ended.")
    )

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS = []
    objects = UserManager()  # type: ignore[assignment, misc]

    def __str__(self) -> str:
        return self.get_full_name() or self.email

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        """Make each session depend on the password, and on when the account was signed out everywhere."""
        moment = self.signed_out_at.isoformat() if self.signed_out_at else ""
        return salted_hmac(
            "patients.User.session", self.password + moment, secret=secret, algorithm="sha256"
        ).hexdigest()


class Clinic(models.Model):
    """A practice. Nothing of one clinic is visible to another."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    name = models.CharField(max_length=120)
    requires_second_factor = models.BooleanField(
        default=False, help_text=_("Its people need a passkey or a code from an app beside their password.")
    )
    retention_months = models.PositiveSmallIntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text=_("Patients of whom nothing came for so long may be erased; empty: never by time."),
    )
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.name


class Membership(models.Model):
    """A person's place in a clinic."""

    class Role(models.TextChoices):
        CLINICIAN = "clinician", _("Clinician")
        ADMIN = "admin", _("Clinic admin")

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships")
    clinic = models.ForeignKey(Clinic, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=10, choices=Role)
    is_active = models.BooleanField(default=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "clinic"], name="one_membership_a_clinic")]

    def __str__(self) -> str:
        return f"{self.user} ({self.get_role_display()})"


class Patient(models.Model):
    """A person in treatment, with or without an account of their own."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="patients")
    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="patient"
    )
    name = models.CharField(max_length=120)
    birth_year = models.PositiveSmallIntegerField(
        null=True, blank=True, validators=[MinValueValidator(1900), MaxValueValidator(2100)]
    )
    complaint = models.CharField(max_length=200, blank=True, help_text=_("In a few words: right knee pain"))
    is_simulated = models.BooleanField(default=False, help_text=_("Invented, for demonstration."))
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name", "pk"]

    def __str__(self) -> str:
        return self.name


class CareAssignment(models.Model):
    """What a member of the patient's clinic may do for this patient."""

    class Level(models.TextChoices):
        LEAD = "lead", _("Lead clinician")
        COLLEAGUE = "colleague", _("Colleague")
        READER = "reader", _("May read only")

    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="care_assignments")
    membership = models.ForeignKey(Membership, on_delete=models.CASCADE, related_name="care_assignments")
    level = models.CharField(max_length=10, choices=Level)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["patient", "membership"], name="one_assignment_a_member"),
            models.UniqueConstraint(
                fields=["patient"], condition=Q(level="lead"), name="one_lead_clinician_a_patient"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.membership.user}: {self.get_level_display()}"


class Prescription(models.Model):
    """Which exercise a patient is to do, and how often."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="prescriptions")
    exercise = models.CharField(max_length=10, choices=Exercise)
    sets = models.PositiveSmallIntegerField(validators=[MinValueValidator(1), MaxValueValidator(20)])
    repetitions = models.PositiveSmallIntegerField(validators=[MinValueValidator(1), MaxValueValidator(100)])
    days_a_week = models.PositiveSmallIntegerField(validators=[MinValueValidator(1), MaxValueValidator(7)])
    cue = models.CharField(max_length=200, blank=True, help_text=_("One sentence that the patient reads."))
    starts_on = models.DateField()
    ends_on = models.DateField(null=True, blank=True)
    prescribed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["-starts_on", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_on__isnull=True) | Q(ends_on__gte=models.F("starts_on")),
                name="prescription_ends_after_it_starts",
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_exercise_display()} {self.sets} × {self.repetitions}"


class Plan(models.Model):
    """Exercises that a clinic often prescribes together: chosen, adjusted for the patient, prescribed."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    clinic = models.ForeignKey(Clinic, on_delete=models.CASCADE, related_name="plans")
    name = models.CharField(max_length=80)

    class Meta:
        ordering = ["name", "pk"]
        constraints = [models.UniqueConstraint(fields=["clinic", "name"], name="a_plan_name_once_a_clinic")]

    def __str__(self) -> str:
        return self.name


class PlanItem(models.Model):
    """One exercise of a plan, with everything that a prescription has but its days."""

    plan = models.ForeignKey(Plan, on_delete=models.CASCADE, related_name="items")
    exercise = models.CharField(max_length=10, choices=Exercise)
    sets = models.PositiveSmallIntegerField()
    repetitions = models.PositiveSmallIntegerField()
    days_a_week = models.PositiveSmallIntegerField()
    cue = models.CharField(max_length=200, blank=True)
    weeks = models.PositiveSmallIntegerField(null=True, blank=True, help_text=_("Empty: until it is ended."))

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.get_exercise_display()} {self.sets} × {self.repetitions}"


def recording_path(recording: "Recording", _name: str) -> str:
    """Where a file is kept: by random id only, so that no path tells whose it is or what it was called."""
    return f"{recording.uuid.hex[:2]}/{recording.uuid.hex}"


class Recording(models.Model):
    """One uploaded file, kept as it came, and what its reader found in it."""

    class Quality(models.TextChoices):
        GOOD = "good", _("Good")
        USABLE = "usable", _("Usable")
        POOR = "poor", _("Poor")

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="recordings")
    uploaded_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    file = models.FileField(upload_to=recording_path)
    sha256 = models.CharField(max_length=64)
    size_bytes = models.PositiveIntegerField()
    format = models.CharField(max_length=40)
    skeleton = models.CharField(max_length=40)
    frames = models.PositiveIntegerField()
    frame_rate = models.FloatField(help_text=_("Hz"))
    estimated_joints = models.JSONField(default=list)
    facts = models.JSONField(
        default=list, help_text=_("Frame rate, unit, axes and the like: about, value, known, how.")
    )
    corrections = models.JSONField(
        default=dict, help_text=_("What a person said of unit, axes, rate and sides; it is read by that.")
    )
    reading = models.PositiveSmallIntegerField(
        default=1, help_text=_("Counts how often it was read differently; each reading is analysed anew.")
    )
    confirmed_at = models.DateTimeField(null=True, blank=True)
    confirmed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    quality = models.CharField(max_length=10, choices=Quality, blank=True)
    quality_reasons = models.JSONField(default=list)
    exercise = models.CharField(
        max_length=10, choices=Exercise, blank=True, help_text=_("As stated at upload; empty: find out.")
    )
    pain = models.PositiveSmallIntegerField(null=True, blank=True, validators=[MaxValueValidator(10)])
    is_simulated = models.BooleanField(default=False)
    recorded_at = models.DateTimeField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-recorded_at", "-pk"]
        constraints = [models.UniqueConstraint(fields=["patient", "sha256"], name="a_file_once_a_patient")]

    def __str__(self) -> str:
        return str(self.uuid)

    @property
    def known_facts(self) -> list[Fact]:
        """What is known of the recording besides positions."""
        return [Fact(**fact) for fact in self.facts]

    @property
    def said(self) -> Corrections:
        """What a person said of it, as the readers take it."""
        return Corrections(**self.corrections)

    @property
    def inferred(self) -> list[str]:
        """What the file did not state and the reader worked out, in words."""
        return [fact.in_words() for fact in self.known_facts if fact.known != "file"]

    @property
    def quality_in_words(self) -> list[str]:
        """What lowers the quality, as English sentences for programs; pages: `feedback.reading_words`."""
        return [reason.in_words() for reason in self.known_reasons]

    @property
    def known_reasons(self) -> list[Reason]:
        """What lowers the quality, by code."""
        # Recordings of before these had codes hold sentences; their grade says enough.
        return [Reason(**reason) for reason in self.quality_reasons if isinstance(reason, dict)]

    @property
    def asks(self) -> bool:
        """Whether a person should say if it was read rightly, and nobody has."""
        return self.confirmed_at is None and any(fact.known in ASKED for fact in self.known_facts)


class ApiKey(models.Model):
    """A key with which an integration acts for a user, as far as its scopes go and until it expires.

    Shown once; only its hash is kept.
    """

    class Scope(models.TextChoices):
        READ = "read", _("Read")
        UPLOAD = "upload", _("Upload")
        REVIEW = "review", _("Review")

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="api_keys")
    name = models.CharField(max_length=80)
    prefix = models.CharField(max_length=8, unique=True)
    key_sha256 = models.CharField(max_length=64)
    scopes = models.JSONField(default=list)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"

    @property
    def has_expired(self) -> bool:
        return self.expires_at <= timezone.now()

    @property
    def scope_labels(self) -> list[str]:
        return [str(self.Scope(scope).label) for scope in self.scopes]


class SecondFactor(models.Model):
    """What a person has, beside the password that they know: an app that makes codes, or a passkey."""

    class Kind(models.TextChoices):
        APP = "app", _("Code from an app")
        PASSKEY = "passkey", _("Passkey")

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="second_factors"
    )
    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    kind = models.CharField(max_length=10, choices=Kind)
    name = models.CharField(max_length=80)
    #: Of an app its secret, encrypted; of a passkey what the browser attested, public.
    data = models.BinaryField()
    #: Of an app the number of the last time step whose code was used, so that none is used twice.
    last_step = models.PositiveBigIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)
    last_used_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.name


class RecoveryCode(models.Model):
    """A code that stands in for a lost second factor, once. Only its hash is kept."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="recovery_codes"
    )
    code_hash = models.CharField(max_length=64)
    used_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return str(self.pk)


class SignInCode(models.Model):
    """A code, sent by e-mail, that signs a patient in once. Only its hash is kept."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    code_hash = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(auto_now_add=True, db_index=True)
    used_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return str(self.pk)


class Attempts(models.Model):
    """How often something was tried lately, by a hash of what and by whom."""

    subject_hash = models.CharField(max_length=64, unique=True)
    count = models.PositiveIntegerField(default=0)
    since = models.DateTimeField(default=timezone.now, db_index=True)

    class Meta:
        verbose_name_plural = "attempts"

    def __str__(self) -> str:
        return self.subject_hash


class IdempotentRequest(models.Model):
    """A request of the API that must not be done twice, and once it is done the answer to it."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=100)
    #: Of the address and what was sent: the same key must come with the same request.
    fingerprint = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(null=True, help_text=_("Empty while the request is worked on."))
    body = models.TextField(blank=True)
    location = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(auto_now_add=True, db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "key"], name="an_idempotency_key_once_a_user")]

    def __str__(self) -> str:
        return self.key
