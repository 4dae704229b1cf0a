"""A clinic's reviewed sessions as labelled recordings: what `python -m ml.adapt` learns from.

A folder of pose files and `labels.csv`, without names, dates, notes or ids of the site: a person is a code
that is the same in every export of this installation and tells nothing outside of it. Motion can still tell
who somebody is; the folder is to be kept like the recordings themselves.
"""

import csv
import shutil
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

from django.conf import settings
from django.db.models import OuterRef, QuerySet, Subquery
from django.utils.crypto import salted_hmac

from feedback.models import Verdict
from feedback.selectors import standing_verdicts
from ml.poses.errors import PoseFormatError
from ml.poses.formats import read
from ml.poses.writers.exfb_json import write_exfb_json
from patients.models import Clinic, Patient, Recording

COLUMNS = ("file", "person", "label", "start_frame", "end_frame")


class ExportError(ValueError):
    """Verdicts cannot be exported; `message` says why and what to do."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class Exported(NamedTuple):
    """How much was written, and how many recordings could not be read any more."""

    repetitions: int
    recordings: int
    people: int
    unreadable: int


def clinic_of(name: str) -> Clinic:
    """Return the clinic of a name or id; raises `ExportError`."""
    found = [clinic for clinic in Clinic.objects.all() if name in (clinic.name, str(clinic.uuid))]
    if len(found) != 1:
        known = ", ".join(sorted(f"{clinic.name} ({clinic.uuid})" for clinic in Clinic.objects.all()))
        raise ExportError(f"There is no one clinic {name!r}. Clinics: {known or 'none'}.")
    return found[0]


def person_code(patient: Patient) -> str:
    """Return what a patient is called in exports: the same each time, and nothing to find them by."""
    return "p" + salted_hmac("exfb.teaching", str(patient.uuid), algorithm="sha256").hexdigest()[:12]


def judged(clinic: Clinic) -> QuerySet[Verdict]:
    """Return the standing verdicts that name a class; of a recording those on one analysis, the last judged.

    Another analysis may have cut the same recording otherwise, and a motion is to be told once.
    """
    standing = standing_verdicts().filter(
        decision__in=Verdict.JUDGED, repetition__analysis__recording__patient__clinic=clinic
    )
    last = (
        standing.filter(repetition__analysis__recording=OuterRef("repetition__analysis__recording"))
        .order_by("-at", "-pk")
        .values("repetition__analysis")[:1]
    )
    return (
        standing.filter(repetition__analysis=Subquery(last))
        .select_related("repetition__analysis__recording__patient")
        .order_by(
            "repetition__analysis__recording__recorded_at", "repetition__analysis_id", "repetition__index"
        )
    )


def export_verdicts(
    *, clinic: Clinic, out: Path, progress: Callable[[Iterable[Recording]], Iterable[Recording]] = iter
) -> Exported:
    """Write a clinic's reviewed repetitions into the new folder `out`, all of it or nothing.

    Raises
    ------
    ExportError
        If the folder exists or nothing was reviewed.
    """
    if out.exists():
        raise ExportError(f"There is already a folder {out.name!r}; choose another name.")
    verdicts: dict[Recording, list[Verdict]] = {}
    for verdict in judged(clinic):
        verdicts.setdefault(verdict.repetition.analysis.recording, []).append(verdict)
    if not verdicts:
        raise ExportError(f"No repetition of {clinic.name} was reviewed yet: nothing can be learned from it.")
    out.parent.mkdir(parents=True, exist_ok=True)
    unfinished = Path(tempfile.mkdtemp(prefix=".unfinished-", dir=out.parent))
    try:
        rows: list[tuple[str, str, str, int, int]] = []
        unreadable = 0
        for recording in progress(verdicts):
            name = f"recording-{len({row[0] for row in rows}) + 1:05d}.json"
            if _copied(recording, unfinished / name):
                rows += [_row(name, recording, verdict) for verdict in verdicts[recording]]
            else:
                unreadable += 1
        if not rows:
            raise ExportError("None of the reviewed recordings can be read any more.")
        with (unfinished / "labels.csv").open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([COLUMNS, *rows])
        unfinished.rename(out)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return Exported(len(rows), len({row[0] for row in rows}), len({row[1] for row in rows}), unreadable)


def _copied(recording: Recording, path: Path) -> bool:
    """Write the motion only: an original file may hold names. False where it cannot be read."""
    try:
        with recording.file.open("rb") as opened:
            said, limits = recording.said, settings.RECORDING_LIMITS
            write_exfb_json(read(opened.file, corrections=said, limits=limits), path)
    except (OSError, PoseFormatError):
        return False
    return True


def _row(name: str, recording: Recording, verdict: Verdict) -> tuple[str, str, str, int, int]:
    label = "+".join(filter(None, (verdict.label, verdict.second_label)))
    repetition = verdict.repetition
    person = person_code(recording.patient)
    return name, person, label, repetition.start_frame, repetition.end_frame
