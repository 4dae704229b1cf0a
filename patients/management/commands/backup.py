"""`manage.py backup OUT.tar`: save the database and the private files in one archive."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from patients.backup import BackupError, back_up


class Command(BaseCommand):
    help = "Save every row and every private file in one archive. exfb may go on meanwhile."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("out", type=Path)

    def handle(self, *args: Any, out: Path, **options: Any) -> None:
        try:
            manifest = back_up(out)
        except BackupError as error:
            raise CommandError(error.message) from error
        except OSError as error:
            raise CommandError(f"Nothing was saved: {error}") from error
        files = sum(part.startswith("files/") for part in manifest["parts"])
        self.stdout.write(f"{out}: {sum(manifest['rows'].values())} rows, {files} files")
        if missing := manifest["missing"]:
            self.stderr.write(f"{len(missing)} files that rows name are not there: {', '.join(missing)}")
