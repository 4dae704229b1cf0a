"""The project's typeface in a PDF, and which letters it lacks. `script/report_fonts.py` makes the files."""

from functools import cache
from pathlib import Path
from typing import Final

from fontTools.ttLib import TTFont
from fpdf import FPDF

_FOLDER = Path(__file__).parent / "fonts"
#: The second part has the letters that the first lacks.
_PARTS = {"exfb": "latin", "exfb-ext": "latin-ext"}
_WEIGHTS = {"": "regular", "B": "bold"}
#: Stands for a letter that the typeface lacks.
MISSING: Final = "?"


def add_typeface(pdf: FPDF) -> None:
    """Make the typeface known to a document and choose it."""
    for family, part in _PARTS.items():
        for style, weight in _WEIGHTS.items():
            pdf.add_font(family, style, _FOLDER / f"{part}-{weight}.ttf")
    pdf.set_fallback_fonts(["exfb-ext"])
    pdf.set_font("exfb", size=10)


@cache
def _letters() -> frozenset[int]:
    return frozenset(
        code for part in _PARTS.values() for code in TTFont(_FOLDER / f"{part}-regular.ttf").getBestCmap()
    )


def printable(text: str) -> str:
    """Return a text with `MISSING` for each letter that the typeface lacks, and spaces for line breaks."""
    known = _letters()
    return "".join(
        letter if ord(letter) in known else " " if letter.isspace() else MISSING for letter in text
    )


def is_printable(text: str) -> bool:
    """Tell whether the typeface has every letter of a text."""
    known = _letters()
    return all(letter.isspace() or ord(letter) in known for letter in text)
