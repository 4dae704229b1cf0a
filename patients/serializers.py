"""The JSON of patients, prescriptions and recordings. Form only: rules are in services and permissions."""

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from ml.poses.assemble import MAX_FRAME_RATE_HZ, MIN_FRAME_RATE_HZ, RARE_UNITS, UNITS
from patients.models import AccessLogEntry, Exercise, Patient, Prescription, Recording


class PrescriptionSerializer(serializers.ModelSerializer[Prescription]):
    class Meta:
        model = Prescription
        fields = ["uuid", "exercise", "sets", "repetitions", "days_a_week", "cue", "starts_on", "ends_on"]


class PatientSerializer(serializers.ModelSerializer[Patient]):
    class Meta:
        model = Patient
        fields = ["uuid", "name", "birth_year", "complaint", "is_simulated", "created_at"]


class AccessLogSerializer(serializers.ModelSerializer[AccessLogEntry]):
    """One line of a patient's access log."""

    who = serializers.SerializerMethodField()

    class Meta:
        model = AccessLogEntry
        fields = ["at", "who", "ground", "action", "subject", "subject_uuid"]
        extra_kwargs = {"ground": {"help_text": "Why they may, or what they were when it was refused."}}

    def get_who(self, entry: AccessLogEntry) -> str | None:
        """Return the name; null for somebody who is neither the patient nor works for their clinic."""
        return self.context["names"].get(entry.user_id)


class MayDoSerializer(serializers.Serializer):
    """What the person who asks may do for this patient."""

    upload = serializers.BooleanField(source="may_upload")
    review = serializers.BooleanField(source="may_review")
    prescribe = serializers.BooleanField(source="may_prescribe")


class PatientDetailSerializer(PatientSerializer):
    clinic = serializers.CharField(source="clinic.name")
    may = serializers.SerializerMethodField()
    prescriptions = PrescriptionSerializer(many=True)

    class Meta(PatientSerializer.Meta):
        fields = [*PatientSerializer.Meta.fields, "clinic", "may", "prescriptions"]

    @extend_schema_field(MayDoSerializer)
    def get_may(self, patient: Patient) -> dict[str, bool]:
        return MayDoSerializer(self.context["access"]).data


class FactSerializer(serializers.Serializer):
    """One thing known of a recording besides positions."""

    about = serializers.CharField(help_text="`frame rate`, `unit`, `axes`, `sides`, `person`, ...")
    value = serializers.CharField(help_text="`30 Hz`, `mm`, `y up`, ...")
    known = serializers.ChoiceField(
        ["file", "format", "body", "usual", "person"],
        help_text="Stated in the file, fixed by the format, told by the body, usual, or said by a person.",
    )
    how = serializers.CharField(allow_blank=True, help_text="The same in words.")


class ReadingSerializer(serializers.Serializer):
    """What a person says of a recording; what is left out stays as it is."""

    frame_rate = serializers.FloatField(
        min_value=MIN_FRAME_RATE_HZ, max_value=MAX_FRAME_RATE_HZ, required=False, help_text="Hz."
    )
    unit = serializers.ChoiceField([*UNITS, *RARE_UNITS], required=False)
    up = serializers.ChoiceField(
        ["x", "-x", "y", "-y", "z", "-z"], required=False, help_text="The file's axis that points up."
    )
    swap_sides = serializers.BooleanField(required=False, help_text="Left is right, as in a mirrored video.")
    person = serializers.IntegerField(
        min_value=1, max_value=99, required=False, help_text="Which of several people, from 1."
    )


class RecordingSerializer(serializers.ModelSerializer[Recording]):
    patient = serializers.UUIDField(source="patient.uuid", read_only=True)
    estimated_joints = serializers.ListField(
        child=serializers.CharField(), help_text="Joints that the file lacks and the reader estimated."
    )
    inferred = serializers.ListField(
        child=serializers.CharField(), help_text="What the file did not state and the reader worked out."
    )
    facts = FactSerializer(many=True, read_only=True, help_text="What is known besides positions, and how.")
    asks = serializers.BooleanField(
        read_only=True, help_text="Something was inferred that a person should confirm or correct."
    )
    quality_reasons = serializers.ListField(
        child=serializers.CharField(),
        source="quality_in_words",
        help_text="What lowers the quality; empty for a good recording.",
    )

    class Meta:
        model = Recording
        fields = [
            "uuid",
            "patient",
            "exercise",
            "pain",
            "is_simulated",
            "recorded_at",
            "created_at",
            "format",
            "skeleton",
            "frames",
            "frame_rate",
            "estimated_joints",
            "inferred",
            "facts",
            "asks",
            "confirmed_at",
            "quality",
            "quality_reasons",
            "size_bytes",
            "sha256",
        ]


class UploadSerializer(serializers.Serializer):
    """The form of an upload. The file itself is judged by `patients.services.receive_recording`."""

    patient = serializers.UUIDField(help_text="UUID of the patient who was recorded.")
    file = serializers.FileField(
        allow_empty_file=True, max_length=None, help_text="A pose file; see docs/formats.md."
    )
    exercise = serializers.ChoiceField(
        Exercise.choices, required=False, allow_blank=True, default="", help_text="Empty: find out."
    )
    pain = serializers.IntegerField(
        min_value=0,
        max_value=10,
        required=False,
        allow_null=True,
        default=None,
        help_text="0 none, 10 worst.",
    )
    recorded_at = serializers.DateTimeField(
        required=False, allow_null=True, default=None, help_text="When it was recorded; without it, now."
    )
