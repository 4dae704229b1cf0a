"""The JSON of sessions, analyses, repetitions, verdicts and releases. Form only; rules are in selectors."""

from typing import Any

from django.urls import reverse
from drf_spectacular.utils import extend_schema_field
from drf_standardized_errors.openapi_serializers import ClientErrorEnum
from rest_framework import serializers

from feedback.models import (
    Analysis,
    BaselineRepetition,
    Correction,
    ExerciseSession,
    ModelRelease,
    Note,
    Verdict,
)
from feedback.shown import shown_repetition
from patients.serializers import RecordingSerializer


class AnalysisLinkSerializer(serializers.ModelSerializer[Analysis]):
    """Where to follow the analysis of a recording."""

    url = serializers.SerializerMethodField()
    session = serializers.UUIDField(source="session.uuid", read_only=True)
    release = serializers.CharField(source="release.name", read_only=True)
    baseline = serializers.ListField(
        child=serializers.UUIDField(),
        allow_null=True,
        read_only=True,
        help_text="Repetitions of this person that it was compared with; null where the release compares "
        "with none.",
    )

    class Meta:
        model = Analysis
        fields = ["uuid", "url", "status", "exercise", "session", "release", "baseline"]

    def get_url(self, analysis: Analysis) -> str:
        return reverse("api:analysis", args=[analysis.uuid])


class AnalysedRecordingSerializer(RecordingSerializer):
    analysis = AnalysisLinkSerializer(allow_null=True, read_only=True)

    class Meta(RecordingSerializer.Meta):
        fields = [*RecordingSerializer.Meta.fields, "analysis"]

    def to_representation(self, recording: Any) -> dict[str, Any]:
        shown = getattr(recording, "shown_analyses", [])
        recording.analysis = shown[0] if shown else None
        return super().to_representation(recording)


class ErrorSerializer(serializers.Serializer):
    code = serializers.CharField()
    message = serializers.CharField()


class ConflictErrorSerializer(serializers.Serializer):
    """One thing that came meanwhile, in the form of all errors."""

    code = serializers.CharField()
    detail = serializers.CharField()
    attr = serializers.CharField(allow_null=True)


class AnalysisSerializer(serializers.Serializer):
    """How far an analysis is."""

    uuid = serializers.UUIDField()
    recording = serializers.UUIDField()
    session = serializers.UUIDField()
    release = serializers.CharField()
    status = serializers.ChoiceField(Analysis.Status.choices)
    step = serializers.ChoiceField(Analysis.Step.choices)
    place = serializers.IntegerField(
        allow_null=True, help_text="1 for the next one to be taken; null once taken."
    )
    expected_wait_seconds = serializers.IntegerField(allow_null=True)
    worker_connected = serializers.BooleanField()
    worker = serializers.CharField(help_text="Which one has it or had it last; empty for a patient.")
    attempts = serializers.IntegerField(help_text="How often it was taken up; set aside after 3.")
    log = serializers.CharField(
        help_text="How attempts ended that failed: when, of which kind, where in the program. Empty for a "
        "patient."
    )
    error = ErrorSerializer(allow_null=True)


class BaselineSerializer(serializers.ModelSerializer[BaselineRepetition]):
    """One repetition of a person's baseline."""

    repetition = serializers.UUIDField(source="repetition.uuid", read_only=True)
    exercise = serializers.CharField(source="repetition.exercise", read_only=True)
    session = serializers.UUIDField(source="repetition.analysis.session.uuid", read_only=True)
    marked_by = serializers.CharField(read_only=True)

    class Meta:
        model = BaselineRepetition
        fields = ["repetition", "exercise", "session", "marked_by", "marked_at"]


class CorrectionSerializer(serializers.ModelSerializer[Correction]):
    failed_checks = serializers.ListField(child=serializers.CharField())
    joints = serializers.ListField(child=serializers.CharField())

    class Meta:
        model = Correction
        fields = ["verified", "failed_checks", "largest_shift_m", "joints"]


class VerdictSerializer(serializers.ModelSerializer[Verdict]):
    clinician = serializers.CharField(read_only=True)

    class Meta:
        model = Verdict
        fields = ["uuid", "decision", "label", "second_label", "reason", "note", "clinician", "at"]


class VerdictConflictSerializer(serializers.Serializer):
    """A verdict that the clinician had not seen stands; theirs was not kept.

    `standing` is missing where the request was refused for its idempotency key.
    """

    type = serializers.ChoiceField(ClientErrorEnum.choices)
    errors = ConflictErrorSerializer(many=True)  # type: ignore[assignment]
    standing = VerdictSerializer(allow_null=True, required=False)


class GiveVerdictSerializer(serializers.Serializer):
    """The form of a verdict; `feedback.services.give_verdict` says whether it fits the repetition."""

    decision = serializers.ChoiceField(Verdict.Decision.choices)
    label = serializers.CharField(  # type: ignore[assignment]
        max_length=60, required=False, allow_blank=True, default=""
    )
    second_label = serializers.CharField(
        max_length=60,
        required=False,
        allow_blank=True,
        default="",
        help_text="The other mistake where there are two at once.",
    )
    reason = serializers.CharField(
        max_length=10,
        required=False,
        allow_blank=True,
        default="",
        help_text="Why other than the model: one of " + ", ".join(Verdict.Reason.values) + ".",
    )
    note = serializers.CharField(max_length=500, required=False, allow_blank=True, default="")
    uuid = serializers.UUIDField(
        required=False, help_text="Chosen by you: sent again with the same one, a verdict is kept once."
    )
    seen = serializers.UUIDField(
        required=False,
        allow_null=True,
        help_text="The newest verdict that you know of, null for none: 409 if another one came meanwhile.",
    )


class MoveSerializer(serializers.Serializer):
    """To whom a recording is moved, and why."""

    patient = serializers.UUIDField()
    reason = serializers.CharField(max_length=300)


class NoteSerializer(serializers.ModelSerializer[Note]):
    author = serializers.CharField(read_only=True)
    repetition = serializers.UUIDField(
        source="repetition.uuid", read_only=True, allow_null=True, default=None
    )

    class Meta:
        model = Note
        fields = ["uuid", "repetition", "frame", "author", "text", "at"]


class WriteNoteSerializer(serializers.Serializer):
    """The form of a note; `feedback.services.write_note` says whether it fits the session."""

    text = serializers.CharField(max_length=2000)
    repetition = serializers.UUIDField(
        required=False, allow_null=True, help_text="Left out, the note is on the whole session."
    )
    frame = serializers.IntegerField(
        required=False, allow_null=True, min_value=0, help_text="From 0 within the repetition."
    )
    uuid = serializers.UUIDField(
        required=False, help_text="Chosen by you: sent again with the same one, a note is kept once."
    )


class RepetitionSerializer(serializers.Serializer):
    """What the person who asks is shown of a repetition (`feedback.selectors.shown_repetition`)."""

    uuid = serializers.UUIDField()
    index = serializers.IntegerField()
    exercise = serializers.CharField()
    start_frame = serializers.IntegerField()
    end_frame = serializers.IntegerField()
    frame_rate = serializers.FloatField(help_text="Hz")
    finding = serializers.CharField(
        allow_null=True, help_text="Null for a patient where the model abstained."
    )
    probability = serializers.FloatField(allow_null=True, help_text="Null for a patient.")
    probabilities = serializers.DictField(
        child=serializers.FloatField(), allow_null=True, help_text="By class code; null for a patient."
    )
    abstained = serializers.BooleanField()
    abstained_reason = serializers.CharField(allow_blank=True)
    verdict_decision = serializers.ChoiceField(
        Verdict.Decision.choices, allow_null=True, help_text="Of the verdict that stands."
    )
    label = serializers.CharField(  # type: ignore[assignment]
        allow_null=True, help_text="What counts: the verdict's label, else the finding."
    )
    second_label = serializers.CharField(
        allow_blank=True, help_text="The other mistake where a clinician saw two at once."
    )
    is_baseline = serializers.BooleanField(help_text="Marked as this person's own correct way.")
    correction = CorrectionSerializer(
        allow_null=True, help_text="A patient is shown a verified correction only."
    )


class SessionSerializer(serializers.ModelSerializer[ExerciseSession]):
    patient = serializers.UUIDField(source="patient.uuid", read_only=True)
    pain = serializers.IntegerField(allow_null=True, help_text="The greatest of its recordings.")
    severity = serializers.SerializerMethodField()

    class Meta:
        model = ExerciseSession
        fields = ["uuid", "patient", "day", "severity", "pain", "repetition_count", "unreviewed_count"]

    def get_severity(self, session: ExerciseSession) -> str:
        return ExerciseSession.Severity(session.severity).name.lower()


class AnalysedSerializer(serializers.Serializer):
    """One recording of a session, the analysis that counts of it, and its repetitions."""

    recording = RecordingSerializer()
    analysis = AnalysisLinkSerializer(source="*")
    repetitions = serializers.SerializerMethodField()

    @extend_schema_field(RepetitionSerializer(many=True))
    def get_repetitions(self, analysis: Analysis) -> list[dict[str, Any]]:
        shown = [shown_repetition(one, self.context["access"]) for one in analysis.repetitions.all()]
        return list(RepetitionSerializer(shown, many=True).data)


class SessionDetailSerializer(SessionSerializer):
    recordings = AnalysedSerializer(source="shown_analyses", many=True)

    class Meta(SessionSerializer.Meta):
        fields = [*SessionSerializer.Meta.fields, "recordings"]


class HistoryQuerySerializer(serializers.Serializer):
    exercise = serializers.CharField(required=False, max_length=30)
    start = serializers.DateField(required=False, help_text="First day.")
    end = serializers.DateField(required=False, help_text="Last day.")


class HistoryEntrySerializer(serializers.Serializer):
    """What one session held of one exercise."""

    session = serializers.UUIDField()
    day = serializers.DateField()
    exercise = serializers.CharField()
    total = serializers.IntegerField()
    unreviewed = serializers.IntegerField()
    not_sure = serializers.IntegerField(help_text="Abstained, and not judged by a clinician.")
    counts = serializers.DictField(child=serializers.IntegerField(), help_text="Repetitions by class code.")


class HistorySerializer(serializers.Serializer):
    patient = serializers.UUIDField()
    sessions = HistoryEntrySerializer(many=True)


class ReleaseSerializer(serializers.ModelSerializer[ModelRelease]):
    classes = serializers.ListField(child=serializers.CharField())
    metrics = serializers.DictField()

    class Meta:
        model = ModelRelease
        fields = [
            "uuid",
            "name",
            "is_active",
            "activated_at",
            "classes",
            "metrics",
            "trained_on",
            "created_at",
        ]


class AskedSerializer(serializers.Serializer):
    """What was queued by one request, and what was too much for it."""

    queued = serializers.IntegerField(help_text="Recordings that will be analysed, after all new ones.")
    left = serializers.IntegerField(help_text="Recordings for which there was no room: ask again later.")


class ComparedClassSerializer(serializers.Serializer):
    """One class: of so many repetitions that clinicians call it, how many does each release?"""

    code = serializers.CharField()
    reviewed = serializers.IntegerField()
    active = serializers.IntegerField()
    release = serializers.IntegerField()


class ComparisonSerializer(serializers.Serializer):
    """Two releases against what clinicians said, over the patients whom you may see."""

    active = serializers.CharField(source="active.name")
    release = serializers.CharField(source="release.name")
    recordings = serializers.IntegerField(help_text="Reviewed ones, the newest 200 at most.")
    done = serializers.IntegerField(help_text="Of these, analysed by both.")
    failed = serializers.IntegerField(help_text="Of these, one of the two could not analyse.")
    is_open = serializers.BooleanField(help_text="Workers are not through yet.")
    sentence = serializers.CharField(help_text="The result in words; empty while there is none.")
    classes = ComparedClassSerializer(source="rows", many=True)


class FramesField(serializers.ListField):
    child = serializers.ListField(child=serializers.IntegerField(), min_length=57, max_length=57)


class AngleCurvesField(serializers.DictField):
    child = serializers.ListField(child=serializers.FloatField(allow_null=True))


class AnglesSerializer(serializers.Serializer):
    performed = AngleCurvesField()
    corrected = AngleCurvesField(allow_null=True)


class WorstMomentSerializer(serializers.Serializer):
    """The moment to look at: where an angle differs most from the correction, else where hips are lowest."""

    frame = serializers.IntegerField(help_text="From 0, never in the first 5 % of a repetition.")
    angle = serializers.CharField(allow_null=True, help_text="The angle that differs; null where none tells.")
    sentence = serializers.CharField(help_text="By how much, in words; empty without an angle.")


class MotionSerializer(serializers.Serializer):
    """A repetition's motion: frames × 57 whole millimetres (x, y, z of each joint in turn)."""

    repetition = serializers.UUIDField()
    frame_rate = serializers.FloatField(help_text="Hz")
    unit = serializers.CharField(help_text="mm")
    axes = serializers.CharField(help_text="x right, y forward, z up")
    joints = serializers.ListField(child=serializers.CharField())
    frames = serializers.IntegerField()
    performed = FramesField()
    corrected = FramesField(allow_null=True)
    verified = serializers.BooleanField(allow_null=True, help_text="Of the correction; null without one.")
    joints_at_fault = serializers.ListField(child=serializers.CharField())
    worst = WorstMomentSerializer()
    angles = AnglesSerializer(help_text="Degrees, by name of docs/angles.md, one value a frame.")


class AngleBandSerializer(serializers.Serializer):
    """The band of one angle, and where the performed repetition leaves it."""

    low = serializers.ListField(child=serializers.FloatField(), help_text="Degrees at 51 equal moments.")
    high = serializers.ListField(child=serializers.FloatField(), help_text="Degrees at 51 equal moments.")
    outside = serializers.ListField(
        child=serializers.ListField(child=serializers.IntegerField(), min_length=2, max_length=2),
        help_text="Frames of the repetition, [first, after the last], that lie outside by 1° or more.",
    )
    sentence = serializers.CharField(help_text="The same in words.")


class BandSerializer(serializers.Serializer):
    """Mean ± 2 standard deviations of this patient's other correct repetitions of the exercise."""

    repetition = serializers.UUIDField()
    exercise = serializers.CharField()
    repetitions = serializers.IntegerField(help_text="Of which the band is made: the newest, 20 at most.")
    reviewed = serializers.IntegerField(help_text="How many of them a clinician called correct.")
    basis = serializers.CharField(help_text="The same in words; empty where there are too few.")
    angles = serializers.DictField(
        child=AngleBandSerializer(allow_null=True),
        allow_null=True,
        help_text="By name of docs/angles.md; null where there are fewer than 3 correct repetitions.",
    )
