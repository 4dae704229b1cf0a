"""Pages about people: the list of patients, adding one, API keys, original files."""

from django.test import Client
from django.urls import reverse
from pytest_django.asserts import assertNumQueries

from patients.keys import create_api_key
from patients.models import AccessLogEntry, ApiKey, Patient
from tests.factories import CareAssignmentFactory, PatientFactory, People, RecordingFactory, pose_bytes
from tests.site.pages import analysed, text_of


def test_lists_the_patients_of_this_person_only(client: Client, people: People) -> None:
    client.force_login(people.lead)
    analysed(people.patient, ["squat.knees_inward"])
    page = client.get(reverse("patient_list"))
    assert [row.name for row in page.context["page"]] == ["Pat Example"]
    assert page.context["page"][0].unreviewed_sessions == 1


def test_finds_patients_by_part_of_their_name(client: Client, people: People) -> None:
    client.force_login(people.lead)
    assert "Pat Example" in text_of(client.get(reverse("patient_list"), {"q": "exam"}))
    assert "Nobody found" in text_of(client.get(reverse("patient_list"), {"q": "zzz"}))


def test_the_list_asks_as_much_for_many_as_for_one(client: Client, people: People) -> None:
    client.force_login(people.lead)
    membership = people.lead.memberships.get()
    for _ in range(5):
        patient = PatientFactory(clinic=people.clinic)
        CareAssignmentFactory(patient=patient, membership=membership, level="lead")
    # session, user, clinician?, page: count and rows, navigation: roles, worklist, own record
    with assertNumQueries(8):
        client.get(reverse("patient_list"))


def test_a_clinician_adds_a_patient_and_leads_the_care(client: Client, people: People) -> None:
    client.force_login(people.unassigned)
    form = {"name": "New Person", "birth_year": "1960", "complaint": "hip", "clinic": people.clinic.pk}
    answer = client.post(reverse("patient_add"), form)
    patient = Patient.objects.get(name="New Person")
    assert answer.headers["Location"] == reverse("patient", args=[patient.uuid])
    assert patient.care_assignments.get().level == "lead"


def test_a_year_out_of_range_comes_back_with_a_sentence(client: Client, people: People) -> None:
    client.force_login(people.lead)
    form = {"name": "New Person", "birth_year": "69", "clinic": people.clinic.pk}
    page = client.post(reverse("patient_add"), form)
    assert page.status_code == 422
    assert 'aria-invalid="true"' in page.content.decode()
    assert not Patient.objects.filter(name="New Person").exists()


def test_a_key_is_shown_once_and_can_be_revoked(client: Client, people: People) -> None:
    client.force_login(people.lead)
    form = {"name": "sensor", "scopes": ["read", "upload"], "days": 30}
    secret = client.post(reverse("api_keys"), form).context["secret"]
    key = ApiKey.objects.get(user=people.lead)
    assert secret.startswith(key.prefix)
    assert key.scopes == ["read", "upload"]
    assert secret not in client.get(reverse("api_keys")).content.decode()
    client.post(reverse("api_keys"), {"revoke": key.prefix})
    key.refresh_from_db()
    assert key.revoked_at is not None


def test_a_key_that_may_do_nothing_is_not_made(client: Client, people: People) -> None:
    client.force_login(people.lead)
    page = client.post(reverse("api_keys"), {"name": "sensor", "days": 30})
    assert page.status_code == 422
    assert "This field is required." in text_of(page)
    assert not ApiKey.objects.exists()


def test_the_page_of_keys_asks_as_much_for_many_as_for_one(client: Client, people: People) -> None:
    for owner in (people.lead, people.colleague, people.reader):
        create_api_key(user=owner, name="key")
    client.force_login(people.clinic_admin)
    # session, user, clinician?, keys, navigation: roles, worklist, own record
    with assertNumQueries(7):
        page = client.get(reverse("api_keys"))
    assert text_of(page).count("Revoke") == 3


def test_the_original_file_is_a_logged_attachment(client: Client, people: People) -> None:
    recording = RecordingFactory(patient=people.patient)
    client.force_login(people.colleague)
    answer = client.get(reverse("recording_file", args=[recording.uuid]))
    assert b"".join(answer.streaming_content) == pose_bytes()
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert AccessLogEntry.objects.filter(action="download", subject_uuid=recording.uuid).count() == 1
