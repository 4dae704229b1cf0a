"""The demo clinic: its people, its story, what is uploaded, and what its clinicians say of older sessions."""

import io
from datetime import timedelta

import pytest
from django.contrib.auth import authenticate
from django.core.management import call_command
from django.utils import timezone

from feedback import demo
from feedback.demo_story import CLINICIANS, LEAD, PASSWORD, PATIENT, PATIENTS
from feedback.models import Analysis, ModelRelease, Repetition, Verdict
from feedback.pipeline import analyse_file
from ml.catalogue import CODES, is_correct
from ml.manifest import DEFAULT_RELEASE, release_folder
from ml.simulate import SimulatedSpan
from patients.models import CareAssignment, Clinic, Membership, Patient, Recording, User
from patients.permissions import visible_patients
from tests.factories import ModelReleaseFactory, RepetitionFactory


def share_of_mistakes(patient: str) -> list[float]:
    told = next(told for told in PATIENTS if told.name == patient)
    return [entry.mistakes / entry.repetitions for entry in told.recordings]


class TestStory:
    recordings = [entry for told in PATIENTS for entry in told.recordings]

    def test_has_two_clinicians_five_patients_and_thirty_recordings_in_six_weeks(self) -> None:
        assert (len(CLINICIANS), len(PATIENTS), len(self.recordings)) == (2, 5, 30)
        assert all(0 < entry.days_ago <= 42 for entry in self.recordings)
        assert {entry.exercise for entry in self.recordings} == {"squat", "lunge", "plank"}

    def test_names_only_classes_of_the_catalogue(self) -> None:
        assert {code for entry in self.recordings for code in entry.codes} <= set(CODES)

    def test_one_patient_improves_and_one_gets_worse(self) -> None:
        improves, worse = share_of_mistakes("Nora Lindgren"), share_of_mistakes("Tomás Herrera")
        assert improves == sorted(improves, reverse=True)
        assert (improves[0], improves[-1]) == (1, 0)
        assert worse == sorted(worse)
        assert (worse[0], worse[-1]) == (0, 1)

    def test_the_bodies_differ(self) -> None:
        assert len({told.body for told in PATIENTS}) == len(PATIENTS)


@pytest.fixture
def clinic(db) -> Clinic:
    return demo.make_people()


def test_people_are_made_once(clinic: Clinic) -> None:
    assert demo.make_people() == clinic
    assert (Membership.objects.count(), Patient.objects.count(), User.objects.count()) == (2, 5, 3)
    assert all(patient.is_simulated for patient in Patient.objects.all())


@pytest.mark.parametrize("email", demo.logins().values())
def test_every_printed_login_works(clinic: Clinic, email: str) -> None:
    assert authenticate(None, username=email, password=PASSWORD).email == email


def test_the_lead_sees_the_own_patients_and_not_the_colleagues(clinic: Clinic) -> None:
    lead = User.objects.get(email=LEAD)
    own = {told.name for told in PATIENTS if told.lead == LEAD}
    assert {patient.name for patient in visible_patients(lead)} == own
    assert len(own) == 4
    account = User.objects.get(email=PATIENT)
    assert [patient.name for patient in visible_patients(account)] == ["Nora Lindgren"]


def test_recordings_are_uploaded_once_marked_as_simulated_and_queued(
    clinic: Clinic, django_capture_on_commit_callbacks
) -> None:
    ModelReleaseFactory()
    nora = [entry for entry in demo.missing(clinic) if entry.patient.name == "Nora Lindgren"]
    with django_capture_on_commit_callbacks(execute=True):
        for entry in nora:
            demo.upload(entry)
    recordings = Recording.objects.order_by("recorded_at")
    assert len(recordings) == 8
    assert all(recording.is_simulated for recording in recordings)
    assert all(recording.recorded_at < timezone.now() - timedelta(days=1) for recording in recordings)
    assert {recording.uploaded_by.email for recording in recordings} == {PATIENT}
    assert Analysis.objects.filter(status=Analysis.Status.QUEUED).count() == 8
    assert demo.open_analyses(clinic) == 8
    assert len(demo.missing(clinic)) == 22


def test_a_simulated_recording_is_the_same_every_time() -> None:
    told = PATIENTS[0]
    first, second = (demo.simulate(told.body, told.recordings[0]) for _ in range(2))
    assert first == second
    assert [span.code for span in first[1]] == list(told.recordings[0].codes)


@pytest.fixture
def analysed(clinic: Clinic, django_capture_on_commit_callbacks) -> dict[str, list[SimulatedSpan]]:
    """One old and one new recording of a patient, each repetition found as simulated, all judged correct."""
    ModelReleaseFactory()
    nora = [entry for entry in demo.missing(clinic) if entry.patient.name == "Nora Lindgren"]
    spans = {}
    for name, entry in (("old", nora[3]), ("new", nora[-1])):
        with django_capture_on_commit_callbacks(execute=True):
            recording = demo.upload(entry)
        analysis = recording.analyses.get()
        Analysis.objects.filter(pk=analysis.pk).update(status=Analysis.Status.DONE)
        _data, spans[name] = demo.simulate(entry.body, entry.plan)
        for span in spans[name]:
            RepetitionFactory(
                analysis=analysis,
                start_frame=span.start_frame + 4,
                end_frame=span.end_frame - 3,
                finding="squat.correct",
            )
    return spans


def test_clinicians_say_of_older_sessions_what_was_simulated(clinic: Clinic, analysed) -> None:
    given = demo.review(clinic)
    verdicts = Verdict.objects.order_by("repetition__index")
    assert given == len(verdicts) == 6
    assert [verdict.label for verdict in verdicts] == [span.code for span in analysed["old"]]
    assert {verdict.decision for verdict in verdicts if verdict.label == "squat.correct"} == {"confirmed"}
    assert {verdict.decision for verdict in verdicts if verdict.label != "squat.correct"} == {"overridden"}
    assert {verdict.clinician.email for verdict in verdicts} == {LEAD}


def test_newer_sessions_wait_for_review_and_reviewing_again_adds_nothing(clinic: Clinic, analysed) -> None:
    demo.review(clinic)
    assert demo.review(clinic) == 0
    assert Repetition.objects.filter(verdicts=None).count() == len(analysed["new"])


def test_what_overlaps_no_simulated_repetition_is_none(clinic: Clinic, analysed) -> None:
    repetition = Repetition.objects.order_by("pk").first()
    Repetition.objects.filter(pk=repetition.pk).update(start_frame=100_000, end_frame=100_050)
    demo.review(clinic)
    assert repetition.verdicts.get().decision == Verdict.Decision.NOT_A_REPETITION


def test_each_patient_has_one_lead(clinic: Clinic) -> None:
    leads = CareAssignment.objects.filter(level=CareAssignment.Level.LEAD)
    assert leads.count() == 5
    assert {demo.lead_of(patient).email for patient in Patient.objects.all()} == set(CLINICIANS)


class TestShippedRelease:
    """The story is told by what the shipped release finds, so a new release must still tell it."""

    @pytest.fixture(autouse=True)
    def shipped(self) -> None:
        if not release_folder(DEFAULT_RELEASE).is_dir():
            pytest.skip("needs the shipped release")

    @staticmethod
    def repetitions(patient: str, recording: int) -> list:
        told = next(told for told in PATIENTS if told.name == patient)
        plan = told.recordings[recording]
        data, _spans = demo.simulate(told.body, plan)
        result = analyse_file(io.BytesIO(data), plan.exercise, release_folder(DEFAULT_RELEASE))
        return list(result.repetitions)

    def mistakes(self, patient: str, recording: int) -> int:
        """Return how many mistakes it names, and not those it is not sure of."""
        found = [repetition.finding for repetition in self.repetitions(patient, recording)]
        return sum(not finding.abstained and not is_correct(finding.code) for finding in found)

    def test_takes_the_place_of_one_that_an_earlier_version_shipped(self, db) -> None:
        gone = ModelReleaseFactory(name="exfb-0", folder="exfb-0")
        call_command("demo_clinic", "--prepare")
        gone.refresh_from_db()
        assert not gone.is_active
        assert ModelRelease.objects.get(is_active=True).name == DEFAULT_RELEASE

    def test_sees_one_patient_improve(self) -> None:
        assert self.mistakes("Nora Lindgren", 0) >= 3
        assert self.mistakes("Nora Lindgren", -1) == 0

    def test_sees_one_patient_get_worse(self) -> None:
        assert self.mistakes("Tomás Herrera", 0) == 0
        assert self.mistakes("Tomás Herrera", -1) >= 3

    def test_is_not_sure_of_a_recording_that_waits_for_review(self) -> None:
        told = next(told for told in PATIENTS if told.name == "Grete Baumann")
        assert told.recordings[-1].days_ago < demo.REVIEWED_DAYS
        assert any(repetition.finding.abstained for repetition in self.repetitions("Grete Baumann", -1))

    def test_shows_the_patient_with_an_account_how_to_do_it(self) -> None:
        told = next(told for told in PATIENTS if told.email)
        corrections = [repetition.correction for repetition in self.repetitions(told.name, 0)]
        assert any(correction is not None and correction.verified for correction in corrections)
