"""The PDF of a report: two pages, the same bytes each time, marked across where nobody has reviewed."""

import hashlib
import json
import re
import shutil
import subprocess
import zlib

import pytest

from feedback.reports.content import report_content
from feedback.reports.pdf import report_pdf
from feedback.reports.typeface import is_printable, printable
from tests.factories import NoteFactory, PrescriptionFactory, days_ago
from tests.site.pages import analysed

MISTAKES = ["squat.knees_inward", "squat.not_low_enough", "squat.front_bent", "squat.feet_too_wide"]


def made(people, note: str = "", first: int = 1):
    told = report_content(people.patient, days_ago(first).date(), days_ago(0).date(), note, "Ann Other")
    return json.loads(json.dumps(told))


def text_of(pdf: bytes, tmp_path) -> str:
    if shutil.which("pdftotext") is None:
        pytest.skip("needs pdftotext")
    path = tmp_path / "report.pdf"
    path.write_bytes(pdf)
    done = subprocess.run(["pdftotext", "-layout", path, "-"], capture_output=True, check=True)
    return done.stdout.decode()


def test_the_same_content_gives_the_same_bytes(people):
    analysed(people.patient, MISTAKES, corrected=True)
    hashes = {hashlib.sha256(report_pdf(made(people))).hexdigest() for _ in range(2)}
    assert len(hashes) == 1


def test_however_much_there_is_to_say_there_are_two_pages(people):
    for day in range(1, 5):
        for codes in (MISTAKES, ["lunge.knee_passes_toe", "lunge.not_low_enough"], ["plank.arched_back"]):
            analysed(people.patient, codes, day=day, corrected=True)
    for n in range(8):
        PrescriptionFactory(patient=people.patient, cue="One cue. " * 20, starts_on=days_ago(20 - n).date())
    pdf = report_pdf(made(people, note="A long note. " * 150, first=40))
    assert len(re.findall(rb"/Type /Page\b", pdf)) == 2


def test_it_says_who_when_what_and_that_nobody_reviewed(people, tmp_path):
    analysed(people.patient, MISTAKES, corrected=True)
    text = text_of(report_pdf(made(people, note="Keep going.")), tmp_path)
    for words in (people.patient.name, people.clinic.name, "Knees fall inward", "1 of 4", "25 %",
                  "Keep going.", "Ann Other", "Nobody yet.", "No clinician has",
                  "test-release", "Page 2 of 2"):  # fmt: skip
        assert words in text, words


def test_the_mark_is_drawn_on_both_pages_and_on_none_when_reviewed(people):
    analysed(people.patient, ["squat.correct"])
    told = made(people)
    marked, plain = report_pdf(told), report_pdf(told | {"stamp": ""})
    assert [_rotations(pdf) for pdf in (marked, plain)] == [2, 0]


def _rotations(pdf: bytes) -> int:
    """How many pages turn what they draw by 50 degrees, as only the mark across does."""
    streams = re.findall(rb"stream\n(.*?)\nendstream", pdf, re.S)
    pages = [zlib.decompress(one) for one in streams if one[:1] == b"x"]
    return sum(b"0.6428 0.766 -0.766 0.6428" in page for page in pages)


def test_letters_that_the_typeface_lacks_are_told_and_do_no_harm(people):
    people.patient.name = "Άννα 安 Petrović"
    people.patient.save()
    assert not is_printable(people.patient.name)
    assert printable(people.patient.name) == "???? ? Petrović"
    assert report_pdf(made(people))[:5] == b"%PDF-"


@pytest.mark.parametrize("note", ["", "Keep the load. " * 120])
def test_many_long_notes_leave_two_pages(people, tmp_path, note):
    session = analysed(people.patient, MISTAKES, corrected=True)
    for n in range(8):
        NoteFactory(session=session, author=people.lead, text=f"Note {n}: " + "the heel lifts again. " * 30)
    pdf = report_pdf(made(people, note=note))
    words = text_of(pdf, tmp_path)
    assert words.count("\f") == 2
    assert "Notes on the sessions" in words
    assert "Note 0" in words
    assert "more" in words
    assert "How this was made" in words
