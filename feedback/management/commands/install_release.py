"""`manage.py install_release [FOLDER] [--activate]`: check a model release and make it known to the site."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from feedback.releases import activate_release, install_release
from ml.manifest import DEFAULT_RELEASE, ReleaseError, release_folder
from ml.release import load_release


class Command(BaseCommand):
    help = "Check a release folder (the shipped default if none is named) and make it known to the site."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", nargs="?", type=Path, default=release_folder(DEFAULT_RELEASE))
        parser.add_argument("--activate", action="store_true", help="Analyse new recordings with it.")

    def handle(self, *args: Any, folder: Path, activate: bool, **options: Any) -> None:
        try:
            load_release(folder)
            release = install_release(folder=folder)
        except ReleaseError as error:
            raise CommandError(error.message) from error
        if activate:
            activate_release(release=release)
        state = "active" if release.is_active else "installed, not active"
        self.stdout.write(f"{release.name}: {state}, {len(release.classes)} classes")
