"""`manage.py import_published PATH`: make a release of the published network's weights."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from feedback.releases import LOCAL_RELEASES, activate_release, install_release
from ml.manifest import ReleaseError
from ml.published import import_published


class Command(BaseCommand):
    help = "Make a release of the published weights (Ours.pt), run in its own frame and transform."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("path", type=Path, metavar="PATH", help="Ours.pt")
        parser.add_argument("--name", default="published", help="Name of the release (published).")
        parser.add_argument("--activate", action="store_true", help="Analyse new recordings with it.")

    def handle(self, *args: Any, path: Path, name: str, activate: bool, **options: Any) -> None:
        if Path(name).name != name:
            raise CommandError("A release's name holds no slash.")
        folder = LOCAL_RELEASES / name
        try:
            import_published(path, folder)
            release = install_release(folder=folder)
        except ReleaseError as error:
            raise CommandError(error.message) from error
        if activate:
            activate_release(release=release)
        self.stdout.write(f"{release.name}: {folder}")
