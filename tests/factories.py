"""One factory a model, and the fixed people whom access tests ask about."""

import datetime
import hashlib
import uuid
from dataclasses import dataclass

import factory
from django.core.files.base import ContentFile
from django.utils import timezone

from feedback.models import (
    Analysis,
    Correction,
    ExerciseSession,
    Export,
    ModelRelease,
    Note,
    Repetition,
    Report,
    Verdict,
    Worker,
)
from feedback.motions import pack_motion
from ml.catalogue import CODES
from patients.models import (
    CareAssignment,
    Clinic,
    Membership,
    Patient,
    Plan,
    PlanItem,
    Prescription,
    Recording,
    User,
)
from tests.motions import pose_bytes, squats

PASSWORD = "correct horse battery"


class UserFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = User
        skip_postgeneration_save = True

    email = factory.Sequence(lambda n: f"person{n}@example.org")
    first_name = factory.Sequence(lambda n: f"Given{n}")
    last_name = factory.Sequence(lambda n: f"Family{n}")
    password = factory.django.Password(PASSWORD)


class ClinicFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Clinic

    name = factory.Sequence(lambda n: f"Clinic {n}")


class MembershipFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Membership

    user = factory.SubFactory(UserFactory)
    clinic = factory.SubFactory(ClinicFactory)
    role = Membership.Role.CLINICIAN


class PatientFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Patient

    clinic = factory.SubFactory(ClinicFactory)
    name = factory.Sequence(lambda n: f"Patient {n}")
    birth_year = 1970
    complaint = "right knee pain"


class CareAssignmentFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = CareAssignment

    patient = factory.SubFactory(PatientFactory)
    membership = factory.SubFactory(MembershipFactory, clinic=factory.SelfAttribute("..patient.clinic"))
    level = CareAssignment.Level.COLLEAGUE


class PrescriptionFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Prescription

    patient = factory.SubFactory(PatientFactory)
    exercise = "squat"
    sets = 3
    repetitions = 10
    days_a_week = 5
    starts_on = factory.LazyFunction(timezone.localdate)
    prescribed_by = factory.SubFactory(UserFactory)


class PlanFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Plan

    clinic = factory.SubFactory(ClinicFactory)
    name = factory.Sequence(lambda n: f"Plan {n}")


class PlanItemFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = PlanItem

    plan = factory.SubFactory(PlanFactory)
    exercise = "squat"
    sets = 3
    repetitions = 10
    days_a_week = 4


class RecordingFactory(factory.django.DjangoModelFactory):
    """A stored recording with a real file of two squats; no signal, so no analysis follows."""

    class Meta:
        model = Recording

    patient = factory.SubFactory(PatientFactory)
    uploaded_by = factory.SubFactory(UserFactory)
    file = factory.LazyFunction(lambda: ContentFile(pose_bytes(), name="recording"))
    sha256 = factory.Sequence(lambda n: hashlib.sha256(str(n).encode()).hexdigest())
    size_bytes = 1000
    format = "exfb_json"
    skeleton = "ec3d_19"
    frames = 180
    frame_rate = 30.0
    recorded_at = factory.LazyFunction(timezone.now)


class ModelReleaseFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = ModelRelease
        django_get_or_create = ("name",)

    name = "test-release"
    folder = "test-release"
    sha256 = "0" * 64
    classes = list(CODES)
    is_active = True
    activated_at = factory.LazyAttribute(lambda release: timezone.now() if release.is_active else None)


class ExerciseSessionFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = ExerciseSession
        django_get_or_create = ("patient", "day")

    patient = factory.SubFactory(PatientFactory)
    day = factory.LazyFunction(timezone.localdate)


class AnalysisFactory(factory.django.DjangoModelFactory):
    """A queued analysis. `status="done"` and so on are set as they are, without repetitions."""

    class Meta:
        model = Analysis

    recording = factory.SubFactory(RecordingFactory)
    session = factory.LazyAttribute(
        lambda analysis: ExerciseSessionFactory(
            patient=analysis.recording.patient, day=timezone.localdate(analysis.recording.recorded_at)
        )
    )
    release = factory.SubFactory(ModelReleaseFactory)


class RepetitionFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Repetition

    analysis = factory.SubFactory(AnalysisFactory, status=Analysis.Status.DONE, step=Analysis.Step.FINISHED)
    index = factory.LazyAttribute(lambda repetition: repetition.analysis.repetitions.count() + 1)
    exercise = factory.LazyAttribute(lambda repetition: repetition.finding.split(".")[0])
    start_frame = factory.LazyAttribute(lambda repetition: (repetition.index - 1) * 90)
    end_frame = factory.LazyAttribute(lambda repetition: repetition.start_frame + 90)
    frame_rate = 30.0
    motion = factory.LazyFunction(lambda: pack_motion(squats(1).positions))
    finding = "squat.knees_inward"
    probability = 0.9
    probabilities = factory.LazyAttribute(lambda repetition: {repetition.finding: repetition.probability})


class CorrectionFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Correction

    repetition = factory.SubFactory(RepetitionFactory)
    motion = factory.LazyFunction(lambda: pack_motion(squats(1, depth=0.4).positions))
    verified = True
    largest_shift_m = 0.08
    joints = ["left_knee", "right_knee"]


class VerdictFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Verdict

    repetition = factory.SubFactory(RepetitionFactory)
    clinician = factory.SubFactory(UserFactory)
    decision = Verdict.Decision.CONFIRMED
    label = factory.LazyAttribute(lambda verdict: verdict.repetition.finding)


class ReportFactory(factory.django.DjangoModelFactory):
    """A report that waits to be made."""

    class Meta:
        model = Report

    patient = factory.SubFactory(PatientFactory)
    requested_by = factory.SubFactory(UserFactory)
    start = end = factory.LazyFunction(timezone.localdate)
    language = "en-gb"


class NoteFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Note

    session = factory.SubFactory(ExerciseSessionFactory)
    author = factory.SubFactory(UserFactory)
    text = "Hips hinge first."


class ExportFactory(factory.django.DjangoModelFactory):
    """An export that is ready for a week."""

    class Meta:
        model = Export

    patient = factory.SubFactory(PatientFactory)
    requested_by = factory.SubFactory(UserFactory)
    content = Export.Content.MOTIONS
    convention = "exfb"
    status = Export.Status.DONE
    file = factory.LazyFunction(lambda: ContentFile(b"PK", name="export"))
    size_bytes = 2
    expires_at = factory.LazyFunction(lambda: timezone.now() + datetime.timedelta(days=7))


class WorkerFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Worker

    name = factory.Sequence(lambda n: f"celery@worker{n}:{n}")
    seen_at = factory.LazyFunction(timezone.now)


@dataclass(frozen=True)
class People:
    """Who stands where around one patient. Every account's password is `PASSWORD`."""

    clinic: Clinic
    patient: Patient
    lead: User
    colleague: User
    reader: User
    #: Works for the same clinic, but is not assigned to the patient.
    unassigned: User
    clinic_admin: User
    patient_user: User
    other_clinic: Clinic
    #: Clinician and lead of `other_patient` in another clinic.
    stranger: User
    other_patient: Patient
    other_patient_user: User


def make_people() -> People:
    """Two clinics with a patient each and everyone who has, or has not, to do with the first."""
    clinic, other_clinic = ClinicFactory(name="Riverside"), ClinicFactory(name="Hillside")
    patient_user = UserFactory(email="patient@example.org")
    other_patient_user = UserFactory(email="other.patient@example.org")
    patient = PatientFactory(clinic=clinic, user=patient_user, name="Pat Example")
    other_patient = PatientFactory(clinic=other_clinic, user=other_patient_user, name="Other Example")

    def member(
        name: str, of: Clinic, care_of: Patient | None, level: str = "", role: str = "clinician"
    ) -> User:
        membership = MembershipFactory(user__email=f"{name}@example.org", clinic=of, role=role)
        if care_of is not None:
            CareAssignmentFactory(patient=care_of, membership=membership, level=level)
        return membership.user

    return People(
        clinic=clinic,
        patient=patient,
        lead=member("lead", clinic, patient, "lead"),
        colleague=member("colleague", clinic, patient, "colleague"),
        reader=member("reader", clinic, patient, "reader"),
        unassigned=member("unassigned", clinic, None),
        clinic_admin=member("admin", clinic, None, role="admin"),
        patient_user=patient_user,
        other_clinic=other_clinic,
        stranger=member("stranger", other_clinic, other_patient, "lead"),
        other_patient=other_patient,
        other_patient_user=other_patient_user,
    )


def days_ago(days: int) -> datetime.datetime:
    """Noon of an earlier day, so that no test depends on the hour it runs at."""
    now = timezone.localtime().replace(hour=12, minute=0, second=0, microsecond=0)
    return now - datetime.timedelta(days=days)


def random_uuid() -> uuid.UUID:
    """An id that nothing has."""
    return uuid.uuid4()
