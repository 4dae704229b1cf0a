"""`manage.py restore IN.tar`: fill an empty site from an archive, and print what was compared."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from patients.backup import BackupError
from patients.restore import restore


class Command(BaseCommand):
    help = "Restore an archive of `backup` into a site with tables (`migrate`) and without people."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("archive", type=Path)

    def handle(self, *args: Any, archive: Path, **options: Any) -> None:
        try:
            lines = restore(archive)
        except BackupError as error:
            raise CommandError(error.message) from error
        except OSError as error:
            raise CommandError(f"Nothing was restored: {error}") from error
        self.stdout.write(f"{'':<44}{'archive':>10}{'here':>10}")
        for name, there, here, _same in lines:
            self.stdout.write(f"{name:<44}{there:>10}{here:>10}  same")
