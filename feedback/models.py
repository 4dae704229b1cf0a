"""What is known of a recording: its session, its analyses, their repetitions, and what clinicians said."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from feedback import wording
from feedback.made_models import Export as Export
from feedback.made_models import Report as Report
from ml.catalogue import exercise_of
from patients.models import Patient, Recording


class ModelRelease(models.Model):
    """A checked folder with a trained network. Exactly one is active."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    name = models.SlugField(max_length=60, unique=True, allow_unicode=False)
    folder = models.CharField(max_length=300, help_text=_("Absolute, or relative to the shipped releases."))
    sha256 = models.CharField(
        max_length=64, help_text=_("Of release.json, which holds the hashes of the rest.")
    )
    classes = models.JSONField()
    metrics = models.JSONField(default=dict)
    trained_on = models.TextField(blank=True)
    is_active = models.BooleanField(default=False)
    activated_at = models.DateTimeField(
        null=True, help_text=_("When it was last chosen; null for one that is only on trial.")
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["is_active"], condition=Q(is_active=True), name="one_active_release"
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def exercises(self) -> list[str]:
        """The exercises that it knows: shipped ones first, then those that it was taught."""
        return wording.exercises_in_order(exercise_of(code) for code in self.classes)


class ReleaseActivation(models.Model):
    """That a release was chosen for new recordings, by whom and when. Rows are only ever added."""

    release = models.ForeignKey(ModelRelease, on_delete=models.CASCADE, related_name="activations")
    chosen_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        null=True,
        help_text=_("Null: on the command line of the server."),
    )
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-at", "-pk"]

    def __str__(self) -> str:
        return f"{self.release} {self.at:%Y-%m-%d %H:%M}"


class ExerciseSession(models.Model):
    """A patient's recordings of one day.

    The counts and the severity summarise its repetitions, so that the worklist sorts in SQL; only
    `feedback.services.refresh_session` writes them.
    """

    class Severity(models.IntegerChoices):
        PAIN = 1, _("Pain")
        NOT_SURE = 2, _("Not sure")
        NEW = 3, _("New")
        REPEATED = 4, _("Repeated")
        ROUTINE = 5, _("Routine")

    #: Pain of this much or more comes first in the worklist.
    PAIN_THRESHOLD = 4

    # Added by feedback.selectors.
    pain: int | None
    shown_analyses: list["Analysis"]

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="sessions")
    day = models.DateField()
    severity = models.PositiveSmallIntegerField(choices=Severity, default=Severity.ROUTINE)
    repetition_count = models.PositiveIntegerField(default=0)
    unreviewed_count = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-day", "-pk"]
        constraints = [models.UniqueConstraint(fields=["patient", "day"], name="one_session_a_day")]
        indexes = [
            models.Index(
                fields=["severity", "day", "id"], condition=Q(unreviewed_count__gt=0), name="worklist_order"
            ),
            # Holds all that counting, sorting and paging ask for, so that no row has to be read.
            models.Index(
                fields=["patient", "severity", "day", "unreviewed_count"],
                condition=Q(unreviewed_count__gt=0),
                name="worklist_of_patient",
            ),
        ]

    def __str__(self) -> str:
        return str(self.uuid)


class Analysis(models.Model):
    """One run of one release on one recording. The row is the queue of record."""

    class Status(models.TextChoices):
        QUEUED = "queued", _("Waiting")
        RUNNING = "running", _("Being analysed")
        DONE = "done", _("Done")
        FAILED = "failed", _("Could not be analysed")
        NEEDS_ATTENTION = "needs_attention", _("Needs attention")
        CANCELLED = "cancelled", _("Cancelled")

    class Step(models.TextChoices):
        WAITING = "waiting", _("Waiting for a worker")
        READING = "reading", _("Reading the recording")
        REPETITIONS = "repetitions", _("Finding the repetitions")
        FINDINGS = "findings", _("Naming mistakes and correcting the motion")
        SAVING = "saving", _("Saving the result")
        FINISHED = "finished", _("Finished")

    class Priority(models.IntegerChoices):
        """The first of the queue is that of the least number, then the one that came first."""

        NEW = 0, _("New")
        AGAIN = 1, _("Again, by another release")

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    recording = models.ForeignKey(Recording, on_delete=models.CASCADE, related_name="analyses")
    session = models.ForeignKey(ExerciseSession, on_delete=models.CASCADE, related_name="analyses")
    release = models.ForeignKey(ModelRelease, on_delete=models.PROTECT, related_name="analyses")
    reading = models.PositiveSmallIntegerField(
        default=1, help_text=_("Which reading of the recording it is of; people are shown the last.")
    )
    status = models.CharField(max_length=16, choices=Status, default=Status.QUEUED)
    priority = models.PositiveSmallIntegerField(choices=Priority, default=Priority.NEW)
    step = models.CharField(max_length=16, choices=Step, default=Step.WAITING)
    exercise = models.CharField(
        max_length=30,
        blank=True,
        help_text=_("As found: one of the catalogue, or one that the release learned."),
    )
    attempts = models.PositiveSmallIntegerField(default=0)
    worker = models.CharField(max_length=120, blank=True)
    error_code = models.CharField(max_length=40, blank=True)
    log = models.TextField(
        blank=True, help_text=_("How each attempt ended that failed: when, where, of which kind; no data.")
    )
    baseline = models.JSONField(
        null=True,
        default=None,
        help_text=_(
            "Ids of the repetitions that it was compared with; null where the release compares with none."
        ),
    )
    filled = models.JSONField(
        default=dict, help_text=_("Share of each joint's frames that had to be filled.")
    )
    cuts = models.JSONField(
        null=True,
        blank=True,
        help_text=_("Where a clinician says the repetitions are, until a worker has looked at them."),
    )
    cut_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    queued_at = models.DateTimeField(auto_now_add=True)
    announced_at = models.DateTimeField(auto_now_add=True, help_text=_("When a message was last sent."))
    started_at = models.DateTimeField(null=True, blank=True)
    heartbeat_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["queued_at", "pk"]
        verbose_name_plural = "analyses"
        constraints = [
            models.UniqueConstraint(
                fields=["recording", "release", "reading"], name="one_analysis_a_reading_and_release"
            )
        ]
        indexes = [
            # Of all rows: SQLite cannot use one of the open rows alone where the states are parameters.
            models.Index(fields=["status", "priority", "queued_at"], name="analysis_queue"),
            models.Index(fields=["exercise", "session"], name="analysis_exercise"),
            models.Index(fields=["finished_at"], condition=Q(status="done"), name="analysis_finished"),
        ]

    def __str__(self) -> str:
        return str(self.uuid)

    def get_exercise_display(self) -> str:
        """Return the exercise's name, also of one that the release learned."""
        return wording.exercise_name(self.exercise)

    @property
    def is_open(self) -> bool:
        """Whether something is still to happen by itself."""
        return self.status in (self.Status.QUEUED, self.Status.RUNNING)


class Repetition(models.Model):
    """One execution inside a recording, `[start_frame, end_frame)`, with the model's finding."""

    # Added by feedback.selectors.judged_repetitions.
    label: str
    second_label: str
    verdict_decision: str | None
    verdict_label: str | None
    verdict_second_label: str | None

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    analysis = models.ForeignKey(Analysis, on_delete=models.CASCADE, related_name="repetitions")
    index = models.PositiveSmallIntegerField(help_text=_("From 1, in order of time."))
    exercise = models.CharField(max_length=30)
    start_frame = models.PositiveIntegerField()
    end_frame = models.PositiveIntegerField()
    frame_rate = models.FloatField(help_text=_("Hz"))
    motion = models.BinaryField(help_text=_("Performed motion; see feedback/motions.py."))
    finding = models.CharField(max_length=60, help_text=_("Code of the likeliest class."))
    probability = models.FloatField()
    probabilities = models.JSONField()
    abstained = models.BooleanField(default=False)
    abstained_reason = models.CharField(max_length=40, blank=True)
    cut_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text=_("Who said where it begins and ends; empty: it was found."),
    )
    superseded_at = models.DateTimeField(
        null=True, blank=True, help_text=_("When it was cut anew. What was said of it is kept.")
    )
    measures = models.JSONField(
        null=True, help_text=_("By name, see ml/measures.py; null until it is measured.")
    )

    class Meta:
        ordering = ["analysis", "index"]
        indexes = [
            models.Index(fields=["id"], condition=Q(measures__isnull=True), name="repetition_unmeasured")
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["analysis", "index"],
                condition=Q(superseded_at__isnull=True),
                name="an_index_once_an_analysis",
            ),
            models.CheckConstraint(
                condition=Q(end_frame__gt=models.F("start_frame")), name="repetition_has_frames"
            ),
        ]

    def __str__(self) -> str:
        return str(self.uuid)


class BaselineRepetition(models.Model):
    """A repetition that a clinician marked as this person's own correct way of doing the exercise."""

    repetition = models.OneToOneField(Repetition, on_delete=models.CASCADE, related_name="baseline_mark")
    marked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    marked_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-marked_at", "-pk"]

    def __str__(self) -> str:
        return str(self.repetition_id)


class Correction(models.Model):
    """How this person would look doing the repetition right."""

    repetition = models.OneToOneField(Repetition, on_delete=models.CASCADE, related_name="correction")
    motion = models.BinaryField(help_text=_("Corrected motion; see feedback/motions.py."))
    verified = models.BooleanField(help_text=_("The judge and the geometric checks passed it."))
    failed_checks = models.JSONField(default=list)
    largest_shift_m = models.FloatField()
    joints = models.JSONField(help_text=_("The joints that move most, first the one that moves most."))

    def __str__(self) -> str:
        return str(self.repetition_id)


class Verdict(models.Model):
    """What a clinician says of one repetition. Rows are only ever added; the newest counts."""

    class Decision(models.TextChoices):
        CONFIRMED = "confirmed", _("Confirmed")
        OVERRIDDEN = "overridden", _("Overridden")
        NOT_A_REPETITION = "not_a_repetition", _("Not a repetition")
        UNDONE = "undone", _("Taken back")

    class Reason(models.TextChoices):
        SEEN = "seen", _("Seen in the motion")
        TRACKING = "tracking", _("The recording is wrong")
        FINE = "fine", _("Right for this patient")
        MINOR = "minor", _("Too small to matter")
        EXAMINED = "examined", _("Known from examination")
        OTHER = "other", _("Another reason")

    #: The decisions that say which class a repetition is; `label` holds it.
    JUDGED = (Decision.CONFIRMED, Decision.OVERRIDDEN)

    #: Whoever sends a verdict may choose its id: one that is sent again is then kept once.
    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    repetition = models.ForeignKey(Repetition, on_delete=models.CASCADE, related_name="verdicts")
    clinician = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="verdicts")
    decision = models.CharField(max_length=20, choices=Decision)
    label = models.CharField(max_length=60, blank=True, help_text=_("Code of the class that it is."))
    second_label = models.CharField(
        max_length=60, blank=True, help_text=_("Code of the other mistake where there are two at once.")
    )
    reason = models.CharField(
        max_length=10, choices=Reason, blank=True, help_text=_("Why the clinician says other than the model.")
    )
    note = models.CharField(max_length=500, blank=True)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-at", "-pk"]

    def __str__(self) -> str:
        return f"{self.get_decision_display()} {self.label}"


class Note(models.Model):
    """What a clinician wrote for colleagues about a session, one repetition, or one moment of it."""

    #: As for verdicts, whoever writes may choose it.
    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    session = models.ForeignKey(ExerciseSession, on_delete=models.CASCADE, related_name="notes")
    #: A note outlives a repetition that is cut anew: it is then one on the session.
    repetition = models.ForeignKey(
        Repetition, on_delete=models.SET_NULL, null=True, blank=True, related_name="notes"
    )
    frame = models.PositiveIntegerField(null=True, blank=True, help_text=_("From 0 within the repetition."))
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    text = models.CharField(max_length=2000)
    at = models.DateTimeField(auto_now_add=True)
    deleted_at = models.DateTimeField(
        null=True, blank=True, help_text=_("By its author; kept for the record.")
    )

    class Meta:
        ordering = ["-at", "-pk"]

    def __str__(self) -> str:
        return str(self.uuid)


class RecordingMove(models.Model):
    """A recording that had been given to the wrong patient went to another one. Shown with both."""

    recording = models.ForeignKey(Recording, on_delete=models.CASCADE, related_name="moves")
    from_patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="moves_away")
    to_patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="moves_here")
    moved_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(max_length=300)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-at", "-pk"]

    def __str__(self) -> str:
        return str(self.recording_id)


class Worker(models.Model):
    """A worker process that says it is alive every few seconds, so that a page never queues into silence."""

    name = models.CharField(max_length=120, unique=True)
    device = models.CharField(max_length=20, blank=True, help_text=_("Where it computes: cpu, cuda, …"))
    started_at = models.DateTimeField(auto_now_add=True)
    seen_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return self.name
