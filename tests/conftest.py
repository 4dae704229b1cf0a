"""What every test may ask for: the folder of real recordings, where there is one."""

import os
from pathlib import Path

import pytest

SHARED = Path(os.environ.get("EXFB_SHARED", Path(__file__).resolve().parents[2] / "shared"))


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with real recordings and reference values; the test is skipped where it is absent."""
    if not (SHARED / "data").is_dir():
        pytest.skip("needs the folder of real recordings beside the project")
    return SHARED
