"""`manage.py check_access_log`: is the access log as it was sealed? Ends with 1 where it is not."""

import re
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from patients.access_log import walk


class Command(BaseCommand):
    help = "Walk the chain over the access log, name the first broken link, and print the head to write down."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--noted", default="", metavar="NUMBER:HASH", help="A head printed earlier.")

    def handle(self, *args: Any, noted: str, **options: Any) -> None:
        if noted and not re.fullmatch(r"\d+:[0-9a-f]{64}", noted):
            raise CommandError("A head is NUMBER:HASH, as this command prints it.")
        found = walk(noted)
        self.stdout.write(
            f"{found.links} links whole, {found.erased} of them of erased entries; "
            f"{found.unsealed} entries not sealed yet"
        )
        self.stdout.write(f"head {found.head}")
        if found.fault:
            raise CommandError(f"The access log was tampered with: {found.fault}.")
