"""The settings: what the environment may say, what is refused, and that `.env.example` tells all of it."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from exfb_site import settings as site

ROOT = Path(__file__).resolve().parents[2]
_READ = re.compile(r"\benv(?:_bool|_int|_list)?\(\s*\"([A-Z0-9_]+)\"")


def variables_read() -> set[str]:
    return set(_READ.findall((ROOT / "exfb_site" / "settings.py").read_text()))


def variables_of_compose() -> set[str]:
    return set(re.findall(r"\$\{([A-Z0-9_]+)", (ROOT / "compose.yaml").read_text()))


def variables_told() -> dict[str, str]:
    lines = (ROOT / ".env.example").read_text().splitlines()
    pairs = (line.split("=", 1) for line in lines if line and not line.startswith("#"))
    return dict(pairs)


def import_settings(**environment: str) -> subprocess.CompletedProcess[str]:
    """Import the settings in a process of its own, with nothing else of ours in its environment."""
    clean = {name: value for name, value in os.environ.items() if name not in variables_read()}
    return subprocess.run(
        [sys.executable, "-c", "from exfb_site import settings as s; print(s.HTTPS, s.DATABASES['default'])"],
        cwd=ROOT,
        env=clean | environment,
        capture_output=True,
        text=True,
    )


def test_every_variable_is_in_the_example_and_no_other() -> None:
    assert len(variables_read()) > 10
    assert set(variables_told()) == variables_read() | variables_of_compose()


def test_the_settings_read_the_environment_in_one_way_only() -> None:
    text = (ROOT / "exfb_site" / "settings.py").read_text()
    assert len(re.findall(r"os\.environ|getenv", text)) == 1


def test_the_example_changes_nothing_but_what_must_be_set(tmp_path: Path) -> None:
    """Whoever copies the file and sets only the key gets what somebody gets who sets only the key."""
    needed = {"SECRET_KEY": "x", "DATA_DIR": str(tmp_path)}
    copied = import_settings(**(variables_told() | needed))
    assert copied.returncode == 0, copied.stderr
    assert copied.stdout == import_settings(**needed).stdout
    assert copied.stdout.startswith("True ")


def test_no_secret_key_is_refused_in_production() -> None:
    refused = import_settings(DEBUG="false")
    assert refused.returncode != 0
    assert "Set SECRET_KEY" in refused.stderr


def test_database_url_switches_to_postgresql(tmp_path: Path) -> None:
    done = import_settings(
        SECRET_KEY="x", DATA_DIR=str(tmp_path), DATABASE_URL="postgresql://u:p@db.example:5433/exfb"
    )
    assert "django.db.backends.postgresql" in done.stdout
    assert "db.example" in done.stdout


@pytest.mark.parametrize(
    ("read", "value"),
    [
        (site.env_bool, "yes"),
        (site.env_bool, "1"),
        (site.env_int, "-1"),
        (site.env_int, "1.5"),
        (site.env_int, "a"),
    ],
)
def test_odd_values_are_refused_by_name(monkeypatch, read, value: str) -> None:
    monkeypatch.setenv("TESTED", value)
    with pytest.raises(ImproperlyConfigured, match="TESTED"):
        read("TESTED", 0)


def test_an_empty_variable_counts_as_not_set(monkeypatch) -> None:
    monkeypatch.setenv("TESTED", "")
    assert site.env("TESTED", "default") == "default"
    assert site.env_bool("TESTED", True) is True
    assert site.env_int("TESTED", 7) == 7
    assert site.env_list("TESTED", "a, b,") == ["a", "b"]


def test_the_data_folder_is_made_and_is_nobody_elses(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "data"
    servers = {"DATABASE_URL": "postgresql://localhost/none", "CELERY_BROKER_URL": "redis://localhost:1/0"}
    imported = import_settings(SECRET_KEY="x", DATA_DIR=str(folder), **servers)  # noqa: S106
    assert imported.returncode == 0, imported.stderr
    assert folder.stat().st_mode & 0o777 == 0o700
