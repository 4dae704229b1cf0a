"""The papers: no link leads nowhere, and no picture is missing."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAPERS = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]
#: A link to a file or a picture of ours, but no address elsewhere.
_LINK = re.compile(r"(?:\[[^\]]*\]\(|src=\")(?!https?:)([^)#\s\"]+)")


@pytest.mark.parametrize("paper", PAPERS, ids=lambda path: path.name)
def test_links_lead_to_files_that_are_there(paper: Path) -> None:
    linked = _LINK.findall(paper.read_text())
    assert [target for target in linked if not (paper.parent / target).exists()] == []


def test_the_papers_are_found() -> None:
    assert {"README.md", "CONTRIBUTING.md", "operations.md"} <= {paper.name for paper in PAPERS}
