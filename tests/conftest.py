"""What every test may ask for: real recordings if there are any, a folder of its own, the fixed people."""

import copy
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.factories import People

SHARED = Path(os.environ.get("EXFB_SHARED", Path(__file__).resolve().parents[2] / "shared"))


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with real recordings and reference values; the test is skipped where it is absent."""
    if not (SHARED / "data").is_dir():
        pytest.skip("needs the folder of real recordings beside the project")
    return SHARED


@pytest.fixture(autouse=True)
def private_files(tmp_path: Path, settings: Any) -> Path:
    """Recordings of a test go to a folder of its own."""
    folder = tmp_path / "recordings"
    storages = copy.deepcopy(settings.STORAGES)
    storages["default"]["OPTIONS"]["location"] = folder
    settings.STORAGES = storages
    return folder


@pytest.fixture(autouse=True)
def mail_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sign-in messages are sent before the request is answered, on its own connection to the database."""
    from patients import sign_in

    monkeypatch.setattr(sign_in, "close_old_connections", lambda: None)
    monkeypatch.setattr(sign_in._post, "submit", lambda send, *arguments: send(*arguments))


@pytest.fixture
def people(db: None) -> "People":
    """The fixed people around one patient (tests/factories.py)."""
    from tests.factories import make_people

    return make_people()
