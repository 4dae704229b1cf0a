"""Pages of reports: asked for, followed, read, downloaded; refused in words."""

from django.urls import reverse
from django.utils import timezone
from pytest_django.asserts import assertNumQueries

from feedback.made_queue import claim
from feedback.models import Report
from feedback.tasks import make_report
from patients.models import AccessLogEntry
from tests.factories import ReportFactory, WorkerFactory
from tests.site.pages import analysed, inline_code, text_of


def made(people, **fields) -> Report:
    analysed(people.patient, ["squat.knees_inward", "squat.correct"], day=0, corrected=True)
    report = ReportFactory(patient=people.patient, requested_by=people.lead, **fields)
    make_report(str(report.uuid))
    return report


def test_a_report_is_asked_for_and_followed(client, people):
    client.force_login(people.lead)
    today = timezone.localdate().isoformat()
    asked = client.post(
        reverse("reports", args=[people.patient.uuid]), {"start": today, "end": today, "note": "Well."}
    )
    report = Report.objects.get()
    assert asked["Location"] == reverse("report", args=[report.uuid])
    assert (report.note, report.language) == ("Well.", "en-gb")
    page = client.get(asked["Location"])
    assert "No worker is connected" in text_of(page)
    WorkerFactory()
    assert "It takes a few seconds" in text_of(client.get(asked["Location"], {"part": "status"}))
    claim(Report, report.uuid)
    assert "is being made" in text_of(client.get(asked["Location"], {"part": "status"}))
    Report.objects.update(status="failed")
    assert "could not be made" in text_of(client.get(asked["Location"]))
    assert client.get(reverse("report_file", args=[report.uuid])).status_code == 404


def test_days_in_the_wrong_order_are_worded(client, people):
    client.force_login(people.lead)
    wrong = {"start": "2026-02-02", "end": "2026-02-01"}
    page = client.post(reverse("reports", args=[people.patient.uuid]), wrong)
    assert (page.status_code, Report.objects.count()) == (422, 0)
    assert "The last day lies before the first." in text_of(page)


def test_the_page_says_what_the_pdf_says_and_shows_its_hash(client, people):
    report = made(people, note="First.\nSecond.")
    client.force_login(people.reader)
    page = client.get(reverse("report", args=[report.uuid]))
    text = text_of(page)
    report.refresh_from_db()
    for words in (
        "No clinician has reviewed this",
        "Nobody yet.",
        "Knees fall inward",
        "1 of 2",
        "Second.",
        report.sha256,
    ):
        assert words in text, words
    assert page.content.decode().count('<svg class="body') == 2
    assert page.content.decode().count('data-stamp="Not reviewed"') == 2
    assert not inline_code(page)
    assert "question mark" not in text


def test_a_name_that_the_pdf_cannot_print_is_told(client, people):
    people.patient.name = "Анна"
    people.patient.save()
    report = made(people)
    client.force_login(people.lead)
    assert "Print this page instead" in text_of(client.get(reverse("report", args=[report.uuid])))


def test_a_download_is_the_file_and_is_logged(client, people):
    report = made(people)
    client.force_login(people.lead)
    answer = client.get(reverse("report_file", args=[report.uuid]))
    assert answer.getvalue()[:5] == b"%PDF-"
    assert people.patient.name not in answer["Content-Disposition"]
    assert AccessLogEntry.objects.filter(action="download", subject="report").count() == 1


def test_the_list_costs_the_same_for_many(client, people):
    client.force_login(people.lead)
    address = reverse("reports", args=[people.patient.uuid])
    ReportFactory(patient=people.patient)
    client.get(address)
    with assertNumQueries(11):
        client.get(address)
    for _ in range(4):
        ReportFactory(patient=people.patient)
    with assertNumQueries(11):
        client.get(address)
