"""`manage.py analyse FILE`: analyse one recording here and now, without queue, patient or trace."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from feedback.pipeline import AnalysisFailure, analyse_file
from feedback.releases import find_release
from feedback.wording import class_name
from ml.manifest import ReleaseError
from ml.results import RecordingResult, RepetitionResult
from patients.models import Exercise


class Command(BaseCommand):
    help = "Analyse one recording and print its repetitions, findings and corrections."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE")
        parser.add_argument("--exercise", choices=Exercise.values, help="Without it, the exercise is found.")
        parser.add_argument(
            "--release", metavar="NAME", help="A release's name or folder; else the active one."
        )
        parser.add_argument("--json", action="store_true", help="Print an object for programs.")

    def handle(self, *args: Any, file: Path, exercise: str | None, **options: Any) -> None:
        try:
            folder = find_release(options["release"])
            with file.open("rb") as opened:
                result = analyse_file(opened, exercise, folder)
        except OSError as error:
            raise CommandError(f"The file cannot be opened: {error.strerror}.") from error
        except (AnalysisFailure, ReleaseError) as error:
            raise CommandError(error.message) from error
        if options["json"]:
            self.stdout.write(json.dumps(as_object(result), indent=1))
        else:
            self.stdout.write(as_table(result))


def as_object(result: RecordingResult) -> dict[str, Any]:
    """Return the result for programs; repetitions count from 1."""
    return {
        "recording": {
            "frames": len(result.performed),
            "frame_rate": result.performed.frame_rate,
            "format": result.performed.format,
            "skeleton": result.performed.skeleton.name,
        },
        "exercise": result.exercise,
        "release": result.release,
        "repetitions": [
            _repetition(number, found) for number, found in enumerate(result.repetitions, start=1)
        ],
    }


def _repetition(number: int, found: RepetitionResult) -> dict[str, Any]:
    correction = found.correction
    return {
        "index": number,
        "start_frame": found.start_frame,
        "end_frame": found.end_frame,
        "finding": found.finding.code,
        "probability": found.finding.probability,
        "probabilities": found.finding.probabilities,
        "abstained": found.finding.abstained,
        "correction": correction
        and {
            "verified": correction.verified,
            "largest_shift_m": correction.largest_shift_m,
            "joints": list(correction.joints),
        },
    }


def as_table(result: RecordingResult) -> str:
    """Return the result as lines for a person."""
    performed = result.performed
    lines = [
        f"{result.exercise}, {performed.duration:.1f} s ({len(performed)} frames at "
        f"{performed.frame_rate:g} Hz, {performed.format}), release {result.release}",
        f"{'':>3}  {'from':>6}  {'to':>6}  {'finding':<24}  {'p':>4}  correction",
    ]
    lines += [
        f"{number:>3}  {found.start_frame / performed.frame_rate:>5.1f}s  "
        f"{found.end_frame / performed.frame_rate:>5.1f}s  {_finding(found):<24}  "
        f"{found.finding.probability:>4.0%}  {_correction(found)}"
        for number, found in enumerate(result.repetitions, start=1)
    ]
    return "\n".join(lines)


def _finding(found: RepetitionResult) -> str:
    name = class_name(found.finding.code)
    return f"not sure ({name}?)" if found.finding.abstained else name


def _correction(found: RepetitionResult) -> str:
    correction = found.correction
    if correction is None:
        return "-"
    moved = f"up to {correction.largest_shift_m * 100:.0f} cm ({', '.join(correction.joints)})"
    return moved if correction.verified else f"not verified, {moved}"
