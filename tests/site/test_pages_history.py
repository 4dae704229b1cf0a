"""The history of mistakes: its numbers, its figure, its comparison, its filters and its number of queries."""

import csv
import io
import json
import re
from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django.asserts import assertNumQueries

from feedback.charts import history_figure, history_series, history_table
from feedback.measuring import measure_unmeasured
from feedback.periods import change_sentence, compare, halves
from feedback.selectors import mistake_history
from feedback.tables import csv_response
from patients.models import AccessLogEntry, Recording, User
from tests.factories import People, PrescriptionFactory, VerdictFactory, days_ago
from tests.site.pages import analysed, text_of

INWARD, SHALLOW, RIGHT = "squat.knees_inward", "squat.not_low_enough", "squat.correct"


def page_of(client: Client, people: People, **query: str) -> object:
    client.force_login(people.lead)
    return client.get(reverse("patient", args=[people.patient.uuid]), query)


def test_bars_are_shares_with_counts_and_sum_to_one(people: People) -> None:
    analysed(people.patient, [INWARD, INWARD, SHALLOW, RIGHT], day=3)
    analysed(people.patient, [INWARD, RIGHT, RIGHT, f"?{INWARD}"], day=1)
    entries = mistake_history(people.patient)
    series = history_series(entries, "squat")
    assert [(one.code, one.counts) for one in series] == [
        (INWARD, (2, 1)),
        (SHALLOW, (1, 0)),
        ("not_sure", (0, 1)),
        (RIGHT, (1, 2)),
    ]
    data = history_figure(entries, series)["data"]
    assert [sum(one["y"][i] for one in data) for i in range(2)] == pytest.approx([1, 1])
    assert data[0]["customdata"] == [[2, 4, "50 %"], [1, 4, "25 %"]]


def test_mistakes_differ_without_colour(people: People) -> None:
    codes = [INWARD, SHALLOW, "squat.front_bent", "squat.feet_too_wide", f"?{INWARD}"]
    analysed(people.patient, codes)
    entries = mistake_history(people.patient)
    patterns = [
        one["marker"]["pattern"]["shape"]
        for one in history_figure(entries, history_series(entries, "squat"))["data"]
    ]
    assert len(set(patterns)) == 5


def test_a_class_that_a_clinic_taught_is_shown_too(people: People) -> None:
    analysed(people.patient, ["squat.heels_lift", RIGHT])
    entries = mistake_history(people.patient)
    assert [one.name for one in history_series(entries, "squat")] == ["Heels lift", "Correct"]


def test_the_table_says_the_same_newest_first(people: People) -> None:
    older = analysed(people.patient, [INWARD, RIGHT], day=3)
    newer = analysed(people.patient, [RIGHT, RIGHT], day=1)
    entries = mistake_history(people.patient)
    rows = history_table(entries, history_series(entries, "squat"))
    assert [row["session"] for row in rows] == [newer.uuid, older.uuid]
    assert rows[1]["cells"] == [(1, "50 %"), (1, "50 %")]


def test_a_clear_change_is_said_and_a_chance_one_is_not(people: People) -> None:
    analysed(people.patient, [INWARD] * 9 + [RIGHT] + [SHALLOW], day=9)
    analysed(people.patient, [INWARD] + [RIGHT] * 9, day=1)
    entries = mistake_history(people.patient)
    changes = compare(entries, history_series(entries, "squat"), halves(entries))
    assert [change.is_clear for change in changes] == [True, False, True]
    assert change_sentence(changes) == "Knees fall inward went down from 82 % to 10 % of repetitions."
    assert "chance" in change_sentence([change for change in changes if change.series.code == SHALLOW])


def test_one_session_compares_with_nothing(people: People) -> None:
    analysed(people.patient, [INWARD])
    entries = mistake_history(people.patient)
    assert halves(entries) is None


def test_two_chosen_periods_are_compared(client: Client, people: People) -> None:
    analysed(people.patient, [INWARD] * 10, day=30)
    analysed(people.patient, [SHALLOW] * 10, day=20)
    analysed(people.patient, [RIGHT] * 10, day=10)
    day = {n: days_ago(n).date().isoformat() for n in (30, 20, 15, 10)}
    shown = page_of(client, people, first_start=day[30], first_end=day[20], second_start=day[15]).context
    assert {c.series.code: (c.before, c.before_total, c.after) for c in shown["changes"]} == {
        INWARD: (10, 20, 0),
        SHALLOW: (10, 20, 0),
        RIGHT: (0, 20, 10),
    }
    assert shown["sentence"].startswith("Knees fall inward went down from 50 % to 0 %")
    # Compared are days that were asked for, also where the table shows others.
    narrow = page_of(client, people, start=day[10], first_end=day[20]).context
    assert len(narrow["entries"]) == 1
    assert [change.before_total for change in narrow["changes"]] == [20, 20, 20]


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({"first_start": "2026-01-01"}, "where the second begins"),
        ({"first_end": "2026-02-01", "second_start": "2026-01-01"}, "after the first has ended"),
        ({"first_start": "2026-03-01", "first_end": "2026-02-01"}, "ends before it begins"),
        ({"first_end": "soon"}, "year-month-day"),
        ({"second_start": "0001-01-01"}, "closer to today"),
        ({"first_end": "9999-12-31"}, "closer to today"),
        ({"first_end": "1990-01-01"}, "in one of these periods"),
    ],
)
def test_periods_that_cannot_be_compared_are_worded(
    client: Client, people: People, query: dict[str, str], words: str
) -> None:
    analysed(people.patient, [INWARD], day=3)
    analysed(people.patient, [RIGHT], day=1)
    page = page_of(client, people, **query)
    assert page.status_code == 200
    assert words in text_of(page)


def csv_of(client: Client, people: People, user: User | None = None, **query: str) -> list[list[str]]:
    client.force_login(user or people.lead)
    answer = client.get(reverse("history_csv", args=[people.patient.uuid]), query)
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert (
        answer.headers["Content-Disposition"] == f'attachment; filename="history-{people.patient.uuid}.csv"'
    )
    return list(csv.reader(answer.content.decode("utf-8-sig").splitlines()))


def test_the_table_as_csv(client: Client, people: People) -> None:
    analysed(people.patient, [INWARD, INWARD, RIGHT], day=9)
    analysed(people.patient, [RIGHT, f"?{INWARD}"], day=2)
    analysed(people.patient, ["plank.correct"], day=1)
    days = [days_ago(n).date().isoformat() for n in (9, 2)]
    assert csv_of(client, people, exercise="squat") == [
        ["Session", "Exercise", "Knees fall inward", "Not sure", "Correct", "All", "To review", "Pain"],
        [days[0], "Squat", "2", "0", "1", "3", "3", ""],
        [days[1], "Squat", "0", "1", "1", "2", "2", ""],
    ]
    assert [row[0] for row in csv_of(client, people, exercise="squat", start=days[1])[1:]] == days[1:]
    assert len(csv_of(client, people)) == 2  # as on the page: the exercise done last
    assert AccessLogEntry.objects.filter(action="download", subject="history").count() == 3


def test_the_page_leads_to_the_csv_of_what_it_shows(client: Client, people: People) -> None:
    analysed(people.patient, [INWARD], day=3)
    start = days_ago(5).date().isoformat()
    html = page_of(client, people, start=start).content.decode()
    address = re.search(r'href="([^"]+history\.csv[^"]*)"', html)
    assert address
    query = parse_qs(urlsplit(unescape(address[1])).query)
    assert query == {"start": [start], "exercise": ["squat"], "by": ["session"]}


@pytest.mark.parametrize("word", ["=1+1", "+1", "-1", "@sum", "\t=1", " =1", "\n=1"])
def test_no_word_of_a_csv_is_a_formula(word: str) -> None:
    written = csv_response("x", [word], [[word, -1, "plain-word"]]).content.decode("utf-8-sig")
    head, row = csv.reader(io.StringIO(written, newline=""))
    assert head == [f"'{word}"]
    assert row == [f"'{word}", "-1", "plain-word"]


def test_a_class_named_like_a_formula_is_harmless(client: Client, people: People) -> None:
    analysed(people.patient, ["squat.=cmd()"])
    assert "'=cmd()" in csv_of(client, people)[0]


def test_the_page_holds_the_figure_and_its_twin(client: Client, people: People) -> None:
    analysed(people.patient, [INWARD, RIGHT], day=2)
    page = page_of(client, people)
    html = page.content.decode()
    start = html.index('<script id="figure" type="application/json">') + len(
        '<script id="figure" type="application/json">'
    )
    figure = json.loads(html[start : html.index("</script>", start)])
    assert figure["data"][0]["customdata"] == [[1, 2, "50 %"]]
    assert "Knees fall inward" in text_of(page)


def test_filters_by_exercise_and_days(client: Client, people: People) -> None:
    analysed(people.patient, [INWARD, RIGHT], day=9)
    analysed(people.patient, [SHALLOW, RIGHT], day=5)
    analysed(people.patient, ["lunge.correct"], day=1)
    assert page_of(client, people).context["exercise"] == "lunge"
    squats = page_of(client, people, exercise="squat").context
    assert len(squats["entries"]) == 2
    late = page_of(client, people, exercise="squat", start=days_ago(6).date().isoformat()).context
    assert [entry.counts for entry in late["entries"]] == [{SHALLOW: 1, RIGHT: 1}]


def test_a_day_that_is_none_is_worded(client: Client, people: People) -> None:
    analysed(people.patient, [INWARD])
    page = page_of(client, people, start="yesterday")
    assert page.status_code == 200
    assert "year-month-day" in text_of(page)


def test_an_override_changes_the_history(client: Client, people: People) -> None:
    session = analysed(people.patient, [INWARD])
    repetition = session.analyses.get().repetitions.get()
    VerdictFactory(repetition=repetition, decision="overridden", label=SHALLOW)
    assert [one.code for one in page_of(client, people).context["series"]] == [SHALLOW]


def test_before_the_first_recording_the_page_says_when_it_begins(client: Client, people: People) -> None:
    assert "It begins with the first recording" in text_of(page_of(client, people))


def test_the_page_asks_as_much_for_many_sessions_as_for_one(client: Client, people: People) -> None:
    client.force_login(people.lead)
    address = reverse("patient", args=[people.patient.uuid])
    analysed(people.patient, [INWARD])
    client.get(address)
    with assertNumQueries(PAGE_QUERIES):
        client.get(address)
    for day in range(2, 8):
        analysed(people.patient, [INWARD, RIGHT], day=day)
    with assertNumQueries(PAGE_QUERIES):
        client.get(address)


#: Sign-in 2, patient and access 3, log 1, sessions 4, prescriptions 1, waiting 1, history 1, navigation 3,
#: moves 1.
PAGE_QUERIES = 19


def test_a_long_history_is_put_together_and_can_be_looked_at_otherwise(
    client: Client, people: People
) -> None:
    for day in range(1, 64, 2):
        analysed(people.patient, [INWARD], day=day)
    weeks = page_of(client, people)
    assert weeks.context["unit"] == "week"
    assert "per week" in text_of(weeks)
    assert sum(row["total"] for row in weeks.context["rows"]) == 32
    assert len(page_of(client, people, by="session").context["rows"]) == 32
    assert len(page_of(client, people, by="month").context["rows"]) <= 4
    assert page_of(client, people, by="fortnight").status_code == 200


def test_measures_pain_and_adherence_stand_in_tables(client: Client, people: People) -> None:
    PrescriptionFactory(patient=people.patient, starts_on=days_ago(20).date(), days_a_week=7)
    for day in (9, 2):
        analysed(people.patient, [RIGHT, RIGHT], day=day)
    measure_unmeasured()
    Recording.objects.update(pain=6)
    text = text_of(page_of(client, people))
    assert "Depth (knee bend)" in text
    assert "week of" in text
    shown = page_of(client, people).context
    assert [figure["name"] for figure in shown["measure_figures"]][-1] == "Pain"
    assert sum(days.done for _name, _short, days in shown["followed"]) == 2
    assert round(sum(days.asked for _name, _short, days in shown["followed"])) == 8
    rows = csv_of(client, people)
    assert rows[0][-2:] == ["Tempo, up, s", "Pain"]
    assert rows[1][-1] == "6"


def test_two_mistakes_at_once_do_not_leave_the_picture(people: People) -> None:
    session = analysed(people.patient, [INWARD])
    VerdictFactory(
        repetition=session.analyses.get().repetitions.get(),
        decision="overridden",
        label=INWARD,
        second_label=SHALLOW,
    )
    entries = mistake_history(people.patient)
    figure = history_figure(entries, history_series(entries, "squat"))
    assert figure["layout"]["yaxis"]["range"][1] > 2
