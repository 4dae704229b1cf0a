"""The design system: all of it is in the gallery, every theme has every token, and pages use tokens only."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.urls import reverse

from feedback.design import colours, glyphs
from tests.site.pages import inline_code

STATIC = Path(settings.BASE_DIR) / "feedback" / "static" / "exfb"
SHEETS = sorted(path for path in (STATIC / "css").glob("*.css") if path.name != "tokens.css")
DOCS = Path(settings.BASE_DIR) / "docs" / "design-system.md"


def blocks() -> dict[str, set[str]]:
    """The colour names of each theme: chosen ones by name, those of the system by its question."""
    text = (STATIC / "css" / "tokens.css").read_text()
    found = re.findall(r'(\[data-theme="[\w-]+"\]|:root:not\(\[data-theme\]\)) \{(.*?)\n *\}', text, re.S)
    return {
        f"{i} {head}": set(re.findall(r"--([\w-]+): #", body)) for i, (head, body) in enumerate(found)
    }  # fmt: skip


def test_every_theme_has_every_colour():
    themes = blocks()
    assert len(themes) == 7
    assert len({frozenset(names) for names in themes.values()}) == 1


def test_the_gallery_shows_every_colour_and_glyph(client, people):
    client.force_login(people.lead)
    page = client.get(reverse("design"))
    html = page.content.decode()
    for name in (name for names in colours().values() for name in names):
        assert f'fill="var(--{name})"' in html, name
    assert {name for names in colours().values() for name in names} == next(iter(blocks().values()))
    for glyph in glyphs():
        assert f"#{glyph}" in html, glyph
    assert not inline_code(page)


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda path: path.name)
def test_no_sheet_has_a_colour_of_its_own(sheet):
    text = re.sub(r"/\*.*?\*/", "", sheet.read_text(), flags=re.S)
    allowed = {"#fff"}  # paper, when printed
    assert set(re.findall(r"#[0-9A-Fa-f]{3,8}\b(?=[;\s}])", text)) <= allowed


@pytest.mark.parametrize(
    "name", ["components.css", "site.css", "history.css", "patient.css", "report.css", "design.css"]
)
def test_sheets_follow_the_direction_of_the_text(name):
    text = (STATIC / "css" / name).read_text()
    assert not re.findall(
        r"(?:margin|padding|border)-(?:left|right)|text-align: (?:left|right)|float: (?:left|right)", text
    )


def test_paper_is_light_whatever_the_screen_is():
    text = (STATIC / "css" / "tokens.css").read_text()
    for head in re.findall(
        r'[^\n]*(?:\[data-theme="(?:contrast-)?dark"\]|prefers-color-scheme: dark)[^\n]*', text
    ):
        assert "@media screen" in head, head


def test_a_language_from_right_to_left_turns_the_page(client, people):
    client.force_login(people.lead)
    html = client.get(reverse("worklist"), headers={"accept-language": "ar"}).content.decode()
    assert 'dir="rtl"' in html


def test_the_docs_name_every_colour_and_glyph():
    text = DOCS.read_text()
    for name in [*glyphs(), *(name for names in colours().values() for name in names)]:
        assert f"`{name}`" in text, name
