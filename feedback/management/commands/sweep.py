"""`manage.py sweep`: put right what fell out of the queue, once or for ever. One running sweep is enough."""

import logging
import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.db import DatabaseError, InterfaceError, connection

from feedback.sweep import sweep

logger = logging.getLogger(__name__)


class Command(BaseCommand):
    help = "Requeue what dead workers held, send lost messages again, set aside what failed three times."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--every", type=float, default=10.0, metavar="SECONDS", help="Pause (10).")
        parser.add_argument("--once", action="store_true", help="Sweep once, print what was done, and end.")

    def handle(self, *args: Any, once: bool, every: float, **options: Any) -> None:
        if once:
            self.stdout.write(str(sweep()))
            return
        while True:
            try:
                done = sweep()
                if done:
                    logger.info("sweep: %s", done)
            except (DatabaseError, InterfaceError) as error:
                # The database is away for a moment: what is to be done will still be there.
                logger.warning("sweep put off: %s", type(error).__name__)
                connection.close()
            time.sleep(every)
