"""The JSON of patients, prescriptions and recordings. Form only: rules are in services and permissions."""

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from patients.models import Exercise, Patient, Prescription, Recording


class PrescriptionSerializer(serializers.ModelSerializer[Prescription]):
    class Meta:
        model = Prescription
        fields = ["uuid", "exercise", "sets", "repetitions", "days_a_week", "cue", "starts_on", "ends_on"]


class PatientSerializer(serializers.ModelSerializer[Patient]):
    class Meta:
        model = Patient
        fields = ["uuid", "name", "birth_year", "complaint", "is_simulated", "created_at"]


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


class RecordingSerializer(serializers.ModelSerializer[Recording]):
    patient = serializers.UUIDField(source="patient.uuid", read_only=True)
    estimated_joints = serializers.ListField(
        child=serializers.CharField(), help_text="Joints that the file lacks and the reader estimated."
    )
    inferred = serializers.ListField(
        child=serializers.CharField(), help_text="What the file did not state and the reader worked out."
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
