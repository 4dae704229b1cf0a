"""docs/network.md names every check, release field, release code and reason, and the limits that hold."""

import re
from dataclasses import fields
from pathlib import Path

from ml import correction
from ml.manifest import Manifest, ReleaseError
from ml.results import LOW_CONFIDENCE, POOR_QUALITY, UNLIKE_TRAINING

TEXT = (Path(__file__).parents[2] / "docs" / "network.md").read_text(encoding="utf-8")
FIRST_CELLS = re.findall(r"^\| `([a-z_]+)` \|", TEXT, flags=re.MULTILINE)


def test_every_check_field_and_code_is_documented_and_no_other():
    documented = {*correction.CHECKS, *(field.name for field in fields(Manifest)), *ReleaseError.CODES}
    assert set(FIRST_CELLS) == documented
    assert len(FIRST_CELLS) == len(documented)


def test_reasons_to_abstain_are_documented():
    assert f"`{LOW_CONFIDENCE}`" in TEXT
    assert f"`{UNLIKE_TRAINING}`" in TEXT
    assert f"`{POOR_QUALITY}`" in TEXT


def test_limits_are_those_of_the_code():
    assert f"{correction.LIMB_TOLERANCE * 100:.0f} % off" in TEXT
    assert f"more than {correction.START_TOLERANCE * 100:.0f} cm from" in TEXT
    assert f"more than {correction.SLIDE_TOLERANCE * 100:.0f} cm against" in TEXT
    assert f"plus {correction.CALM_ACCELERATION:.0f} m/s²" in TEXT
