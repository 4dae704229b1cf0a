"""What tests of pages share: a patient with a history, and what the content policy forbids."""

import re
from typing import Any

from feedback.models import Analysis, ExerciseSession
from feedback.sessions import refresh_session
from patients.models import Patient
from tests.factories import (
    AnalysisFactory,
    CorrectionFactory,
    RecordingFactory,
    RepetitionFactory,
    days_ago,
)

_INLINE = re.compile(
    r"<script(?![^>]*\bsrc=)(?![^>]*application/json)|<style|\sstyle=|\son[a-z]+=|javascript:", re.I
)


def analysed(
    patient: Patient, findings: list[str], *, day: int = 1, corrected: bool = False
) -> ExerciseSession:
    """A finished analysis, `day` days ago, with one repetition a finding; "?code" is one that abstained."""
    recording = RecordingFactory(patient=patient, recorded_at=days_ago(day))
    exercise = findings[0].lstrip("?").split(".")[0]
    analysis = AnalysisFactory(recording=recording, status=Analysis.Status.DONE, exercise=exercise)
    for code in findings:
        repetition = RepetitionFactory(
            analysis=analysis, finding=code.lstrip("?"), abstained=code.startswith("?")
        )
        if corrected and not repetition.abstained and not code.endswith(".correct"):
            CorrectionFactory(repetition=repetition)
    refresh_session(session=analysis.session)
    return analysis.session


def inline_code(page: Any) -> list[str]:
    """Return what in a page the content security policy would block."""
    return _INLINE.findall(page.content.decode())


def text_of(page: Any) -> str:
    """Return the words of a page, with single spaces."""
    return " ".join(re.sub(r"<[^>]+>", " ", page.content.decode()).split())
