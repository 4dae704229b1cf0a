"""The figures of a report in a PDF: bodies and shares. Solid is performed, dashed corrected."""

from collections.abc import Sequence
from typing import Any

from fpdf import FPDF

Colour = tuple[int, int, int]
#: The tokens of the light theme, which is the one of paper.
INK, INK_2, INK_3, LINE, SUNKEN = (27, 32, 37), (69, 76, 84), (94, 101, 109), (222, 218, 210), (242, 240, 235)
PERFORMED, CORRECTED, BAD = (190, 58, 30), (0, 117, 90), (163, 35, 15)
_FAR = 0.55  # how far the side away from the camera goes towards the paper


def body(pdf: FPDF, drawing: dict[str, Any], which: str, x: float, y: float, scale: float) -> None:
    """Draw one of the two bodies of `feedback.reports.pictures.picture`; `scale` is mm of paper a mm."""
    colour = PERFORMED if which == "performed" else CORRECTED
    strokes = drawing[which]

    def at(point: Sequence[int]) -> tuple[float, float]:
        return x + point[0] * scale, y + point[1] * scale

    with pdf.local_context(stroke_cap_style="round", stroke_join_style="round"):
        _ground(pdf, x, y + drawing["ground"] * scale, drawing["width"] * scale)
        if which == "performed":
            pdf.set_fill_color(*_lighter(colour))
            pdf.polygon([at(point) for point in strokes["trunk"]], style="F")
        for x1, y1, x2, y2, far in strokes["bones"]:
            pdf.set_draw_color(*(_lighter(colour) if far else colour))
            pdf.set_line_width(1.3 if which == "performed" else 0.7)
            pdf.set_dash_pattern(*((0, 0) if which == "performed" else (1.5, 1.5)))
            pdf.line(*at((x1, y1)), *at((x2, y2)))
        pdf.set_dash_pattern()
        pdf.set_draw_color(*colour)
        _head(pdf, *at(strokes["head"]), strokes["head"][2] * scale, which, colour)
        for joint in strokes["joints"]:
            _dot(pdf, *at(joint), 0.75, which, colour)
        if strokes["mark"]:
            pdf.set_draw_color(*INK)
            pdf.set_line_width(0.5)
            _circle(pdf, *at(strokes["mark"]), 2.8, "D")


def _head(pdf: FPDF, x: float, y: float, radius: float, which: str, colour: Colour) -> None:
    pdf.set_line_width(0.7)
    pdf.set_fill_color(*(colour if which == "performed" else (255, 255, 255)))
    _circle(pdf, x, y, radius, "DF")


def _dot(pdf: FPDF, x: float, y: float, radius: float, which: str, colour: Colour) -> None:
    """A joint: filled where performed, a ring where corrected."""
    pdf.set_line_width(0.4)
    pdf.set_fill_color(*(colour if which == "performed" else (255, 255, 255)))
    _circle(pdf, x, y, radius, "DF")


def _circle(pdf: FPDF, x: float, y: float, radius: float, style: str) -> None:
    pdf.ellipse(x - radius, y - radius, 2 * radius, 2 * radius, style=style)


def _ground(pdf: FPDF, x: float, y: float, width: float) -> None:
    pdf.set_draw_color(*LINE)
    pdf.set_line_width(0.3)
    pdf.line(x, y, x + width, y)


def _lighter(colour: Colour) -> Colour:
    red, green, blue = (round(part + (255 - part) * _FAR) for part in colour)
    return red, green, blue


def key(pdf: FPDF, x: float, y: float, which: str) -> None:
    """The line that stands for one of the two motions."""
    with pdf.local_context(stroke_cap_style="butt"):
        pdf.set_draw_color(*(PERFORMED if which == "performed" else CORRECTED))
        pdf.set_line_width(0.9)
        pdf.set_dash_pattern(*((0, 0) if which == "performed" else (1.6, 1.1)))
        pdf.line(x, y, x + 9, y)


def share_bar(pdf: FPDF, x: float, y: float, width: float, per_mille: int) -> None:
    """A share as the filled part of a line."""
    pdf.set_fill_color(*SUNKEN)
    pdf.rect(x, y, width, 2, style="F")
    pdf.set_fill_color(*INK_2)
    pdf.rect(x, y, width * per_mille / 1000, 2, style="F")


def columns(
    pdf: FPDF, x: float, y: float, step: float, height: float, counts: Sequence[int], totals: Sequence[int]
) -> None:
    """One finding's share in each session as a column, with its count above."""
    pdf.set_draw_color(*LINE)
    pdf.set_line_width(0.2)
    pdf.line(x, y + height, x + step * len(counts), y + height)
    for i, (count, total) in enumerate(zip(counts, totals, strict=True)):
        tall = (height - 3.2) * count / total if total else 0.0
        left = x + i * step + step * 0.22
        pdf.set_fill_color(*INK_2)
        pdf.rect(left, y + height - tall, step * 0.56, tall, style="F")
        pdf.set_xy(x + i * step, y + height - tall - 3.3)
        pdf.set_text_color(*(INK if count else INK_3))
        pdf.cell(step, 3.2, str(count), align="C")


def stamp(pdf: FPDF, words: str) -> None:
    """Say plainly across the whole page that it is not reviewed; what is printed below stays readable."""
    pdf.set_font("exfb", "B", 60)
    width = pdf.get_string_width(words)
    pdf.set_font_size(60 * min(1.0, 210 / width))
    width = pdf.get_string_width(words)
    x, y = pdf.w / 2, pdf.h / 2
    with pdf.local_context(fill_opacity=0.16), pdf.rotation(50, x, y):
        pdf.set_text_color(*BAD)
        pdf.text(x - width / 2, y + 8, words)
