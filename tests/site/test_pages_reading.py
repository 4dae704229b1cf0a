"""The page on which a person confirms or corrects how a recording was read; nobody has to."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from feedback.models import Analysis
from feedback.selectors import current_analyses
from feedback.services import claim
from patients.models import AccessLogEntry, Recording
from tests.factories import ModelReleaseFactory, People, RepetitionFactory
from tests.ml.poses import samples
from tests.motions import pose_upload
from tests.site.pages import inline_code, text_of

Status = Analysis.Status


@pytest.fixture
def uploaded(client: Client, people: People, django_capture_on_commit_callbacks: object) -> object:
    """Upload a file as the patient; returns the recording and where the browser is sent."""
    ModelReleaseFactory()
    client.force_login(people.patient_user)

    def send(data: bytes, name: str = "recording") -> tuple[Recording, str]:
        with django_capture_on_commit_callbacks(execute=True):
            answer = client.post(reverse("my_upload"), {"file": SimpleUploadedFile(name, data)})
        return Recording.objects.get(), answer.headers["Location"]

    return send


def page_of(recording: Recording) -> str:
    return reverse("reading", args=[recording.uuid])


def correction(**changes: object) -> dict[str, object]:
    return {"unit": "mm", "up": "y", "frame_rate": "30", "correct": "1", **changes}


def test_what_was_inferred_is_shown_for_confirmation(client: Client, uploaded: object) -> None:
    recording, there = uploaded(samples.trc(unit="mm"))
    assert there == page_of(recording)
    page = client.get(there)
    words = text_of(page)
    assert "Looks like millimetres, y up, 30 Hz." in words
    assert "Is that right?" in words
    assert "from how the body stands" in words or "told by the body, please check" in words
    assert page.content.count(b"<svg viewBox") == 2
    assert inline_code(page) == []


def test_a_file_that_says_everything_asks_nothing(uploaded: object) -> None:
    recording, there = uploaded(samples.exfb_json())
    assert there == reverse("recording", args=[recording.uuid])
    assert not recording.asks


def test_yes_confirms_and_changes_nothing_else(client: Client, people: People, uploaded: object) -> None:
    recording, there = uploaded(samples.trc(unit="mm"))
    answer = client.post(there)
    assert answer.headers["Location"] == reverse("recording", args=[recording.uuid])
    recording.refresh_from_db()
    assert (recording.asks, recording.reading, recording.corrections) == (False, 1, {})
    assert (recording.confirmed_by, Analysis.objects.count()) == (people.patient_user, 1)
    log = AccessLogEntry.objects.filter(subject="recording", action="change")
    assert [entry.user for entry in log] == [people.patient_user]


def test_who_never_confirms_has_the_analysis_all_the_same(client: Client, uploaded: object) -> None:
    recording, _ = uploaded(samples.trc(unit="mm"))
    assert recording.analyses.get().status == Status.QUEUED
    page = client.get(reverse("recording", args=[recording.uuid]))
    assert page_of(recording) in page.content.decode()


def test_a_correction_is_kept_and_analysed_anew(client: Client, uploaded: object) -> None:
    recording, there = uploaded(samples.mediapipe_csv())
    before = recording.analyses.get()
    answer = client.post(there, correction(unit="m", up="-y", frame_rate="25", swap_sides="on"), follow=True)
    assert "analysed anew" in text_of(answer)
    recording.refresh_from_db()
    assert recording.frame_rate == 25.0
    assert recording.corrections == {"frame_rate": 25.0, "swap_sides": True}
    assert (recording.reading, recording.asks) == (2, False)
    before.refresh_from_db()
    assert before.status == Status.CANCELLED
    anew = current_analyses().get(recording=recording)
    assert (anew.reading, anew.status, anew.release) == (2, Status.QUEUED, before.release)
    assert claim(analysis_id=anew.uuid, worker="w").recording.said.frame_rate == 25.0


def test_what_was_found_before_is_kept_but_no_longer_shown(client: Client, uploaded: object) -> None:
    recording, there = uploaded(samples.mediapipe_csv())
    done = recording.analyses.get()
    Analysis.objects.filter(pk=done.pk).update(status=Status.DONE)
    repetition = RepetitionFactory(analysis=done)
    client.post(there, correction(unit="m", up="-y", frame_rate="25"))
    done.refresh_from_db()
    assert done.status == Status.DONE
    assert done.repetitions.get() == repetition
    assert current_analyses().get(recording=recording).reading == 2
    done.session.refresh_from_db()
    assert done.session.repetition_count == 0


def test_the_same_values_sent_back_are_a_confirmation(client: Client, uploaded: object) -> None:
    recording, there = uploaded(samples.trc(unit="mm"))
    client.post(there, correction())
    recording.refresh_from_db()
    assert (recording.reading, recording.asks) == (1, False)


@pytest.mark.parametrize(
    "changes", [{"unit": "m"}, {"frame_rate": "5"}, {"frame_rate": "soon"}, {"up": "w"}, {"frame_rate": ""}]
)
def test_a_correction_that_cannot_be_is_refused(client: Client, uploaded: object, changes: dict) -> None:
    recording, there = uploaded(samples.trc(unit="mm"))
    page = client.post(there, correction(**changes))
    assert page.status_code == 422
    assert b'class="error"' in page.content or b"error-summary" in page.content
    recording.refresh_from_db()
    assert (recording.reading, recording.asks) == (1, True)
    assert recording.analyses.get().status == Status.QUEUED


def test_a_rate_that_no_file_states_is_asked(client: Client, uploaded: object) -> None:
    recording, there = uploaded(samples.csv_wide(head=""))
    assert there == page_of(recording)
    assert recording.frame_rate == 30.0
    assert "assumed: the file does not say it, please check" in text_of(client.get(there))
    client.post(there)
    recording.refresh_from_db()
    assert (recording.asks, recording.said.frame_rate) == (False, 30.0)


def test_the_upload_page_states_the_limits(client: Client, people: People) -> None:
    client.force_login(people.patient_user)
    words = text_of(client.get(reverse("my_upload")))
    assert "up to 50 MB, 20 minutes and 60000 frames" in words


def test_a_duplicate_goes_to_its_recording(client: Client, people: People) -> None:
    client.force_login(people.patient_user)
    for _ in range(2):
        answer = client.post(reverse("my_upload"), {"file": pose_upload()})
    assert answer.headers["Location"] == reverse("recording", args=[Recording.objects.get().uuid])


def test_a_reading_costs_a_constant_number_of_queries(
    client: Client, uploaded: object, django_assert_max_num_queries: object
) -> None:
    _, there = uploaded(samples.trc(unit="mm"))
    with django_assert_max_num_queries(9):
        client.get(there)
