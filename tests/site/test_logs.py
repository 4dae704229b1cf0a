"""Log lines for programs, and that no line of a whole run tells who a patient is."""

import json
import logging
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from exfb_site.logs import JsonFormatter
from feedback import heartbeat, pipeline
from feedback.models import Analysis
from feedback.tasks import analyse
from tests.environment import exfb_settings
from tests.factories import ModelReleaseFactory, People
from tests.feedback.results import recording_result
from tests.motions import pose_bytes


def line(**fields: Any) -> dict[str, Any]:
    record = logging.LogRecord("exfb", logging.ERROR, "x.py", 1, "analysis %s failed", ("7",), None)
    for name, value in fields.items():
        setattr(record, name, value)
    return json.loads(JsonFormatter().format(record))


def test_a_line_is_an_object() -> None:
    told = line()
    assert (told["level"], told["logger"], told["message"]) == ("ERROR", "exfb", "analysis 7 failed")
    assert told["time"].endswith("+00:00")


def test_of_an_error_its_kind_and_place_are_told_and_not_its_message() -> None:
    try:
        raise ValueError("Pat Example cannot be read")
    except ValueError as error:
        told = line(exc_info=(ValueError, error, error.__traceback__))
    assert told["error"] == "ValueError"
    assert "test_logs.py" in told["places"][0]
    assert "Pat Example" not in json.dumps(told)


def test_the_form_is_a_setting() -> None:
    logs = exfb_settings(LOG_FORMAT="json", DEBUG="true")["LOGGING"]
    assert logs["handlers"]["console"]["formatter"] == "json"


class Everything(logging.Handler):
    """Keeps each line of every logger, in both forms."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines += [logging.Formatter().format(record), JsonFormatter().format(record)]


@pytest.fixture
def everything() -> Any:
    handler, root = Everything(), logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    yield handler
    root.removeHandler(handler)
    root.setLevel(level)


@pytest.mark.parametrize("outcome", [recording_result(), RuntimeError("of Pat Example, secret-name.json")])
def test_no_line_of_a_whole_run_names_the_patient_or_the_file(
    client: Client, people: People, monkeypatch: Any, everything: Everything, outcome: Any
) -> None:
    def judge(*_: Any) -> Any:
        if isinstance(outcome, Exception):
            raise outcome
        return [outcome]

    monkeypatch.setattr(heartbeat.Beat, "run", lambda self: None)
    monkeypatch.setattr(pipeline, "search", lambda *_: None)
    monkeypatch.setattr(pipeline, "judge", judge)
    monkeypatch.setattr(pipeline, "compares_with_baseline", lambda folder: False)
    ModelReleaseFactory()
    client.force_login(people.lead)
    for content in (pose_bytes(), b"no recording"):
        file = SimpleUploadedFile("secret-name.json", content)
        client.post(reverse("upload", args=[people.patient.uuid]), {"file": file})
        file = SimpleUploadedFile("secret-name.json", content)
        client.post(reverse("api:recordings"), {"patient": people.patient.uuid, "file": file})
    recording = people.patient.recordings.get()
    analysis = Analysis.objects.filter(recording=recording).first() or Analysis.objects.create(
        recording=recording,
        session=people.patient.sessions.create(day=recording.recorded_at.date()),
        release=ModelReleaseFactory(),
    )
    analyse(str(analysis.uuid))
    for name, thing in (("patient", people.patient), ("recording", recording), ("session", analysis.session)):
        client.get(reverse(name, args=[thing.uuid]))
        client.get(f"/no/such/{name}/")
    assert everything.lines
    text = "\n".join(everything.lines)
    for secret in (people.patient.name, "Pat", "secret-name", people.patient_user.email):
        assert secret not in text.replace("Path", "").replace("Patient", "")
    if isinstance(outcome, Exception):
        analysis.refresh_from_db()
        assert "RuntimeError in judge" in analysis.log
        assert "Pat Example" not in analysis.log
