"""`manage.py export_verdicts --clinic NAME --out FOLDER`: reviewed sessions for `python -m ml.adapt`."""

from argparse import ArgumentParser
from functools import partial
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from feedback.teaching import ExportError, clinic_of, export_verdicts


class Command(BaseCommand):
    help = "Write a clinic's reviewed repetitions as pose files with labels.csv, people under a code."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--clinic", required=True, help="Its name or id.")
        parser.add_argument("--out", required=True, type=Path, metavar="FOLDER", help="A new folder.")

    def handle(self, *args: Any, clinic: str, out: Path, **options: Any) -> None:
        bar = partial(tqdm, desc="recordings", mininterval=2, disable=None)
        try:
            done = export_verdicts(clinic=clinic_of(clinic), out=out, progress=bar)
        except ExportError as error:
            raise CommandError(error.message) from error
        self.stdout.write(
            f"{done.repetitions} repetitions of {done.recordings} recordings of {done.people} people in {out}"
        )
        if done.unreadable:
            self.stdout.write(f"{done.unreadable} recordings could not be read and were left out")
        self.stdout.write(f"python -m ml.adapt --recordings {out} --base default --out NEW_RELEASE")
