"""`manage.py retention`: erase the patients whose time is over, by the rule of each clinic."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from patients.erasure import ErasureError, erase_patient
from patients.models import ErasureReceipt
from patients.retention import overdue


class Command(BaseCommand):
    help = "Erase patients of whom nothing came for longer than their clinic keeps records."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="Say who would be erased, and do nothing.")

    def handle(self, *args: Any, dry_run: bool, **options: Any) -> None:
        failed = 0
        found = overdue()
        for patient, last, is_held in found:
            line = f"{patient.uuid}  last {last}  kept {patient.clinic.retention_months} months"
            if is_held:
                outcome = "legal hold: stays"
            elif dry_run:
                outcome = "would be erased"
            else:
                try:
                    receipt = erase_patient(
                        patient=patient, reason=ErasureReceipt.Reason.RETENTION, user=None
                    )
                    outcome = f"erased, receipt {receipt.uuid}"
                except ErasureError as error:
                    failed += 1
                    outcome = error.message
            self.stdout.write(f"{line}  {outcome}")
        self.stdout.write(f"{len(found)} overdue")
        if failed:
            raise CommandError(f"{failed} could not be erased wholly. Run it again.")
