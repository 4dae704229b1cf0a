"""The page that moves a recording, and where the move is told."""

from typing import Any

from django.urls import reverse

from tests.factories import CareAssignmentFactory, PatientFactory, People, RecordingFactory
from tests.site.pages import analysed, inline_code, text_of


def test_a_recording_is_moved_and_both_pages_tell(client: Any, people: People) -> None:
    right = PatientFactory(clinic=people.clinic, name="Right Example")
    CareAssignmentFactory(patient=right, membership=people.lead.memberships.get())
    recording = analysed(people.patient, ["squat.correct"]).analyses.get().recording
    client.force_login(people.lead)
    address = reverse("move", args=[recording.uuid])
    assert address in client.get(reverse("recording", args=[recording.uuid])).content.decode()
    form = client.get(address)
    assert not inline_code(form)
    assert "Right Example" in text_of(form)
    moved = client.post(address, {"patient": right.uuid, "reason": "chosen by mistake"})
    assert moved.url == reverse("recording", args=[recording.uuid])
    here = text_of(client.get(reverse("patient", args=[right.uuid])))
    assert "came from another patient" in here
    assert "chosen by mistake" in here
    away = text_of(client.get(reverse("patient", args=[people.patient.uuid])))
    assert "went to another patient" in away
    assert "Right Example" not in away


def test_a_move_that_is_refused_says_why_and_keeps_the_words(client: Any, people: People) -> None:
    recording = analysed(people.patient, ["squat.correct"]).analyses.get().recording
    right = PatientFactory(clinic=people.clinic, name="Right Example")
    CareAssignmentFactory(patient=right, membership=people.lead.memberships.get())
    RecordingFactory(patient=right, sha256=recording.sha256)
    client.force_login(people.lead)
    address = reverse("move", args=[recording.uuid])
    refused = client.post(address, {"patient": right.uuid, "reason": "chosen by mistake"})
    assert refused.status_code == 422
    assert "has this very file already" in text_of(refused)
    assert "chosen by mistake" in refused.content.decode()
    assert client.post(address, {"patient": people.other_patient.uuid, "reason": "x"}).status_code == 422
