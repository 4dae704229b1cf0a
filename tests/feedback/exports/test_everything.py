"""Everything about a patient: every row and file for the clinic, for the patient what they are shown."""

import json
from zipfile import ZipFile

import pytest
from django.core.exceptions import PermissionDenied
from django.core.files.base import ContentFile

from feedback.exports.content import Choice
from feedback.exports.everything import OWN
from feedback.exports.queue import request_export
from patients.permissions import log_access
from patients.subject import rows_of
from tests import factories as make
from tests.feedback.exports.zips import made
from tests.site.pages import analysed


@pytest.fixture
def patient(people):
    session = analysed(people.patient, ["squat.knees_inward", "squat.correct"], corrected=True)
    repetition = session.analyses.get().repetitions.first()
    make.VerdictFactory(repetition=repetition, clinician=people.lead, note="Only for colleagues.")
    make.ReportFactory(
        patient=people.patient, requested_by=people.lead, file=ContentFile(b"%PDF-", name="report")
    )
    make.NoteFactory(session=session, author=people.lead, text="Only for colleagues.")
    make.PrescriptionFactory(patient=people.patient, prescribed_by=people.lead, cue="Sit back.")
    log_access(people.reader, people.patient, "read", "session", session.uuid)
    analysed(people.other_patient, ["squat.correct"])
    return people.patient


def everything(user, patient) -> ZipFile:
    choice = Choice(("exfb_json",))
    export, _ = request_export(user=user, patient=patient, content="everything", choice=choice)
    made(export)
    assert export.status == "done"
    return ZipFile(export.file.open("rb"))


def test_the_clinic_gets_every_row_of_every_model(people, patient):
    data = json.loads(everything(people.lead, patient).read("data.json"))
    for model, rows in rows_of(patient).items():
        label = model._meta.label_lower
        found = {row["id"] for row in data["rows"][label]}
        # The export itself, and what was logged of it, came while it was made.
        expected = set(rows.values_list("pk", flat=True))
        assert found == expected, label
    assert data["account"]["email"] == "patient@example.org"
    text = json.dumps(data)
    assert "Only for colleagues." in text
    assert str(people.other_patient.uuid) not in text
    assert "password" not in text


def test_original_files_are_in_it_as_they_came(people, patient):
    archive = everything(people.clinic_admin, patient)
    (recording,) = patient.recordings.all()
    with recording.file.open("rb") as original:
        assert archive.read(f"originals/{recording.uuid}.exfb_json") == original.read()
    data = json.loads(archive.read("data.json"))
    assert data["rows"]["patients.recording"][0]["file"] in archive.namelist()
    assert any(name.endswith("-corrected.json") for name in archive.namelist())
    assert archive.read(f"reports/{patient.reports.get().uuid}.pdf") == b"%PDF-"


def test_the_page_can_be_read_by_a_person(people, patient):
    page = everything(people.lead, patient).read("index.html").decode()
    for words in (
        "Pat Example",
        "right knee pain",
        "Sit back.",
        "Knees fall inward",
        "a clinician",
        "Riverside",
    ):
        assert words in page
    assert "<script" not in page
    assert "http" not in page


def test_patients_get_what_they_are_shown_and_no_notes(people, patient):
    archive = everything(people.patient_user, patient)
    data = json.loads(archive.read("data.json"))
    assert set(data["rows"]) == set(OWN) & set(data["rows"])
    assert {"patients.recording", "patients.accesslogentry", "patients.patient"} <= set(data["rows"])
    for name in archive.namelist():
        if not name.endswith(".exfb_json"):
            assert b"Only for colleagues." not in archive.read(name), name
    assert not any(name.startswith("reports/") for name in archive.namelist())
    assert "ask your clinic" in archive.read("index.html").decode()


@pytest.mark.parametrize("who", ["colleague", "reader"])
def test_others_may_not_take_everything(people, patient, who):
    with pytest.raises(PermissionDenied):
        request_export(
            user=getattr(people, who), patient=patient, content="everything", choice=Choice(("exfb_json",))
        )
    assert patient.access_log.filter(action="refused", user=getattr(people, who)).exists()
