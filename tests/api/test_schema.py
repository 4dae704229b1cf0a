"""The published schema and the page that shows it."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
import yaml
from django.conf import settings
from django.core.management import call_command
from django.urls import URLPattern
from rest_framework.test import APIClient

from exfb_site import api_urls
from feedback.models import Analysis, Verdict
from feedback.services import BaselineError, MoveError, NoteError, VerdictError
from patients.uploads import UploadError


@pytest.fixture(scope="module")
def schema(tmp_path_factory):
    path = tmp_path_factory.mktemp("schema") / "schema.yml"
    call_command("spectacular", "--validate", "--fail-on-warn", "--file", str(path))
    return yaml.safe_load(path.read_text())


def test_the_schema_is_valid_and_names_every_address(schema):
    hidden = {"schema", "docs", "no_such_address"}
    expected = {
        "/api/v1/" + re.sub(r"<\w+:(\w+)>", r"{\1}", str(pattern.pattern))
        for pattern in api_urls.urlpatterns
        if isinstance(pattern, URLPattern) and pattern.name not in hidden
    }
    assert set(schema["paths"]) == expected


def test_everything_but_the_schema_itself_needs_to_know_who_asks(schema):
    for path, operations in schema["paths"].items():
        for method, operation in operations.items():
            assert operation["security"] == [{"apiKey": []}, {"cookieAuth": []}], (method, path)


def codes_of(schema, field):
    """The codes with which a field of a request may be refused."""
    return set(schema["components"]["schemas"][f"{field}ErrorComponent"]["properties"]["code"]["enum"])


def test_an_upload_names_its_codes(schema):
    operation = schema["paths"]["/api/v1/recordings/"]["post"]
    assert {"200", "202", "400", "403", "404", "429"} <= set(operation["responses"])
    assert "Location" in operation["responses"]["202"]["headers"]
    file_codes = codes_of(schema, "RecordingsCreateFile")
    assert {"too_large", "no_person", "unsafe_format", "no_frame_rate"} <= file_codes
    assert "bad_date" in codes_of(schema, "RecordingsCreateRecordedAt")


def test_a_verdict_names_its_codes(schema):
    fields = ("Decision", "Label", "SecondLabel", "Reason", "Note", "Uuid")
    codes = [codes_of(schema, f"RepetitionsVerdictsCreate{field}") for field in fields]
    assert set(VerdictError.SENTENCES) - {"changed_meanwhile", "cut_anew"} <= set.union(*codes)
    operation = schema["paths"]["/api/v1/repetitions/{uuid}/verdicts/"]["post"]
    assert {"200", "201", "409"} <= set(operation["responses"])


def test_a_note_names_its_codes(schema):
    codes = [
        codes_of(schema, f"SessionsNotesCreate{field}") for field in ("Text", "Repetition", "Frame", "Uuid")
    ]
    assert set(NoteError.SENTENCES) <= set.union(*codes)


class Scripts(HTMLParser):
    """Collects what a page loads, and whatever the content security policy would forbid."""

    def __init__(self):
        super().__init__()
        self.loaded, self.inline = [], []
        self._in = ""

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self._in = tag if tag in ("script", "style") and "src" not in attrs else ""
        self.loaded += [attrs[key] for key in ("src", "href") if key in attrs]
        self.inline += [key for key in attrs if key == "style" or key.startswith("on")]

    def handle_data(self, data):
        if self._in and data.strip():
            self.inline.append(data.strip())

    def handle_endtag(self, tag):
        self._in = ""


def test_the_docs_load_nothing_from_elsewhere_and_run_nothing_inline(db):
    page = Scripts()
    page.feed(APIClient().get("/api/v1/docs/").content.decode())
    assert page.loaded
    assert all(address.startswith("/") and not address.startswith("//") for address in page.loaded)
    assert page.inline == []


def test_an_address_that_is_not_is_404_in_json(people, as_user):
    for client in (APIClient(), as_user(people.lead)):
        response = client.get("/api/v1/nothing/here/")
        assert response.status_code == 404
        assert response.json()["errors"][0]["code"] == "not_found"


GUIDE = Path(settings.BASE_DIR) / "docs" / "api.md"


def test_the_guide_names_every_address():
    for pattern in api_urls.urlpatterns:
        address = str(pattern.pattern).replace("<uuid:uuid>", "UUID").replace("<slug:name>", "NAME")
        assert address in GUIDE.read_text(), pattern.name


def test_the_guide_names_every_code_and_every_filter(schema):
    words = set(re.findall(r"`(\w+)`", GUIDE.read_text())) | {"page", "exercise", "start", "end"}
    ours = {*VerdictError.SENTENCES, *NoteError.SENTENCES, *MoveError.SENTENCES, *BaselineError.CODES}
    assert {*UploadError.CODES, *ours} <= words
    assert {*Analysis.Status.values, *Analysis.Step.values, *Verdict.Decision.values} <= words
    gets = [operations["get"] for operations in schema["paths"].values() if "get" in operations]
    filters = {p["name"] for get in gets for p in get.get("parameters", []) if p["in"] == "query"}
    assert {"day_after", "recorded_before"} <= filters <= words
