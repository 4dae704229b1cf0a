"""Uploading a recording on a page, and following its analysis to the result or to the reason of a failure."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from feedback.models import Analysis
from patients.models import AccessLogEntry, Recording
from tests.factories import AnalysisFactory, ModelReleaseFactory, People, RecordingFactory, WorkerFactory
from tests.motions import pose_upload
from tests.site.pages import text_of

Status = Analysis.Status


def send(client: Client, people: People, **fields: object) -> object:
    client.force_login(people.patient_user)
    return client.post(reverse("my_upload"), {"file": pose_upload(), **fields})


def status_of(client: Client, people: People, who: str = "lead", **state: object) -> str:
    """The words of the page of a recording whose analysis is in that state."""
    analysis = AnalysisFactory(recording=RecordingFactory(patient=people.patient), **state)
    client.force_login(getattr(people, who))
    return text_of(client.get(reverse("recording", args=[analysis.recording.uuid]), {"part": "status"}))


def test_an_upload_goes_on_to_its_recording_and_is_queued(
    client: Client, people: People, django_capture_on_commit_callbacks: object
) -> None:
    ModelReleaseFactory()
    with django_capture_on_commit_callbacks(execute=True):
        answer = send(client, people, exercise="squat", pain="3")
    recording = Recording.objects.get()
    assert answer.headers["Location"] == reverse("recording", args=[recording.uuid])
    assert (recording.exercise, recording.pain) == ("squat", 3)
    assert recording.analyses.get().status == Status.QUEUED


def test_without_an_exercise_it_is_left_open(client: Client, people: People) -> None:
    send(client, people)
    assert Recording.objects.get().exercise == ""


def test_a_day_in_the_past_is_kept(client: Client, people: People) -> None:
    send(client, people, recorded_on="2026-01-05")
    assert timezone.localdate(Recording.objects.get().recorded_at).isoformat() == "2026-01-05"


def test_a_day_to_come_is_refused(client: Client, people: People) -> None:
    page = send(client, people, recorded_on="2999-01-05")
    assert page.status_code == 422
    assert "This day has not come yet." in text_of(page)


@pytest.mark.parametrize("content", [b"\x80\x04\x95pickle", b"{}", b"hello, world"])
def test_a_file_that_cannot_be_used_is_refused_with_a_sentence(
    client: Client, people: People, content: bytes
) -> None:
    page = send(client, people, file=SimpleUploadedFile("a.pkl", content))
    assert page.status_code == 422
    assert len(page.context["form"].errors["file"][0].split()) > 4
    assert not Recording.objects.exists()


def test_only_clinicians_read_what_the_reader_saw_in_the_file(client: Client, people: People) -> None:
    header = b"Coordinates\nversion=1\nnRows=1\nnColumns=2\ninDegrees=yes\nendheader\n"
    angles = header + b"time\thip_flexion_r\n0\t1\n"
    of_patient = send(client, people, file=SimpleUploadedFile("a.mot", angles)).context["form"].errors["file"]
    client.force_login(people.lead)
    page = client.post(
        reverse("upload", args=[people.patient.uuid]), {"file": SimpleUploadedFile("a.mot", angles)}
    )
    of_clinician = page.context["form"].errors["file"]
    assert (len(of_patient), len(of_clinician)) == (1, 2)
    assert "Upload the TRC" in of_clinician[1]
    assert "Upload the TRC" in text_of(page)


def test_an_empty_file_is_refused(client: Client, people: People) -> None:
    page = send(client, people, file=SimpleUploadedFile("a.json", b""))
    assert page.status_code == 422
    assert "empty" in text_of(page)


def test_the_same_file_twice_is_one_recording(client: Client, people: People) -> None:
    send(client, people)
    page = client.post(reverse("my_upload"), {"file": pose_upload()}, follow=True)
    assert Recording.objects.count() == 1
    assert "uploaded before" in text_of(page)


def test_without_a_worker_the_page_says_that_the_recording_is_safe(client: Client, people: People) -> None:
    assert "No worker is connected; your recording is safe." in status_of(client, people)


def test_says_the_place_in_the_queue(client: Client, people: People) -> None:
    WorkerFactory()
    AnalysisFactory()
    assert "Place 2 in the queue." in status_of(client, people)


def test_says_the_step(client: Client, people: People) -> None:
    WorkerFactory()
    words = status_of(client, people, status=Status.RUNNING, step=Analysis.Step.REPETITIONS)
    assert "Finding the repetitions." in words


@pytest.mark.parametrize(
    ("who", "words"), [("lead", "Check that it shows"), ("patient_user", "Please record the whole exercise")]
)
def test_a_failure_is_worded_for_who_reads_it(client: Client, people: People, who: str, words: str) -> None:
    said = status_of(
        client, people, who, status=Status.FAILED, error_code="no_repetition_found", step="repetitions"
    )
    assert words in said
    assert "The file is kept." in said
    assert "Try again" not in said


def test_a_fault_of_ours_can_be_tried_again(client: Client, people: People) -> None:
    failure = {"status": Status.NEEDS_ATTENTION, "error_code": "worker_lost"}
    assert "Try again" in status_of(client, people, **failure)
    analysis = Analysis.objects.get()
    assert "Try again" not in status_of(client, people, "reader", **failure)
    client.force_login(people.lead)
    client.post(reverse("recording", args=[analysis.recording.uuid]))
    analysis.refresh_from_db()
    assert analysis.status == Status.QUEUED


def test_an_open_analysis_can_be_cancelled_and_tried_again(client: Client, people: People) -> None:
    analysis = AnalysisFactory(recording__patient=people.patient)
    page = reverse("recording", args=[analysis.recording.uuid])
    client.force_login(people.reader)
    assert "Cancel the analysis" not in text_of(client.get(page))
    client.force_login(people.patient_user)
    assert "Cancel the analysis" in text_of(client.get(page))
    cancelled = text_of(client.post(reverse("cancel", args=[analysis.uuid]), follow=True))
    assert "was cancelled" in cancelled
    assert "The file is kept." in cancelled
    assert "Try again" in cancelled
    assert "Cancel the analysis" not in cancelled
    assert "No worker is connected" not in cancelled
    assert client.get(reverse("cancel", args=[analysis.uuid])).status_code == 405


@pytest.mark.parametrize(("who", "place"), [("lead", "session"), ("patient_user", "my_session")])
def test_a_result_leads_on_to_the_session(client: Client, people: People, who: str, place: str) -> None:
    recording = RecordingFactory(patient=people.patient)
    analysis = AnalysisFactory(recording=recording, status=Status.DONE, step=Analysis.Step.FINISHED)
    client.force_login(getattr(people, who))
    page = client.get(reverse("recording", args=[recording.uuid]))
    assert f'data-next="{reverse(place, args=[analysis.session.uuid])}"' in page.content.decode()


def test_a_recording_waits_where_no_model_is_installed(client: Client, people: People) -> None:
    recording = RecordingFactory(patient=people.patient)
    client.force_login(people.lead)
    assert "no model is installed" in text_of(client.get(reverse("recording", args=[recording.uuid])))


def test_opening_the_page_is_logged_and_polling_is_not(client: Client, people: People) -> None:
    status_of(client, people)
    assert not AccessLogEntry.objects.exists()
    client.get(reverse("recording", args=[Recording.objects.get().uuid]))
    assert AccessLogEntry.objects.get().subject == "recording"
