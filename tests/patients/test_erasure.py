"""After an erasure nothing is left of the patient, neither row nor file nor text; and others are whole."""

import hashlib
import io
import json
from pathlib import Path
from uuid import uuid4

import pytest
from axes.models import AccessAttempt
from django.apps import apps
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.core.exceptions import PermissionDenied
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage, default_storage
from django.core.management import CommandError, call_command
from django.http import Http404
from django.test import Client
from django.utils import timezone

from feedback.models import BaselineRepetition, RecordingMove, Repetition, Verdict
from patients import erasure
from patients.access_log import receipt_hash
from patients.erasure import ErasureError, erase_patient
from patients.holds import lift_hold, place_hold
from patients.models import ErasureReceipt, IdempotentRequest, LegalHold, Patient, Recording, User
from patients.subject import file_fields, paths_to_patient, rows_of
from tests import factories as make
from tests.motions import pose_upload
from tests.site.pages import analysed


@pytest.fixture
def patient(people):
    """A patient with a row in every model that leads to one, files, a signed-in account, and traces."""
    patient = people.patient
    session = analysed(patient, ["squat.knees_inward", "squat.correct"], corrected=True)
    make.VerdictFactory(
        repetition=Repetition.objects.first(), clinician=people.lead, note="About Pat Example."
    )
    BaselineRepetition.objects.create(repetition=Repetition.objects.last(), marked_by=people.lead)
    make.PrescriptionFactory(patient=patient, prescribed_by=people.lead)
    make.ExportFactory(patient=patient, requested_by=people.lead)
    make.ReportFactory(patient=patient, requested_by=people.lead, file=ContentFile(b"%PDF-", name="report"))
    RecordingMove.objects.create(
        recording=patient.recordings.get(),
        from_patient=make.PatientFactory(clinic=people.clinic),
        to_patient=patient,
        moved_by=people.lead,
        reason="It is Pat Example's.",
    )
    make.NoteFactory(session=session, author=people.lead, text="Pat Example hurries.")
    place_hold(user=people.clinic_admin, patient=patient, reason="A question of insurance.")
    lift_hold(user=people.clinic_admin, patient=patient)
    own = Client()
    own.force_login(people.patient_user)
    own.get("/me/")
    kind = ContentType.objects.get_for_model(Patient)
    LogEntry.objects.log_actions(people.lead.pk, [patient], CHANGE, change_message="x", single_object=True)
    assert LogEntry.objects.get().content_type == kind
    AccessAttempt.objects.create(username="patient@example.org", failures_since_start=1)
    IdempotentRequest.objects.create(
        user=people.clinic_admin,
        key="k",
        fingerprint="f",
        status=202,
        body=json.dumps({"patient": str(patient.uuid)}),
    )
    IdempotentRequest.objects.create(
        user=people.lead, key="v", fingerprint="f", status=201, body=json.dumps({"uuid": str(session.uuid)})
    )
    cache.set(f"throttle_user_{people.patient_user.pk}", [1.0])
    analysed(people.other_patient, ["squat.correct"], corrected=True)
    make.ExportFactory(patient=people.other_patient, requested_by=people.stranger)
    IdempotentRequest.objects.create(
        user=people.lead, key="other", fingerprint="f", status=201, body=json.dumps({"uuid": str(uuid4())})
    )
    return patient


def everything_in_the_database() -> str:
    """All text and ids of all rows of all models."""
    models = apps.get_models()
    return "\n".join(f"{model._meta.label} {row}" for model in models for row in model._base_manager.values())


def all_files() -> dict[str, bytes]:
    storage = default_storage._wrapped if hasattr(default_storage, "_wrapped") else default_storage
    assert isinstance(storage, FileSystemStorage)
    root = Path(storage.location)
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def test_every_model_with_a_way_to_a_patient_has_a_row_in_this_test(patient):
    """So that a model that is added tomorrow is thought of here."""
    empty = {model._meta.label for model, rows in rows_of(patient).items() if not rows.exists()}
    assert empty == set()


def test_nothing_is_left(people, patient):
    ids = {model: set(rows.values_list("pk", flat=True)) for model, rows in rows_of(patient).items()}
    names = [str(recording.file) for recording in patient.recordings.all()]
    uuids = [
        str(row.uuid)
        for model in ids
        for row in model._base_manager.filter(pk__in=ids[model])
        if hasattr(row, "uuid")
    ]
    words = ["Pat Example", "patient@example.org", str(patient.uuid), str(people.patient_user.uuid), *uuids]
    before = all_files()
    receipt = erase_patient(patient=patient, reason="request", user=people.clinic_admin)
    for model, known in ids.items():
        assert not model._base_manager.filter(pk__in=known).exists(), model
    said = everything_in_the_database().replace("other.patient@example.org", "")
    for word in words:
        assert word not in said, word
        assert word.replace("-", "") not in said.replace("-", ""), word
    assert not User.objects.filter(pk=people.patient_user.pk).exists()
    assert cache.get(f"throttle_user_{people.patient_user.pk}") is None
    for session in Session.objects.all():
        assert session.get_decoded().get("_auth_user_id") != str(people.patient_user.pk)
    after = all_files()
    assert all(name not in after for name in names)
    # What is left are the files of the others, each with a row that names it.
    kept = {
        str(getattr(row, f.name))
        for m in paths_to_patient()
        for f in file_fields(m)
        for row in m._base_manager.all()
    }
    assert set(after) == kept
    assert len(before) - len(after) == len(receipt.files) == 3


def test_other_patients_are_whole(people, patient):
    def of_other():
        return {
            model: sorted(rows.values_list("pk", flat=True))
            for model, rows in rows_of(people.other_patient).items()
        }

    before = of_other()
    erase_patient(patient=patient, reason="request", user=people.clinic_admin)
    assert of_other() == before
    assert people.other_patient.recordings.get().file.open("rb").read()
    assert User.objects.filter(pk__in=[people.lead.pk, people.clinic_admin.pk]).count() == 2


def test_the_receipt_says_who_when_why_how_many_and_nothing_of_the_patient(people, patient):
    recording = patient.recordings.get()
    with recording.file.open("rb") as file:
        of_file = hashlib.sha256(file.read()).hexdigest()
    subject = hashlib.sha256(str(patient.uuid).encode()).hexdigest()
    receipt = erase_patient(patient=patient, reason="mistake", user=people.clinic_admin)
    assert (receipt.by, receipt.clinic, receipt.reason) == (people.clinic_admin, people.clinic, "mistake")
    assert abs((receipt.at - timezone.now()).total_seconds()) < 60
    assert receipt.rows["patients.Patient"] == 1
    assert receipt.rows["feedback.Repetition"] == 2
    assert of_file in receipt.files
    assert receipt.subject_sha256 == subject
    kept = ErasureReceipt.objects.get()
    assert receipt_hash(kept) == kept.sha256
    kept.rows["feedback.Repetition"] = 1
    assert receipt_hash(kept) != kept.sha256


def test_kept_answers_of_the_api_are_looked_for_and_others_stay(people, patient, monkeypatch):
    monkeypatch.setattr(erasure, "_forget", lambda found: None)
    with pytest.raises(ErasureError, match="an answer of the API"):
        erase_patient(patient=patient, reason="request", user=people.clinic_admin)
    monkeypatch.undo()
    erase_patient(patient=patient, reason="request", user=people.clinic_admin)
    assert IdempotentRequest.objects.get().key == "other"


def test_an_answer_that_comes_after_the_erasure_is_not_kept(people, patient, client):
    """An upload whose patient is erased between its end and its answer."""
    from feedback.api import AnalysedRecordingSerializer

    client.force_login(people.lead)
    data = AnalysedRecordingSerializer.data.fget

    def erases(serializer):
        found = data(serializer)
        if patient.recordings.exists():
            erase_patient(patient=patient, reason="request", user=people.clinic_admin)
        return found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(AnalysedRecordingSerializer, "data", property(erases))
        answer = client.post(
            "/api/v1/recordings/",
            {"patient": patient.uuid, "file": pose_upload()},
            headers={"Idempotency-Key": "late"},
        )
    assert answer.status_code == 202
    assert not IdempotentRequest.objects.filter(key="late").exists()


def test_a_legal_hold_forbids_it_and_nothing_is_touched(people, patient):
    place_hold(user=people.clinic_admin, patient=patient, reason="Court order.")
    files, said = all_files(), everything_in_the_database()
    with pytest.raises(ErasureError) as caught:
        erase_patient(patient=patient, reason="request", user=people.clinic_admin)
    assert caught.value.code == "legal_hold"
    assert (all_files(), everything_in_the_database()) == (files, said)
    lift_hold(user=people.clinic_admin, patient=patient)
    erase_patient(patient=patient, reason="request", user=people.clinic_admin)


def test_there_is_one_hold_at_a_time(people, patient):
    first = place_hold(user=people.clinic_admin, patient=patient, reason="One.")
    assert place_hold(user=people.clinic_admin, patient=patient, reason="Two.") == first
    assert lift_hold(user=people.clinic_admin, patient=patient)
    assert not lift_hold(user=people.clinic_admin, patient=patient)
    assert LegalHold.objects.filter(patient=patient, lifted_at=None).count() == 0


@pytest.mark.parametrize("who", ["lead", "colleague", "reader", "patient_user"])
def test_only_the_clinics_admin_erases_and_holds(people, patient, who):
    for act in (
        lambda user: erase_patient(patient=patient, reason="request", user=user),
        lambda user: place_hold(user=user, patient=patient, reason="No."),
        lambda user: lift_hold(user=user, patient=patient),
    ):
        with pytest.raises(PermissionDenied):
            act(getattr(people, who))
        with pytest.raises(Http404):
            act(people.stranger)
    assert Patient.objects.filter(pk=patient.pk).exists()


def test_without_proof_there_is_no_receipt(people, patient, monkeypatch):
    """A file that the storage will not let go of: no receipt, and erasing again is the way on."""
    monkeypatch.setattr(FileSystemStorage, "delete", lambda self, name: None)
    with pytest.raises(ErasureError) as caught:
        erase_patient(patient=patient, reason="request", user=people.clinic_admin)
    assert caught.value.code == "not_proved"
    assert "file" in caught.value.message
    assert "Pat" not in caught.value.message
    assert not ErasureReceipt.objects.exists()
    monkeypatch.undo()
    assert erase_patient(patient=patient, reason="request", user=people.clinic_admin).files


def test_a_text_that_names_the_patient_anywhere_is_found(people, patient):
    """Such as a model that keeps copies and that nobody thought of."""
    found = erasure._found(patient)
    assert "patients.Clinic.name" not in set(erasure.remains(found))
    people.clinic.name = f"See {patient.uuid}"
    people.clinic.save()
    assert "patients.Clinic.name" in set(erasure.remains(found))


def test_it_can_be_gone_on_with_after_the_process_died(people, patient, monkeypatch):
    monkeypatch.setattr(erasure, "_delete_rows", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        erase_patient(patient=patient, reason="request", user=people.clinic_admin)
    monkeypatch.undo()
    patient.refresh_from_db()
    erase_patient(patient=patient, reason="request", user=people.clinic_admin)
    assert not Recording.objects.filter(patient=patient.pk).exists()


def test_a_clinician_who_is_a_patient_keeps_the_account(people, patient):
    Patient.objects.filter(pk=patient.pk).update(user=people.colleague)
    patient.refresh_from_db()
    erase_patient(patient=patient, reason="request", user=people.clinic_admin)
    assert User.objects.get(pk=people.colleague.pk).email == "colleague@example.org"


def test_an_account_that_a_log_must_name_is_emptied(people, patient):
    make.PrescriptionFactory(patient=people.other_patient, prescribed_by=people.patient_user)
    erase_patient(patient=patient, reason="request", user=people.clinic_admin)
    left = User.objects.get(pk=people.patient_user.pk)
    assert not left.is_active
    assert not left.has_usable_password()
    said = everything_in_the_database().replace("other.patient@example.org", "")
    assert "patient@example.org" not in said


@pytest.mark.parametrize("answer", ["no", None])
def test_the_command_erases_nothing_unless_it_is_told_to(people, monkeypatch, answer):
    monkeypatch.setattr("sys.stdin", io.StringIO("" if answer is None else f"{answer}\n"))
    with pytest.raises(CommandError, match="Nothing was erased"):
        call_command("erase_patient", str(people.patient.uuid), "--reason", "request")
    assert Patient.objects.filter(pk=people.patient.pk).exists()


def test_the_command_prints_the_receipt(people, patient, capsys):
    call_command("erase_patient", str(patient.uuid), "--reason", "request", "--yes")
    said = json.loads(capsys.readouterr().out)
    receipt = ErasureReceipt.objects.get()
    assert (said["uuid"], said["sha256"], receipt.by) == (str(receipt.uuid), receipt.sha256, None)
    assert "Pat Example" not in json.dumps(said)
    with pytest.raises(CommandError, match="No patient"):
        call_command("erase_patient", str(patient.uuid), "--reason", "request", "--yes")


def test_verdicts_on_the_model_stay_with_other_patients_only(people, patient):
    make.VerdictFactory(repetition__analysis__recording__patient=people.other_patient)
    erase_patient(patient=patient, reason="request", user=people.clinic_admin)
    assert Verdict.objects.count() == 1
