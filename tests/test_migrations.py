"""Every migration goes back and forward again, with data in the tables, on both databases."""

import json
import os
from pathlib import Path

import pytest

from tests.processes import ROOT, run_python, temporary_database


def go_back_and_forward(folder: Path, database: str = "") -> dict:
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "DATABASE_URL": database or f"sqlite:///{folder / 'exfb.sqlite3'}",
        "CELERY_BROKER_URL": "",
        "PYTHONPATH": str(ROOT),
        "LOG_LEVEL": "ERROR",
    }
    return json.loads(run_python(environment, "tests/migrating.py"))


def check(told: dict) -> None:
    empty = sorted(table for table, number in told["before"].items() if not number)
    assert [table for table in empty if "_groups" not in table and "permissions" not in table] == []
    assert len(told["bottom"]) > 10
    lost = {"patients_accesslogentry": 1}  # whoever asked for nothing that is there: it names no patient
    kept = {table: told["before"][table] - lost.get(table, 0) for table in told["bottom"]}
    assert told["bottom"] == kept
    assert {table: told["after"][table] for table in kept} == kept
    assert set(told["after"]) == set(told["before"])
    assert told["zero"] == {}
    assert told["again"] == dict.fromkeys(told["before"], 0)


def test_every_migration_goes_back_and_forward_on_sqlite(tmp_path):
    check(go_back_and_forward(tmp_path))


@pytest.mark.services
def test_every_migration_goes_back_and_forward_on_postgresql(tmp_path):
    with temporary_database(os.environ["DATABASE_URL"]) as database:
        check(go_back_and_forward(tmp_path, database))
