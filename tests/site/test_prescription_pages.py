"""Prescribing: one exercise or several, from a plan and adjusted; ending one; the clinic's plans."""

import datetime
from typing import Any

from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django.asserts import assertNumQueries

from patients.models import AccessLogEntry, Plan, Prescription
from tests.factories import People, PlanFactory, PlanItemFactory, PrescriptionFactory
from tests.site.pages import inline_code, text_of

ONE = {"exercise": "lunge", "sets": 2, "repetitions": 8, "days_a_week": 3, "starts_on": "2026-01-05"}


def form_of(*items: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A filled form; the last of its exercises is left as the page offers it."""
    blank = {"starts_on": timezone.localdate().isoformat()}
    return {
        "rx-TOTAL_FORMS": len(items) + 1,
        "rx-INITIAL_FORMS": 0,
        **{
            f"rx-{i}-{name}": value
            for i, item in enumerate([*items, blank])
            for name, value in item.items()
        },
        **more,
    }  # fmt: skip


def send(client: Client, people: People, form: dict[str, Any]):
    client.force_login(people.lead)
    return client.post(reverse("prescribe", args=[people.patient.uuid]), form)


def test_prescribes_one(client: Client, people: People) -> None:
    assert send(client, people, form_of(ONE)).status_code == 302
    prescription = Prescription.objects.get(patient=people.patient)
    assert (prescription.exercise, prescription.prescribed_by) == ("lunge", people.lead)


def test_prescribes_several_and_keeps_them_as_a_plan(client: Client, people: People) -> None:
    other = ONE | {"exercise": "plank", "cue": "Long back.", "ends_on": "2026-02-01"}
    send(client, people, form_of(ONE, other, plan_name=" Knee, weeks 1 to 4 "))
    assert Prescription.objects.count() == 2
    plan = Plan.objects.get()
    assert (plan.name, plan.clinic) == ("Knee, weeks 1 to 4", people.clinic)
    assert [(i.exercise, i.cue, i.weeks) for i in plan.items.all()] == [
        ("lunge", "", None),
        ("plank", "Long back.", 4),
    ]
    send(client, people, form_of(ONE, plan_name="Knee, weeks 1 to 4"))
    assert [item.exercise for item in Plan.objects.get().items.all()] == ["lunge"]


def test_one_that_is_wrong_means_that_none_is_prescribed(client: Client, people: People) -> None:
    page = send(client, people, form_of(ONE, ONE | {"ends_on": "2026-01-04"}, plan_name="Plan"))
    assert page.status_code == 422
    assert "The last day lies before the first." in text_of(page)
    assert "Plan" in page.content.decode()
    assert (Prescription.objects.count(), Plan.objects.count()) == (0, 0)


def test_nothing_filled_in_is_said(client: Client, people: People) -> None:
    page = send(client, people, form_of())
    assert page.status_code == 422
    assert not Prescription.objects.exists()


def test_a_plan_fills_the_form_and_its_days_count_from_today(client: Client, people: People) -> None:
    plan = PlanFactory(clinic=people.clinic)
    PlanItemFactory(plan=plan, exercise="squat", weeks=2)
    PlanItemFactory(plan=plan, exercise="plank", cue="Long back.")
    client.force_login(people.lead)
    page = client.get(reverse("prescribe", args=[people.patient.uuid]), {"plan": str(plan.uuid)})
    forms = page.context["forms"]
    assert [form["exercise"].value() for form in forms][:2] == ["squat", "plank"]
    assert forms[0]["ends_on"].value() == timezone.localdate() + datetime.timedelta(days=13)
    assert "Long back." in page.content.decode()
    assert not inline_code(page)


def test_a_plan_sent_as_it_is_prescribes_all_of_it(client: Client, people: People) -> None:
    plan = PlanFactory(clinic=people.clinic)
    PlanItemFactory(plan=plan)
    today = timezone.localdate().isoformat()
    filled = {"exercise": "squat", "sets": 3, "repetitions": 10, "days_a_week": 4, "starts_on": today}
    client.force_login(people.lead)
    address = f"{reverse('prescribe', args=[people.patient.uuid])}?plan={plan.uuid}"
    client.post(address, form_of(filled) | {"rx-INITIAL_FORMS": 1})
    assert Prescription.objects.get().days_a_week == 4


def test_another_clinics_plan_is_not_there(client: Client, people: People) -> None:
    plan = PlanFactory(clinic=people.other_clinic)
    client.force_login(people.lead)
    address = reverse("prescribe", args=[people.patient.uuid])
    assert client.get(address, {"plan": str(plan.uuid)}).status_code == 404
    assert client.get(address, {"plan": "knee"}).status_code == 404
    assert plan.name not in text_of(client.get(reverse("plans")))


def test_a_prescription_is_ended_and_stays_on_record(client: Client, people: People) -> None:
    prescription = PrescriptionFactory(patient=people.patient, prescribed_by=people.lead)
    client.force_login(people.lead)
    client.post(reverse("prescription_end", args=[prescription.uuid]))
    prescription.refresh_from_db()
    assert prescription.ends_on == timezone.localdate()
    assert AccessLogEntry.objects.filter(subject="prescription", action="change").count() == 1
    text = text_of(client.get(reverse("patient", args=[people.patient.uuid])))
    assert "End it today" not in text


def test_one_that_has_not_begun_ends_on_its_first_day(client: Client, people: People) -> None:
    later = timezone.localdate() + datetime.timedelta(days=9)
    prescription = PrescriptionFactory(patient=people.patient, starts_on=later)
    client.force_login(people.lead)
    client.post(reverse("prescription_end", args=[prescription.uuid]))
    prescription.refresh_from_db()
    assert prescription.ends_on == later


def test_a_plan_is_deleted_and_what_was_prescribed_stays(client: Client, people: People) -> None:
    send(client, people, form_of(ONE, plan_name="Knee"))
    answer = client.post(reverse("plans"), {"delete": str(Plan.objects.get().uuid)})
    assert answer.status_code == 302
    assert (Plan.objects.count(), Prescription.objects.count()) == (0, 1)
    assert client.post(reverse("plans"), {"delete": "x"}).status_code == 404


def test_the_plans_cost_the_same_for_many(client: Client, people: People) -> None:
    client.force_login(people.lead)
    PlanItemFactory(plan__clinic=people.clinic)
    client.get(reverse("plans"))
    with assertNumQueries(8):
        client.get(reverse("plans"))
    for _ in range(4):
        PlanItemFactory(plan__clinic=people.clinic)
    with assertNumQueries(8):
        client.get(reverse("plans"))
