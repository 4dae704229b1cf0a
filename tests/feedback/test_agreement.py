"""Model against clinicians: what is counted, Cohen's kappa and its interval, the page."""

from typing import Any

import numpy as np
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from feedback.agreement import agreement, cohens_kappa
from feedback.between import between_clinicians
from feedback.models import Repetition
from tests.factories import (
    AnalysisFactory,
    CareAssignmentFactory,
    MembershipFactory,
    ModelReleaseFactory,
    PatientFactory,
    People,
    RecordingFactory,
    RepetitionFactory,
    VerdictFactory,
)
from tests.site.pages import text_of

INWARD, SHALLOW, RIGHT = "squat.knees_inward", "squat.not_low_enough", "squat.correct"


def judged(people: People, finding: str, label: str = "", number: int = 1, **fields: Any) -> list[Repetition]:
    """So many repetitions with a finding; with a label, also a verdict."""
    patient = fields.pop("patient", people.patient)
    analysis = AnalysisFactory(
        recording=RecordingFactory(patient=patient), status="done", **fields.pop("of", {})
    )
    made = [RepetitionFactory(analysis=analysis, finding=finding, **fields) for _ in range(number)]
    for repetition in made if label else []:
        decision = "confirmed" if label == finding else "overridden"
        VerdictFactory(repetition=repetition, clinician=people.lead, decision=decision, label=label)
    return made


def table(rows: list[list[int]]) -> dict[tuple[str, str], int]:
    return {(str(i), str(j)): n for i, row in enumerate(rows) for j, n in enumerate(row)}


def test_kappa_of_a_table_worked_by_hand() -> None:
    kappa = cohens_kappa(table([[20, 5], [10, 15]]))  # observed 0.7, expected 0.5
    assert kappa
    assert kappa.value == pytest.approx(0.4)


def test_the_interval_covers_what_sampling_gives() -> None:
    """Against 4000 samples from the same table: the formula's standard error is theirs."""
    rows = np.array([[88, 14, 18], [10, 40, 10], [2, 6, 12]])
    kappa = cohens_kappa(table(rows.tolist()))
    samples = np.random.default_rng(0).multinomial(200, rows.ravel() / 200, size=4000).reshape(-1, 3, 3) / 200
    observed = np.trace(samples, axis1=1, axis2=2)
    expected = (samples.sum(axis=2) * samples.sum(axis=1)).sum(axis=1)
    spread = ((observed - expected) / (1 - expected)).std()
    assert kappa
    assert kappa.interval
    low, high = kappa.interval
    assert (low + high) / 2 == pytest.approx(kappa.value)
    assert (high - low) / 2 / 1.96 == pytest.approx(spread, rel=0.04)


@pytest.mark.parametrize("rows", [[[0, 0], [0, 0]], [[30, 0], [0, 0]], [[25, 0], [5, 0]], [[25, 5], [0, 0]]])
def test_of_who_always_says_the_same_there_is_no_kappa(rows: list[list[int]]) -> None:
    assert cohens_kappa(table(rows)) is None


def test_no_interval_of_few_or_of_full_agreement() -> None:
    few, full = cohens_kappa(table([[5, 1], [1, 5]])), cohens_kappa(table([[30, 0], [0, 30]]))
    assert few
    assert few.interval is None
    assert full
    assert (full.value, full.interval) == (1.0, None)


def test_what_is_counted(people: People) -> None:
    judged(people, INWARD, INWARD, 3)
    judged(people, INWARD, SHALLOW, 2)
    judged(people, SHALLOW, RIGHT)
    judged(people, INWARD, RIGHT, abstained=True)
    judged(people, RIGHT, number=4)  # nobody looked
    (none,) = judged(people, INWARD)
    VerdictFactory(repetition=none, clinician=people.lead, decision="not_a_repetition", label="")
    (undone,) = judged(people, INWARD, SHALLOW)
    VerdictFactory(repetition=undone, clinician=people.lead, decision="undone", label="")
    (squat,) = agreement(people.lead)
    assert (squat.total, squat.abstained, squat.reviewed) == (13, 1, 8)
    assert (squat.overridden, squat.committed) == (4, 7)  # no repetition at all is also not what it said
    assert squat.verdicts == {
        (INWARD, INWARD): 3,
        (INWARD, SHALLOW): 2,
        (SHALLOW, RIGHT): 1,
        ("not_sure", RIGHT): 1,
        (INWARD, "not_a_repetition"): 1,
    }
    inward = next(row for row in squat.mistakes if row.code == INWARD)
    assert (inward.model, inward.clinicians, inward.both) == (5, 3, 3)
    assert [row.total for row in squat.rows] == [0, 6, 1, 1]
    assert sum(row.total for row in squat.rows) == squat.reviewed


def test_only_patients_that_one_may_see_and_not_oneself(people: People) -> None:
    judged(people, INWARD, INWARD)
    judged(people, SHALLOW, SHALLOW, patient=people.other_patient)
    judged(people, RIGHT, RIGHT, patient=PatientFactory(clinic=people.clinic, user=people.lead))
    assert [one.verdicts for one in agreement(people.lead)] == [{(INWARD, INWARD): 1}]
    assert [one.verdicts for one in agreement(people.stranger)] == [{(SHALLOW, SHALLOW): 1}]
    assert agreement(people.unassigned) == []


def test_of_one_release(client: Any, people: People) -> None:
    judged(people, INWARD, INWARD)
    other = ModelReleaseFactory(name="other", is_active=False)
    judged(people, SHALLOW, RIGHT, of={"release": other})
    assert [one.verdicts for one in agreement(people.lead, other)] == [{(SHALLOW, RIGHT): 1}]
    client.force_login(people.lead)
    page = client.get(reverse("agreement"), {"release": "other"})
    assert [one.reviewed for one in page.context["exercises"]] == [1]
    assert page.context["chosen"] == other


def test_the_page_shows_shares_with_counts_and_kappa(client: Any, people: People) -> None:
    judged(people, INWARD, INWARD, 12)
    judged(people, RIGHT, RIGHT, 10)
    judged(people, INWARD, RIGHT, 3)
    judged(people, INWARD, abstained=True)
    client.force_login(people.reader)
    text = text_of(client.get(reverse("agreement")))
    assert "12 % 3 of 25" in text  # overridden
    assert "4 % 1 of 26" in text  # not sure
    assert "0.76 0.52 to 1.00" in text
    assert "25 reviewed repetitions" in text


def test_before_the_first_repetition_it_says_when_it_begins(client: Any, people: People) -> None:
    client.force_login(people.lead)
    assert "It begins with the first verdict" in text_of(client.get(reverse("agreement")))


def test_the_page_asks_as_much_for_many_as_for_few(client: Any, people: People) -> None:
    client.force_login(people.lead)
    judged(people, INWARD, INWARD)
    client.get(reverse("agreement"))
    counts = []
    for number in (1, 8):
        judged(people, SHALLOW, RIGHT, number)
        with CaptureQueriesContext(connection) as queries:
            client.get(reverse("agreement"))
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 11


def test_two_mistakes_at_once_count_under_both(people: People) -> None:
    for finding, other in ((INWARD, SHALLOW), (SHALLOW, "squat.front_bent")):
        (one,) = judged(people, finding)
        VerdictFactory(repetition=one, decision="overridden", label=finding, second_label=other)
    judged(people, INWARD, INWARD)
    (squat,) = agreement(people.lead)
    assert squat.reviewed == 3
    assert squat.overridden == 0  # what the model named was there each time
    assert [(row.code, row.model, row.clinicians, row.both) for row in squat.mistakes] == [
        (INWARD, 2, 2, 2),
        (SHALLOW, 1, 2, 1),
        ("squat.front_bent", 0, 1, 0),
    ]
    shallow = squat.mistakes[1].kappa  # [[yes, yes], [no, yes], [no, no]]: observed 2/3, expected 4/9
    assert shallow
    assert shallow.value == pytest.approx(0.4)


def both(people: People, repetition: Repetition, first: str, second: str) -> None:
    """Let the lead and then the colleague judge a repetition."""
    for clinician, label in ((people.lead, first), (people.colleague, second)):
        VerdictFactory(repetition=repetition, clinician=clinician, decision="overridden", label=label)


def test_clinicians_are_compared_where_two_reviewed(people: People) -> None:
    one, two, three, _alone = judged(people, INWARD, number=4)
    both(people, one, INWARD, INWARD)
    both(people, two, INWARD, SHALLOW)
    both(people, three, RIGHT, RIGHT)
    VerdictFactory(repetition=_alone, clinician=people.lead, label=INWARD)
    (pair,) = between_clinicians(people.lead)
    assert set(pair.names) == {str(people.lead), str(people.colleague)}
    assert (pair.total, pair.same) == (3, 2)
    assert pair.kappa
    assert pair.kappa.value == pytest.approx(0.5)  # observed 2/3, expected 1/3


def test_of_each_clinician_the_newest_counts_and_what_was_taken_back_does_not(people: People) -> None:
    one, two = judged(people, INWARD, number=2)
    both(people, one, INWARD, SHALLOW)
    VerdictFactory(repetition=one, clinician=people.colleague, decision="not_a_repetition", label="")
    both(people, two, INWARD, INWARD)
    VerdictFactory(repetition=two, clinician=people.lead, decision="undone", label="")
    (pair,) = between_clinicians(people.lead)
    assert sorted(pair.verdicts) in ([(INWARD, "not_a_repetition")], [("not_a_repetition", INWARD)])


def test_the_agreement_of_one_clinic(client: Client, people: People) -> None:
    MembershipFactory(user=people.lead, clinic=people.other_clinic)
    elsewhere = PatientFactory(clinic=people.other_clinic)
    CareAssignmentFactory(
        patient=elsewhere, membership=people.lead.memberships.get(clinic=people.other_clinic)
    )
    judged(people, INWARD, INWARD, 2)
    judged(people, INWARD, SHALLOW, 3, patient=elsewhere)
    assert [one.reviewed for one in agreement(people.lead)] == [5]
    assert [one.reviewed for one in agreement(people.lead, clinic=people.clinic)] == [2]
    client.force_login(people.lead)
    page = client.get(reverse("agreement"), {"clinic": str(people.other_clinic.uuid)})
    assert [one.overridden for one in page.context["exercises"]] == [3]
    assert "All clinics" in text_of(page)
    # Another's clinic is no clinic to choose.
    client.force_login(people.colleague)
    page = client.get(reverse("agreement"), {"clinic": str(people.other_clinic.uuid)})
    assert page.context["clinic"] is None
