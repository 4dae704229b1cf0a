"""Fills the demo clinic through the same services that people's requests use. Doing it again adds nothing."""

import io
from dataclasses import dataclass
from datetime import datetime, time, timedelta

import numpy as np
from django.db import transaction
from django.utils import timezone

from feedback.demo_story import CLINICIANS, LEAD, PASSWORD, PATIENTS, DemoPatient, DemoRecording
from feedback.models import Analysis, Repetition, Verdict
from feedback.services import give_verdict
from ml.poses.writers.exfb_json import write_exfb_json
from ml.sensors import SENSORS
from ml.simulate import Person, SimulatedSpan, simulate_recording
from patients.models import CareAssignment, Clinic, Membership, Patient, Recording, User
from patients.services import add_patient, assign_clinician, prescribe, receive_recording

CLINIC_NAME = "Demo clinic"
#: Sessions that are older have been reviewed; the newer ones wait in the worklist.
REVIEWED_DAYS = 9
_PHONE = next(sensor for sensor in SENSORS if sensor.name == "phone")


@dataclass(frozen=True)
class Planned:
    """A recording of the story, with the patient and the time that it has in this clinic."""

    patient: Patient
    body: int
    plan: DemoRecording
    recorded_at: datetime


def make_people() -> Clinic:
    """Make the clinic, its two clinicians and five patients, or return the one that is there."""
    clinic = Clinic.objects.filter(name=CLINIC_NAME).first()
    if clinic is not None:
        return clinic
    with transaction.atomic():
        clinic = Clinic.objects.create(name=CLINIC_NAME)
        members = {}
        for email, (first, last) in CLINICIANS.items():
            user = User.objects.create_user(email, PASSWORD, first_name=first, last_name=last)
            members[email] = Membership.objects.create(
                user=user, clinic=clinic, role=Membership.Role.CLINICIAN
            )
        for told in PATIENTS:
            _add(told, clinic, members)
    return clinic


def _add(told: DemoPatient, clinic: Clinic, members: dict[str, Membership]) -> None:
    lead = members[told.lead].user
    account = None
    if told.email:
        first, last = told.name.split()
        account = User.objects.create_user(told.email, PASSWORD, first_name=first, last_name=last)
    patient = add_patient(
        user=lead,
        clinic=clinic,
        name=told.name,
        birth_year=told.birth_year,
        complaint=told.complaint,
        account=account,
        is_simulated=True,
    )
    if told.colleague:
        assign_clinician(
            user=lead,
            patient=patient,
            membership=members[told.colleague],
            level=CareAssignment.Level.COLLEAGUE,
        )
    exercise, sets, repetitions, days_a_week = told.prescription
    prescribe(
        user=lead,
        patient=patient,
        exercise=exercise,
        sets=sets,
        repetitions=repetitions,
        days_a_week=days_a_week,
        cue=told.cue,
        starts_on=timezone.localdate() - timedelta(days=45),
    )


def planned(clinic: Clinic) -> list[Planned]:
    """Return the recordings of the story in the order of time, counted back from the day the clinic began."""
    began = timezone.localdate(clinic.created_at)
    patients = {patient.name: patient for patient in clinic.patients.all()}
    plans = []
    for told in PATIENTS:
        for plan in told.recordings:
            at = datetime.combine(began - timedelta(days=plan.days_ago), time(7 + told.body % 12, 20))
            plans.append(Planned(patients[told.name], told.body, plan, timezone.make_aware(at)))
    return sorted(plans, key=lambda entry: entry.recorded_at)


def simulate(body: int, plan: DemoRecording) -> tuple[bytes, list[SimulatedSpan]]:
    """Return a recording as the file that a phone sends, and where its repetitions are; always the same."""
    rng = np.random.default_rng([body, plan.days_ago])
    sequence, spans = simulate_recording(
        Person.sample(body), plan.codes, rng, sensor=_PHONE, magnitude=plan.magnitude
    )
    file = io.BytesIO()
    write_exfb_json(sequence, file)
    return file.getvalue(), spans


def missing(clinic: Clinic) -> list[Planned]:
    """Return the recordings of the story that have not been uploaded."""
    there = set(Recording.objects.filter(patient__clinic=clinic).values_list("patient", "recorded_at"))
    return [entry for entry in planned(clinic) if (entry.patient.pk, entry.recorded_at) not in there]


def upload(entry: Planned) -> Recording:
    """Simulate a recording and upload it, by the patient where they have an account, else by the lead."""
    data, _spans = simulate(entry.body, entry.plan)
    recording, _created = receive_recording(
        patient=entry.patient,
        user=entry.patient.user or lead_of(entry.patient),
        file=io.BytesIO(data),
        name=f"{entry.plan.exercise}.json",
        exercise=entry.plan.exercise,
        pain=entry.plan.pain,
        recorded_at=entry.recorded_at,
        is_simulated=True,
    )
    return recording


def lead_of(patient: Patient) -> User:
    """Return the patient's lead clinician. One query."""
    return User.objects.get(
        memberships__care_assignments__patient=patient,
        memberships__care_assignments__level=CareAssignment.Level.LEAD,
    )


def open_analyses(clinic: Clinic) -> int:
    """Return how many analyses of the clinic still wait or run. One query."""
    waiting = (Analysis.Status.QUEUED, Analysis.Status.RUNNING)
    return Analysis.objects.filter(recording__patient__clinic=clinic, status__in=waiting).count()


def review(clinic: Clinic) -> int:
    """Let the lead clinicians say of the older sessions what they see, which is what was simulated."""
    given = 0
    before = clinic.created_at - timedelta(days=REVIEWED_DAYS)
    for entry in planned(clinic):
        if entry.recorded_at >= before:
            continue
        repetitions = Repetition.objects.filter(
            analysis__recording__patient=entry.patient,
            analysis__recording__recorded_at=entry.recorded_at,
            verdicts=None,
        ).select_related("analysis__recording__patient", "analysis__session", "analysis__release")
        if not repetitions:
            continue
        lead = lead_of(entry.patient)
        _data, spans = simulate(entry.body, entry.plan)
        for repetition in repetitions:
            seen = _seen(repetition, spans)
            decision = Verdict.Decision.OVERRIDDEN if seen else Verdict.Decision.NOT_A_REPETITION
            give_verdict(user=lead, repetition=repetition, decision=decision, label=seen)
            given += 1
    return given


def _seen(repetition: Repetition, spans: list[SimulatedSpan]) -> str:
    """Return the class of the simulated repetition that this one overlaps most, "" if it overlaps none."""
    shared = {
        span: min(repetition.end_frame, span.end_frame) - max(repetition.start_frame, span.start_frame)
        for span in spans
    }
    best = max(spans, key=lambda span: shared[span])
    return best.code if shared[best] > 0 else ""


def logins() -> dict[str, str]:
    """Return who may sign in, and with which address."""
    return {
        "Lead clinician": LEAD,
        "Colleague": next(email for email in CLINICIANS if email != LEAD),
        "Patient": next(told.email for told in PATIENTS if told.email),
    }
