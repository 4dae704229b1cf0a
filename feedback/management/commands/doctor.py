"""`manage.py doctor`: is everything in order here, and if not, what is to be done?"""

import sys
from typing import Any

from django.core.management.base import BaseCommand

from feedback.checks import run_checks


class Command(BaseCommand):
    help = "Check database, broker, workers, release, device, disk, clock and queue; exit 1 if one fails."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        failed = 0
        for check, outcome in run_checks(slow=True):
            failed += not outcome.ok
            self.stdout.write(f"{'ok  ' if outcome.ok else 'FAIL'}  {check.name:<14}{outcome.says}")
            if outcome.remedy:
                self.stdout.write(f"{'':<20}-> {outcome.remedy}")
        if failed:
            self.stdout.write(f"{failed} of these need you.")
            sys.exit(1)
