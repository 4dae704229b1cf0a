"""The session page: what stands in its HTML before any script runs, for whom, and with how many queries."""

import gzip
import re
from pathlib import Path
from typing import Any

import pytest
from django.contrib.staticfiles import finders
from django.urls import reverse
from django.utils import timezone

from feedback.desk import glyph
from feedback.models import Analysis, BaselineRepetition, Repetition, Verdict
from ml.catalogue import CODES
from patients.models import AccessLogEntry
from tests.factories import (
    AnalysisFactory,
    CorrectionFactory,
    NoteFactory,
    People,
    RecordingFactory,
    RepetitionFactory,
    VerdictFactory,
)
from tests.site.pages import analysed as session_of_day


def analysed(people: People, findings: list[str], **fields: Any) -> list[Repetition]:
    """A finished analysis of one recording of the patient, with these findings."""
    recording = RecordingFactory(patient=people.patient)
    analysis = AnalysisFactory(recording=recording, status="done", exercise=findings[0].split(".")[0])
    return [RepetitionFactory(analysis=analysis, finding=finding, **fields) for finding in findings]


def open_page(client: Any, user: Any, repetition: Repetition, asked: Repetition | None = None) -> Any:
    client.force_login(user)
    query = f"?repetition={asked.uuid}" if asked else ""
    return client.get(reverse("session", args=[repetition.analysis.session.uuid]) + query)


def article(response: Any, repetition: Repetition) -> str:
    """The part of the page about one repetition."""
    found = re.search(
        rf'<article[^>]*data-repetition="{repetition.uuid}".*?</article>', response.content.decode(), re.S
    )
    assert found, "the repetition is not on the page"
    return found.group(0)


def test_each_repetition_is_in_the_html_in_words(client: Any, people: People) -> None:
    first, second = analysed(people, ["squat.knees_inward", "squat.correct"], probability=0.83)
    CorrectionFactory(repetition=first, joints=["right_knee", "left_knee"], largest_shift_m=0.081)
    page = open_page(client, people.lead, first)
    about = article(page, first)
    assert "Repetition 1 of 2" in about
    assert "Knees fall inward" in about
    assert "83 %" in about
    assert "moves the right knee and left knee most, by up to 8 cm" in about
    assert "Push your knees out" in about
    assert "Correct" in article(page, second)


def test_the_runner_up_is_told(client: Any, people: People) -> None:
    shares = {"squat.knees_inward": 0.8, "squat.front_bent": 0.15, "squat.correct": 0.05}
    (one,) = analysed(people, ["squat.knees_inward"], probability=0.8, probabilities=shares)
    assert "then trunk bent forward 15 %" in article(open_page(client, people.lead, one), one)


def test_no_probability_reads_as_certain(client: Any, people: People) -> None:
    shares = {"squat.knees_inward": 0.9987, "squat.correct": 0.0013}
    (one,) = analysed(people, ["squat.knees_inward"], probability=0.9987, probabilities=shares)
    page = open_page(client, people.lead, one)
    assert "over 99 %" in article(page, one)
    assert "100 %" not in page.content.decode()
    assert "then correct" not in article(page, one)  # too small to be worth a word


def test_the_first_open_repetition_is_shown_unless_another_is_asked_for(client: Any, people: People) -> None:
    first, second, third = analysed(people, ["squat.correct"] * 3)
    VerdictFactory(repetition=first, clinician=people.lead)
    page = open_page(client, people.lead, first)
    assert page.context["current"].repetition == second
    assert " hidden" in article(page, first).split(">")[0]
    assert " hidden" not in article(page, second).split(">")[0]
    assert open_page(client, people.lead, first, asked=third).context["current"].repetition == third


def test_an_abstained_repetition_is_not_sure_and_cannot_be_confirmed(client: Any, people: People) -> None:
    (one,) = analysed(people, ["squat.knees_inward"], abstained=True, abstained_reason="low_confidence")
    CorrectionFactory(repetition=one)
    about = article(open_page(client, people.lead, one), one)
    assert "Not sure" in about
    assert re.search(r'data-decide="confirm" disabled', about)
    assert "Decide" in about
    assert "The corrected motion" not in about


def test_a_correction_that_is_not_verified_says_so(client: Any, people: People) -> None:
    (one,) = analysed(people, ["squat.knees_inward"])
    CorrectionFactory(repetition=one, verified=False, failed_checks=["planted_feet"])
    about = article(open_page(client, people.lead, one), one)
    assert "Correction not verified" in about
    assert "Feet that were planted slide" in about


def test_a_verdict_counts_and_is_listed_with_who_and_why(client: Any, people: People) -> None:
    (one,) = analysed(people, ["squat.knees_inward"])
    VerdictFactory(
        repetition=one,
        clinician=people.lead,
        decision=Verdict.Decision.OVERRIDDEN,
        label="squat.front_bent",
        note="Hips hinge first.",
    )
    about = article(open_page(client, people.lead, one), one)
    assert "Trunk bent forward" in about
    assert "The model said: knees fall inward" in about
    assert f"{people.lead} decided: trunk bent forward." in about
    assert "Hips hinge first." in about
    assert 'data-decide="undo"' in about


def test_a_reader_has_no_buttons_to_decide(client: Any, people: People) -> None:
    (one,) = analysed(people, ["squat.knees_inward"])
    assert "data-decide" in article(open_page(client, people.colleague, one), one)
    assert "data-decide" not in article(open_page(client, people.reader, one), one)


def test_strangers_get_404_the_patient_their_own_page_and_visitors_the_sign_in(
    client: Any, people: People
) -> None:
    (one,) = analysed(people, ["squat.knees_inward"])
    for user in (people.stranger, people.unassigned, people.other_patient_user):
        assert open_page(client, user, one).status_code == 404
    own = open_page(client, people.patient_user, one)
    assert own.url == reverse("my_session", args=[one.analysis.session.uuid])
    client.logout()
    assert "sign-in" in client.get(reverse("session", args=[one.analysis.session.uuid])).url


def test_reading_is_logged(client: Any, people: People) -> None:
    (one,) = analysed(people, ["squat.knees_inward"])
    open_page(client, people.reader, one)
    entry = AccessLogEntry.objects.get(user=people.reader)
    assert (entry.action, entry.subject_uuid) == ("read", one.analysis.session.uuid)


def test_a_failed_recording_says_why_beside_the_others(client: Any, people: People) -> None:
    (one,) = analysed(people, ["squat.correct"])
    AnalysisFactory(
        recording=RecordingFactory(patient=people.patient),
        session=one.analysis.session,
        status=Analysis.Status.FAILED,
        error_code="no_repetition_found",
    )
    page = open_page(client, people.lead, one).content.decode()
    assert "No squat, lunge or plank was found" in page
    assert str(one.uuid) in page


def test_as_many_queries_for_many_repetitions_as_for_few(
    client: Any, people: People, django_assert_max_num_queries: Any
) -> None:
    (one,) = analysed(people, ["squat.correct"])
    open_page(client, people.lead, one)
    address = reverse("session", args=[one.analysis.session.uuid])
    with django_assert_max_num_queries(18) as few:
        client.get(address)
    for _ in range(3):
        for repetition in analysed(people, ["squat.knees_inward"] * 5):
            CorrectionFactory(repetition=repetition)
            VerdictFactory(repetition=repetition, clinician=people.colleague)
            NoteFactory(session=one.analysis.session, repetition=repetition)
    with django_assert_max_num_queries(18) as many:
        page = client.get(address)
    assert len(page.context["cards"]) == 16
    assert len(many) == len(few)
    assert len(gzip.compress(page.content)) < 20_000


def test_two_mistakes_a_reason_and_notes_are_told(client: Any, people: People) -> None:
    one, other = analysed(people, ["squat.knees_inward", "squat.correct"])
    VerdictFactory(
        repetition=one,
        clinician=people.lead,
        decision="overridden",
        second_label="squat.front_bent",
        reason="examined",
    )
    NoteFactory(session=one.analysis.session, repetition=one, frame=46, author=people.lead)
    NoteFactory(session=one.analysis.session, text="Room was dark.", author=people.colleague)
    NoteFactory(session=one.analysis.session, repetition=other, text="Gone.", deleted_at=timezone.now())
    page = open_page(client, people.lead, one)
    about = article(page, one)
    assert about.count("Knees fall inward and trunk bent forward") == 2  # the heading, and what is read aloud
    assert "decided: knees fall inward and trunk bent forward. Known from examination." in about
    assert f"{people.lead} noted: “Hips hinge first.”" in about
    assert "frame 47" in about
    assert "data-delete-url" in about
    html = page.content.decode()
    assert "Room was dark." in html
    assert "Gone." not in html
    assert "data-delete-url" not in html.split('id="session-notes"')[1].split("</div>")[0]


def test_what_a_decision_was_made_in_knowledge_of_is_on_the_page(client: Any, people: People) -> None:
    (one,) = analysed(people, ["squat.correct"])
    assert 'data-seen=""' in article(open_page(client, people.lead, one), one)
    verdict = VerdictFactory(repetition=one, decision="undone", label="")
    assert f'data-seen="{verdict.uuid}"' in article(open_page(client, people.lead, one), one)


def test_the_key_to_what_is_unsaved_is_each_clinicians_own(client: Any, people: People) -> None:
    (one,) = analysed(people, ["squat.correct"])
    keys = set()
    for user in (people.lead, people.colleague):
        page = open_page(client, user, one)
        keys |= set(re.findall(r'data-vault="([^"]+)"', page.content.decode()))
        assert page.headers["Cache-Control"] == "no-store, private"
    assert len(keys) == 2
    client.force_login(people.patient_user)
    assert "data-vault" not in client.get(reverse("my_home")).content.decode()


def test_the_session_before_with_the_same_exercise_is_one_click_away(client: Any, people: People) -> None:
    for day, codes in ((20, ["squat.correct"]), (9, ["squat.correct"]), (5, ["lunge.correct"])):
        session_of_day(people.patient, codes, day=day)
    older = people.patient.sessions.order_by("day")[1]
    session_of_day(people.patient, ["squat.knees_inward"], day=1)
    session_of_day(people.other_patient, ["squat.correct"], day=2)
    repetition = Repetition.objects.get(finding="squat.knees_inward")
    html = open_page(client, people.lead, repetition).content.decode()
    address = reverse("session", args=[older.uuid])
    assert re.findall(r'<a class="before" href="([^"]+)"', html) == [f"{address}?exercise=squat"]
    # The first session has none before it.
    first = Repetition.objects.filter(analysis__session__patient=people.patient).earliest(
        "analysis__session__day"
    )
    assert 'class="before"' not in open_page(client, people.lead, first).content.decode()


def test_the_repetition_of_the_same_number_is_beside_it_else_the_last(client: Any, people: People) -> None:
    before = session_of_day(people.patient, ["squat.correct", "squat.knees_inward"], day=5)
    session_of_day(people.patient, ["squat.correct"] * 3, day=1)
    earlier = list(before.analyses.get().repetitions.values_list("uuid", flat=True))
    shown = Repetition.objects.filter(analysis__session__day__gt=before.day)
    cards = open_page(client, people.lead, shown[0]).context["cards"]
    assert [card.before for card in cards] == [earlier[0], earlier[1], earlier[1]]


def test_a_link_to_an_exercise_opens_its_first_repetition(client: Any, people: People) -> None:
    (squat,) = analysed(people, ["squat.correct"])
    lunge, _ = analysed(people, ["lunge.correct", "lunge.not_low_enough"])
    client.force_login(people.lead)
    page = client.get(reverse("session", args=[squat.analysis.session.uuid]), {"exercise": "lunge"})
    assert page.context["current"].repetition == lunge


def test_no_script_or_style_is_inline(client: Any, people: People) -> None:
    (one,) = analysed(people, ["squat.correct"])
    html = open_page(client, people.lead, one).content.decode()
    assert not re.search(r"\sstyle=|\son\w+=|<style", html)
    assert all("src=" in tag or "application/json" in tag for tag in re.findall(r"<script[^>]*>", html))


@pytest.mark.parametrize("code", [*CODES, "not_sure", "squat.correct_bis", "squat.wobbles"])
def test_every_finding_has_a_glyph_in_the_sheet(code: str) -> None:
    sheet = Path(finders.find("exfb/icons.svg")).read_text()
    assert f'id="{glyph(code)}"' in sheet


def test_it_says_what_the_model_knew_of_this_person(client: Any, people: People) -> None:
    (one,) = analysed(people, ["squat.correct"])
    assert "baseline of this person" not in article(open_page(client, people.lead, one), one)
    Analysis.objects.update(baseline=[])
    assert "No baseline of this person yet: the model is less sure." in article(
        open_page(client, people.lead, one), one
    )
    BaselineRepetition.objects.create(repetition=one, marked_by=people.lead)
    assert "Analysed without a baseline of this person" in article(open_page(client, people.lead, one), one)
    Analysis.objects.update(baseline=[str(one.uuid)])
    assert "Compared with 1 correct repetition of this person." in article(
        open_page(client, people.lead, one), one
    )


def test_a_correct_repetition_can_be_used_as_baseline(client: Any, people: People) -> None:
    right, wrong = analysed(people, ["squat.correct", "squat.knees_inward"])
    page = open_page(client, people.lead, right)
    assert "Use as baseline" in article(page, right)
    assert "Use as baseline" not in article(page, wrong)
    assert "Use as baseline" not in article(open_page(client, people.reader, right), right)
    BaselineRepetition.objects.create(repetition=right, marked_by=people.lead)
    page = open_page(client, people.lead, right)
    assert "In the baseline" in article(page, right)
    assert "Baseline: 1 of 3" in article(page, wrong)
    assert "Take out" in article(page, wrong)
    assert "Take out" not in article(open_page(client, people.reader, right), wrong)


def test_a_full_baseline_takes_no_more(client: Any, people: People) -> None:
    *three, fourth = analysed(people, ["squat.correct"] * 4)
    for one in three:
        BaselineRepetition.objects.create(repetition=one, marked_by=people.lead)
    about = article(open_page(client, people.lead, fourth), fourth)
    assert "Baseline: 3 of 3" in about
    assert "Use as baseline" not in about


def test_no_key_of_the_page_does_two_things(client: Any, people: People) -> None:
    (one,) = analysed(people, ["squat.correct"])
    page = open_page(client, people.lead, one).content.decode()
    dialog = re.search(r'<dialog id="help".*?</dialog>', page, re.S)
    assert dialog is not None
    keys = re.findall(r"<kbd>(.)</kbd>", dialog[0])
    assert {"C", "M", "R"} < set(keys)
    assert sorted(keys) == sorted(set(keys))
