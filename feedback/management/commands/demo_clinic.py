"""Makes the demo clinic: people, six weeks of simulated recordings, verdicts on the older ones."""

import argparse
import time
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from feedback import demo
from feedback.demo_story import PASSWORD
from feedback.models import Analysis
from feedback.releases import activate_release, folder_of, install_release, release_in_use
from ml.manifest import DEFAULT_RELEASE, ReleaseError, release_folder
from patients.models import Clinic

#: The workers are given up on when nothing has been finished for so long.
_STUCK_SECONDS = 120


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument(
            "--prepare",
            action="store_true",
            help="only migrate the database, install the shipped model release and make the people",
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        if options["prepare"]:
            call_command("migrate", verbosity=0)
            self._prepare_release()
            demo.make_people()
            return
        clinic = demo.make_people()
        for role, email in demo.logins().items():
            self.stdout.write(f"  {role + ':':<16} {email:<24} password: {PASSWORD}")
        self.stdout.write("")
        self._fill(clinic)

    def _prepare_release(self) -> None:
        """Have a release that is there: one that an earlier version shipped is gone with that version."""
        try:
            active = release_in_use()
            if active is None or not folder_of(active).is_dir():
                activate_release(release=install_release(folder=release_folder(DEFAULT_RELEASE)))
        except ReleaseError as error:
            raise CommandError("The shipped model release is missing or damaged.") from error

    def _fill(self, clinic: Clinic) -> None:
        if missing := demo.missing(clinic):
            for entry in tqdm(missing, "Uploaded", unit=" recordings"):
                demo.upload(entry)
        self._wait(clinic)
        given = demo.review(clinic)
        if given:
            self.stdout.write(f"The clinicians have reviewed {given} repetitions of the older sessions.")

    def _wait(self, clinic: Clinic) -> None:
        """Show how the worker gets through the recordings."""
        total = Analysis.objects.filter(recording__patient__clinic=clinic).count()
        left = demo.open_analyses(clinic)
        if not left:
            return
        moved_at = time.monotonic()
        with tqdm(total=total, initial=total - left, desc="Analysed", unit=" recordings") as bar:
            while left:
                time.sleep(0.3)
                now_left = demo.open_analyses(clinic)
                if now_left != left:
                    bar.update(left - now_left)
                    left, moved_at = now_left, time.monotonic()
                if time.monotonic() - moved_at > _STUCK_SECONDS:
                    raise CommandError("No analysis was finished for two minutes. Is a worker running?")
