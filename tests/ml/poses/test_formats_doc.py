"""docs/formats.md names every format, every fault and every key, and its examples are what is read."""

import io
import json
import re
from pathlib import Path

import pytest

from ml.poses import assemble
from ml.poses.errors import PoseFormatError
from ml.poses.formats import READERS, read
from ml.poses.limits import MIN_FRAMES, USUAL_LIMITS
from ml.poses.writers.exfb_json import as_exfb_json
from ml.skeletons import EC3D_19
from tests.ml.poses import samples

DOC = (Path(__file__).resolve().parents[3] / "docs" / "formats.md").read_text()


def first_block(language: str) -> str:
    return re.search(rf"```{language}\n(.*?)```", DOC, re.DOTALL).group(1)


def test_every_format_has_a_section():
    assert {reader.name for reader in READERS} == set(re.findall(r"^## .*\(`(\w+)`\)$", DOC, re.MULTILINE))


def test_every_fault_is_listed():
    listed = re.findall(r"^\| `(\w+)` \|", DOC.split("## Why a file is refused")[1], re.MULTILINE)
    assert listed == list(PoseFormatError.CODES)


def test_every_key_that_is_written_is_documented():
    section = DOC.split("## exfb JSON")[1].split("\n## ")[0]
    assert set(as_exfb_json(samples.sequence())) == set(re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE))


def test_every_joint_is_named():
    for joint in EC3D_19.joints:
        assert f"`{joint.removeprefix('left_').removeprefix('right_')}`" in DOC, joint
    for joint in assemble.REQUIRED:
        assert joint.partition("_")[2] in DOC.split("Used where they")[0]


def test_the_limits_are_the_code():
    assert f"at least {MIN_FRAMES}" in DOC
    assert f"at most {USUAL_LIMITS.frames:,} frames".replace(",", " ") in DOC
    assert f"at most {USUAL_LIMITS.seconds / 60:g} minutes" in DOC
    assert f"at most {USUAL_LIMITS.size_bytes >> 20} MB" in DOC
    assert f"between {assemble.MIN_FRAME_RATE_HZ:g} and {assemble.MAX_FRAME_RATE_HZ:g}" in DOC


def test_the_json_example_is_understood_up_to_its_shortness():
    example = json.loads(first_block("json"))
    assert set(example) <= set(as_exfb_json(samples.sequence()))
    with pytest.raises(PoseFormatError) as caught:
        read(io.BytesIO(json.dumps(example).encode()))
    assert caught.value.code == "too_few_frames"


def test_the_csv_example_is_understood_up_to_its_shortness():
    with pytest.raises(PoseFormatError) as caught:
        read(io.BytesIO(first_block("csv").encode()))
    assert caught.value.code == "too_few_frames"
