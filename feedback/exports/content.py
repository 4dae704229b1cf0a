"""What is in an export of motions: findings and angles as tables, motions as files, and what they mean."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any
from zipfile import ZipFile

import numpy as np
from django.db.models import Q, QuerySet
from django.template.loader import render_to_string

from feedback.models import Correction, Repetition
from feedback.motions import unpack_motion
from feedback.selectors import current_analyses, judged_repetitions
from feedback.shown import shown_repetition
from feedback.tables import csv_text
from ml.angles import ANGLES, joint_angles
from ml.poses.sequence import PoseSequence
from ml.poses.writers import WRITERS
from ml.poses.writers.conventions import CONVENTIONS
from ml.skeletons import EC3D_19
from patients.models import Recording
from patients.permissions import Access

_FINDINGS = (
    "folder",
    "repetition",
    "session",
    "recording",
    "recorded_at",
    "exercise",
    "start_frame",
    "end_frame",
    "frame_rate_hz",
    "finding",
    "probability",
    "abstained",
    "abstained_reason",
    "verdict",
    "label",
    "second_label",
    "correction_verified",
    "largest_shift_m",
    "joints_moved",
)


@dataclass(frozen=True)
class Choice:
    """In which formats motions are written, and by which convention; no format gives the tables alone."""

    formats: tuple[str, ...] = ()
    convention: str = "exfb"


def repetitions_to_export(which: Q) -> QuerySet[Repetition]:
    """Return repetitions with their motions, in the order of time.

    The caller has checked that the person may read their patient.
    """
    shown = judged_repetitions().defer(None).filter(which)
    return shown.select_related(
        "correction", "baseline_mark", "analysis__recording", "analysis__session"
    ).order_by("analysis__session__day", "analysis__recording__recorded_at", "analysis__recording", "index")


def of_current_analyses() -> Q:
    """Narrow repetitions to those of the one analysis of each recording that people are shown."""
    return Q(analysis__in=current_analyses().order_by().values("pk"))


def write_motions(
    archive: ZipFile,
    repetitions: Iterable[Repetition],
    access: Access,
    choice: Choice,
    note: Callable[[], object] = lambda: None,
) -> None:
    """Write tables, motions and their description; `note` is called after each repetition."""
    findings = []
    for folder, repetition in _in_folders(repetitions):
        shown = shown_repetition(repetition, access)
        findings.append(_finding(folder, repetition, access))
        for name, data in _files(repetition, shown.correction, choice):
            archive.writestr(f"{folder}{name}", data)
        note()
    archive.writestr("findings.csv", csv_text(_FINDINGS, findings))
    archive.writestr("README.txt", _description(choice))


def _in_folders(repetitions: Iterable[Repetition]) -> Iterator[tuple[str, Repetition]]:
    """With each repetition the folder of its recording, numbered within its day."""
    day, recording, number = None, None, 0
    for repetition in repetitions:
        analysis = repetition.analysis
        if analysis.session.day != day:
            day, recording, number = analysis.session.day, None, 0
        if analysis.recording_id != recording:
            recording, number = analysis.recording_id, number + 1
        yield f"{day}/recording-{number}/", repetition


def _finding(folder: str, repetition: Repetition, access: Access) -> list[Any]:
    shown, recording = shown_repetition(repetition, access), repetition.analysis.recording
    correction = shown.correction
    return [
        folder,
        shown.index,
        repetition.analysis.session.uuid,
        recording.uuid,
        recording.recorded_at.isoformat(),
        shown.exercise,
        shown.start_frame,
        shown.end_frame,
        shown.frame_rate,
        shown.finding or "",
        "" if shown.probability is None else shown.probability,
        int(shown.abstained),
        shown.abstained_reason,
        shown.verdict_decision or "",
        shown.label or "",
        shown.second_label,
        "" if correction is None else int(correction.verified),
        "" if correction is None else correction.largest_shift_m,
        "" if correction is None else " ".join(correction.joints),
    ]


def _files(
    repetition: Repetition, correction: Correction | None, choice: Choice
) -> Iterator[tuple[str, str | bytes]]:
    """The files of one repetition: its angles, then each motion in each format."""
    motions = {"performed": as_sequence(repetition, repetition.motion)}
    if correction is not None:
        name = "corrected" if correction.verified else "corrected-not-verified"
        motions[name] = as_sequence(repetition, correction.motion)
    stem = f"{repetition.index:02}-{repetition.exercise}"
    yield f"{stem}-angles.csv", _angles(motions, repetition.frame_rate)
    for format in choice.formats:
        writer = WRITERS[format]
        for name, motion in motions.items():
            yield f"{stem}-{name}.{writer.extension}", writer.write(motion, CONVENTIONS[choice.convention])


def as_sequence(repetition: Repetition, motion: bytes | memoryview) -> PoseSequence:
    """Return a kept motion of a repetition as a pose sequence."""
    recording: Recording = repetition.analysis.recording
    return PoseSequence(
        unpack_motion(motion),
        repetition.frame_rate,
        format="simulated" if recording.is_simulated else "array",
        estimated=frozenset(recording.estimated_joints),
    )


def _angles(motions: dict[str, PoseSequence], frame_rate: float) -> str:
    """The curves of all angles as a table, a row a frame; an empty cell where an angle is not defined."""
    curves = {
        f"{motion} {name} (deg)": values
        for motion, sequence in motions.items()
        for name, values in joint_angles(sequence.positions).items()
    }
    columns = [
        ["" if np.isnan(value) else round(value, 2) for value in values.tolist()]
        for values in curves.values()
    ]
    frames = max(map(len, columns))
    times = [round(frame / frame_rate, 4) for frame in range(frames)]
    return csv_text(["time (s)", *curves], zip_longest(times, *columns, fillvalue=""))


def _description(choice: Choice) -> str:
    context = {
        "convention": CONVENTIONS[choice.convention],
        "formats": choice.formats,
        "joints": EC3D_19.joints,
        "angles": ANGLES,
    }
    return render_to_string("exports/readme.txt", context)
