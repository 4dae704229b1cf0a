"""`manage.py erase_patient UUID`: erase a patient for good, and print the receipt."""

import json
from argparse import ArgumentParser
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError
from django.forms.models import model_to_dict

from patients.erasure import ErasureError, erase_patient
from patients.models import ErasureReceipt, Patient


class Command(BaseCommand):
    help = "Erase all that is kept about a patient. Backups are not touched."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("uuid", type=UUID)
        parser.add_argument("--reason", required=True, choices=ErasureReceipt.Reason.values)
        parser.add_argument("--yes", action="store_true", help="Do not ask.")

    def handle(self, *args: Any, uuid: UUID, reason: str, yes: bool, **options: Any) -> None:
        patient = Patient.objects.filter(uuid=uuid).first()
        if patient is None:
            raise CommandError("No patient has this UUID.")
        if not yes and not _confirmed():
            raise CommandError("Nothing was erased. Where nobody can answer, say --yes.")
        try:
            receipt = erase_patient(patient=patient, reason=reason, user=None)
        except ErasureError as error:
            raise CommandError(error.message) from error
        said = {"uuid": str(receipt.uuid), "at": receipt.at.isoformat()} | model_to_dict(
            receipt, ["reason", "subject_sha256", "rows", "files", "sha256"]
        )
        self.stdout.write(json.dumps(said, indent=1))


def _confirmed() -> bool:
    try:
        return input("Erase this patient for good? Type yes: ") == "yes"
    except EOFError:
        return False
