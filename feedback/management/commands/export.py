"""`manage.py export UUID`: take out a repetition, a session or a patient, as the pages and the API do."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any
from uuid import UUID
from zipfile import ZIP_DEFLATED, ZipFile

from django.core.management.base import BaseCommand, CommandError
from django.db.models import Q

from feedback.exports.content import Choice, of_current_analyses, repetitions_to_export, write_motions
from feedback.exports.everything import write_everything
from feedback.exports.making import AT_ONCE
from feedback.models import ExerciseSession, Repetition
from ml.poses.writers import WRITERS
from ml.poses.writers.conventions import CONVENTIONS, EXFB
from patients.models import AccessLogEntry, Patient, User
from patients.permissions import access_to, log_access, may_take_everything


class Command(BaseCommand):
    help = "Write a ZIP of findings, joint angles and motions of a repetition, a session or a patient."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("uuid", type=UUID, help="Of a repetition, a session or a patient.")
        parser.add_argument(
            "--as", dest="email", required=True, metavar="EMAIL", help="The account that takes it out."
        )
        parser.add_argument(
            "--format",
            dest="formats",
            action="append",
            default=[],
            choices=list(WRITERS),
            help="Of the motions; may be given several times. Without it: tables alone.",
        )
        parser.add_argument("--convention", default=EXFB.name, choices=list(CONVENTIONS))
        parser.add_argument("--everything", action="store_true", help="All that is kept about a patient.")
        parser.add_argument("--out", type=Path, required=True, metavar="FILE.zip")

    def handle(self, *args: Any, uuid: UUID, email: str, out: Path, everything: bool, **options: Any) -> None:
        user = User.objects.filter(email=email.lower()).first()
        found = _named(uuid)
        if user is None or found is None:
            raise CommandError("There is no such account." if user is None else "Nothing has this UUID.")
        subject, patient, which = found
        access = access_to(user, patient)
        if access is None or (everything and subject != "patient"):
            raise CommandError(
                "This account may not read this patient." if access is None else "Name a patient's UUID."
            )
        if everything and not may_take_everything(user, patient):
            raise CommandError("This account may not take out everything.")
        log_access(user, patient, AccessLogEntry.Action.EXPORT, subject, uuid)
        with ZipFile(out, "w", ZIP_DEFLATED) as archive:
            choice = Choice(tuple(options["formats"]), options["convention"])
            repetitions = repetitions_to_export(which)
            write_motions(archive, repetitions.iterator(chunk_size=AT_ONCE), access, choice)
            if everything:
                write_everything(archive, patient, access)
        self.stdout.write(f"{out}: {repetitions.count()} repetitions, {out.stat().st_size} bytes")


def _named(uuid: UUID) -> tuple[str, Patient, Q] | None:
    """Return what a UUID names: its kind, its patient, and which repetitions are meant."""
    if patient := Patient.objects.filter(uuid=uuid).first():
        return "patient", patient, Q(analysis__recording__patient=patient) & of_current_analyses()
    if session := ExerciseSession.objects.select_related("patient").filter(uuid=uuid).first():
        return "session", session.patient, Q(analysis__session=session) & of_current_analyses()
    repetition = Repetition.objects.select_related("analysis__recording__patient").filter(uuid=uuid).first()
    if repetition is None:
        return None
    return "repetition", repetition.analysis.recording.patient, Q(pk=repetition.pk)
