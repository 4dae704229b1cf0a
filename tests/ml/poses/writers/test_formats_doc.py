"""docs/formats.md on what is written: its conventions are the code's, and its examples give what they say."""

import ast
import json
import re
from pathlib import Path

import bvhio
import ezc3d
import numpy
import pytest

from ml.poses.writers import WRITERS
from ml.poses.writers.conventions import CONVENTIONS
from tests.ml.poses import samples

DOC = (Path(__file__).resolve().parents[4] / "docs" / "formats.md").read_text()
SECTION = DOC.split("## What exfb writes")[1].split("\n## ")[0]
ROWS = [
    [cell.strip().strip("`") for cell in line.strip().strip("|").split(" | ")]
    for line in SECTION.splitlines()
    if line.startswith("| `")
]
EXAMPLES = {row[0]: row[2:] for row in ROWS if row[0] in WRITERS}


def test_every_convention_is_in_the_table():
    told = {name: ((x, y, z), unit) for name, x, y, z, unit, _ in (row for row in ROWS if len(row) == 6)}
    assert told == {name: (one.axes, one.unit) for name, one in CONVENTIONS.items()}


def test_every_format_has_an_example():
    assert list(EXAMPLES) == list(WRITERS)


@pytest.mark.parametrize("format", WRITERS)
def test_the_example_gives_what_it_says(format, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    data = WRITERS[format].write(samples.sequence(), CONVENTIONS["opensim"])
    Path(f"motion.{WRITERS[format].extension}").write_bytes(data)
    expression, given = EXAMPLES[format]
    modules = {"json": json, "numpy": numpy, "ezc3d": ezc3d, "bvhio": bvhio}
    numpy.testing.assert_allclose(eval(expression, modules), ast.literal_eval(given), atol=0.01)


def test_its_number_of_formats_and_joints_is_true():
    assert re.search(r"in six formats", SECTION)
    assert len(WRITERS) == 6
    assert samples.sequence().skeleton.joints[8] == "mid_hip"
