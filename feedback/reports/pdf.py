"""A report's content as a PDF of two A4 pages. The same content gives the same bytes.

Page one: what was to do, what was done, what was found, how it looked. Page two: how it went over time, the
clinician's note, who reviewed, with which release, and what to keep in mind.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, override
from fpdf import FPDF
from fpdf.enums import WrapMode

from feedback.reports import drawing
from feedback.reports.drawing import BAD, INK, INK_2, INK_3, LINE
from feedback.reports.typeface import add_typeface, printable

_LEFT, _TOP, _WIDTH, _BOTTOM = 18.0, 16.0, 174.0, 278.0
#: A picture: two bodies beside each other, and the words below. One row of them has more room than two.
_PICTURE_WIDTH, _PICTURE_HEIGHT, _TALL_PICTURE_HEIGHT = 84.0, 46.0, 74.0


def report_pdf(content: dict[str, Any]) -> bytes:
    """Return the PDF of a content of `feedback.reports.content`."""
    with override(content["language"]):
        paper = _Paper(content)
        paper.first_page()
        paper.second_page()
        return bytes(paper.pdf.output())


class _Paper:
    """The two pages, written from above to below; `self.y` is where the next thing goes."""

    def __init__(self, content: dict[str, Any]) -> None:
        self.content = content
        self.align = "R" if content["rtl"] else "L"
        self.pdf = FPDF(format="A4")
        self.pdf.set_auto_page_break(False)
        self.pdf.set_margins(_LEFT, _TOP, _LEFT)
        self.pdf.c_margin = 0
        self.pdf.set_creation_date(datetime.fromisoformat(content["as_of"]))
        self.pdf.set_lang(content["language"])
        self.pdf.set_title(printable(_("Movement report")))
        self.pdf.set_producer("exfb")
        add_typeface(self.pdf)
        self.y = _TOP

    # --- page one ---
    def first_page(self) -> None:
        self._new_page()
        self._write(self.content["patient"], 20, bold=True)
        self._write(self.content["person"], 10, INK_2)
        self._write(self.content["period"], 13, bold=True, after=1.5)
        self._banner()
        self._prescribed()
        self._found()
        self._pictures()

    def _banner(self) -> None:
        colour = BAD if self.content["stamp"] else INK_2
        self.pdf.set_fill_color(*colour)
        top = self.y
        self._write(self.content["review"], 10, colour, bold=bool(self.content["stamp"]), inset=4)
        if self.content["simulated"]:
            self._write(_("Simulated: this person and their recordings are invented."), 10, INK_2, inset=4)
        self.pdf.set_fill_color(*colour)
        self.pdf.rect(_LEFT, top, 1, self.y - top, style="F")
        self.y += 2

    def _prescribed(self) -> None:
        self._heading(_("Prescribed and done"))
        for row in self.content["prescribed"]:
            self._row((row["exercise"], row["dose"], row["dates"], row["done"]), (30, 44, 48, 52), first=True)
            if row["cue"]:
                self._write(f"“{row['cue']}”", 9, INK_2, inset=30)
        if not self.content["prescribed"]:
            self._write(_("Nothing was prescribed."), 10, INK_2)
        self._write(self.content["pain"], 10)

    def _found(self) -> None:
        self._heading(_("What was found"))
        for exercise in self.content["exercises"]:
            reviewed = _("{n} repetitions, {reviewed} reviewed").format(
                n=exercise["total"], reviewed=exercise["reviewed"]
            )
            self._row((exercise["name"], reviewed), (60, 114), first=True)
            for one in exercise["findings"]:
                drawing.share_bar(self.pdf, _LEFT + 112, self.y + 1.4, 62, one["per_mille"])
                count = _("{count} of {total}").format(count=one["count"], total=exercise["total"])
                self._row(("", one["name"], count, one["share"]), (6, 58, 26, 20))
        if not self.content["exercises"]:
            self._write(_("No repetition was found in these days."), 10, INK_2)

    def _pictures(self) -> None:
        pictures = self.content["pictures"]
        if not pictures:
            return
        self._heading(_("The worst moment of each mistake"))
        self._key()
        top, height = self.y, _PICTURE_HEIGHT if len(pictures) > 2 else _TALL_PICTURE_HEIGHT
        for i, one in enumerate(pictures):
            row, column = divmod(i, 2)
            y = top + row * (height + 13)
            if y + height + 11 > _BOTTOM:
                self._write(_("More pictures are on the page of the session."), 9, INK_3)
                break
            self._picture(one, _LEFT + column * (_PICTURE_WIDTH + 6), y, height)
            self.y = y + height + 13

    def _key(self) -> None:
        """Say what solid and dashed mean."""
        x = _LEFT
        for which, words in (("performed", _("As performed")), ("corrected", _("Corrected"))):
            drawing.key(self.pdf, x, self.y + 2, which)
            self._text(x + 11, self.y, 30, words, 9)
            x += 45
        self._text(x, self.y, 80, _("Ring: where the difference shows"), 9, INK_2)
        self.y += 6

    def _picture(self, one: dict[str, Any], x: float, y: float, height: float) -> None:
        figure, half = one["drawing"], _PICTURE_WIDTH / 2
        scale = min((half - 1) / figure["width"], height / figure["height"])
        for which, left in (("performed", x), ("corrected", x + half)):
            middle = left + (half - figure["width"] * scale) / 2
            drawing.body(self.pdf, figure, which, middle, y + height - figure["height"] * scale, scale)
        below = y + height
        name = f"{one['exercise']}: {one['name']}"
        self._text(x, below + 1, _PICTURE_WIDTH, name, 10, bold=True)
        self._text(x, below + 5, _PICTURE_WIDTH, one["sentence"] or one["caption"], 9)
        marks = [one["caption"]] if one["sentence"] else []
        marks += [] if one["reviewed"] else [_("not reviewed")]
        marks += [] if one["verified"] else [_("correction not verified")]
        self._text(x, below + 8.6, _PICTURE_WIDTH, ", ".join(marks), 8, INK_3)

    # --- page two ---
    def second_page(self) -> None:
        self._new_page()
        for trend in self.content["trends"]:
            self._trend(trend)
        self._note()
        self._session_notes()
        self._reviewers()
        self._about()

    def _trend(self, trend: dict[str, Any]) -> None:
        points, rows = trend["points"], trend["rows"]
        if self.y + 22 + 11 * len(rows) + 5 * len(trend["measures"]) > _BOTTOM - 70:
            return
        self._heading(_("{exercise} over time").format(exercise=trend["exercise"]))
        if trend["sentence"]:
            self._write(f"{trend['sentence']} {trend['compared']}", 10)
        step = min(16.0, (_WIDTH - 52) / max(1, len(points)))
        totals = [point["total"] for point in points]
        for row in rows:
            self._text(_LEFT, self.y + 6, 50, row["name"], 9)
            self.pdf.set_font("exfb", "", 8)
            drawing.columns(self.pdf, _LEFT + 52, self.y, step, 10, row["counts"], totals)
            self.y += 11
        for i, point in enumerate(points):
            x = _LEFT + 52 + i * step
            self._text(x, self.y, step, point["name"], 7, INK_2, align="C")
            self._text(x, self.y + 3, step, f"n = {point['total']}", 7, INK_3, align="C")
        words = _("A column is the share of repetitions with that finding, the figure how many.")
        self.y += 7.5
        self._write(words, 8, INK_3)
        for one in trend["measures"]:
            cells = (one["name"], f"{one['first']} ({one['first_at']})", f"{one['last']} ({one['last_at']})")
            self._row(cells, (70, 52, 52))

    def _note(self) -> None:
        self._heading(_("Note of the clinician"))
        if not self.content["note"]:
            self._write(_("No note was written."), 10, INK_2)
            return
        others = 30 if self.content.get("session_notes") else 0
        self._write(self.content["note"], 10, most=max(12.0, self._room - others))
        self._write(self.content["note_by"], 9, INK_2)

    @property
    def _room(self) -> float:
        """Millimetres that are left above who reviewed and how this was made."""
        return _BOTTOM - 52 - self.y

    def _session_notes(self) -> None:
        notes = self.content.get("session_notes", [])  # not there in reports of before
        if not notes:
            return
        self._heading(_("Notes on the sessions"))
        for left, one in zip(range(len(notes), 0, -1), notes, strict=True):
            if self._room < 9:
                self._write(ngettext("and {n} more", "and {n} more", left).format(n=left), 9, INK_2)
                return
            self._write(f"{one['about']}: {one['text']} ({one['by']})", 9, most=max(5.0, self._room - 4))

    def _reviewers(self) -> None:
        self._heading(_("Reviewed by"))
        total = self.content["total"]
        for one in self.content["reviewers"]:
            words = ngettext("{n} of {total} repetitions", "{n} of {total} repetitions", one["count"]).format(
                n=one["count"], total=total
            )
            self._row((one["name"], words, one["days"]), (60, 54, 60), first=True)
        if not self.content["reviewers"]:
            self._write(_("Nobody yet."), 10, BAD, bold=True)

    def _about(self) -> None:
        self._heading(_("How this was made"))
        for release in self.content["releases"]:
            words = _("Model release {name}, SHA-256 {hash}…").format(
                name=release["name"], hash=release["sha256"][:16]
            )
            self._write(words, 9, INK_2)
        self._write(
            _(
                "exfb names mistakes and corrects motion with a network that learned from labelled "
                "recordings. It proposes, a clinician decides: a verdict stands in place of what the model "
                "found. It is no medical device and makes no diagnosis. Angles are those between lines "
                "through joints."
            ),
            9,
            INK_2,
        )

    # --- what both pages are made of ---
    def _new_page(self) -> None:
        self.pdf.add_page()
        self.y = _TOP
        if self.content["stamp"]:
            drawing.stamp(self.pdf, printable(self.content["stamp"]))
        self._text(_LEFT, 10, 100, self.content["clinic"], 9, INK_2)
        self._text(_LEFT + 74, 10, 100, _("Movement report"), 9, INK_2, align="R")
        at = date_format(datetime.fromisoformat(self.content["as_of"]), "j M Y, H:i")
        foot = _("{patient}, {period}. State of {at}.").format(
            patient=self.content["patient"], period=self.content["period"], at=at
        )
        self._text(_LEFT, 284, 150, foot, 8, INK_3)
        page = _("Page {number} of 2").format(number=self.pdf.page_no())
        self._text(_LEFT + 144, 284, 30, page, 8, INK_3, align="R")

    def _heading(self, words: str) -> None:
        self.y += 3
        self.pdf.set_draw_color(*LINE)
        self.pdf.set_line_width(0.25)
        self.pdf.line(_LEFT, self.y, _LEFT + _WIDTH, self.y)
        self.y += 1.5
        self._write(words, 12, bold=True, after=1)

    def _row(self, cells: Sequence[str], widths: Sequence[float], *, first: bool = False) -> None:
        """Write cells beside each other, each in one line; the first in bold where it names the row."""
        x = _LEFT
        for i, (text, width) in enumerate(zip(cells, widths, strict=True)):
            self._text(x, self.y, width - 2, text, 10, bold=first and i == 0)
            x += width
        self.y += 5

    def _text(
        self, x: float, y: float, width: float, words: str, size: float, colour: tuple[int, int, int] = INK,
        *, bold: bool = False, align: str = "L",
    ) -> None:  # fmt: skip
        """Write one line; what is too long for it ends with an ellipsis."""
        self.pdf.set_font("exfb", "B" if bold else "", size)
        self.pdf.set_text_color(*colour)
        self.pdf.set_xy(x, y)
        self.pdf.cell(width, size * 0.42, self._fitted(printable(words), width), align=align)

    def _fitted(self, text: str, width: float) -> str:
        if self.pdf.get_string_width(text) <= width:
            return text
        while text and self.pdf.get_string_width(text + "…") > width:
            text = text[:-1]
        return text.rstrip() + "…"

    def _write(
        self, words: str, size: float, colour: tuple[int, int, int] = INK, *, bold: bool = False,
        inset: float = 0.0, after: float = 0.6, most: float = 60.0,
    ) -> None:  # fmt: skip
        """Write a paragraph, cut where it is taller than `most`, and go on below it."""
        if not words:
            return
        self.pdf.set_font("exfb", "B" if bold else "", size)
        self.pdf.set_text_color(*colour)
        lines: list[str] = []
        for paragraph in words.splitlines():
            lines += self._lines(printable(paragraph), _WIDTH - inset) if paragraph.strip() else [""]
        height = size * 0.44
        shown = lines[: max(1, int(most / height))]
        if len(shown) < len(lines):
            shown[-1] = shown[-1].rstrip() + " …"
        for line in shown:
            self.pdf.set_xy(_LEFT + inset, self.y)
            self.pdf.cell(_WIDTH - inset, height, line, align=self.align)
            self.y += height
        self.y += after

    def _lines(self, text: str, width: float) -> list[str]:
        lines = self.pdf.multi_cell(
            width, None, text, align="L", dry_run=True, output="LINES", wrapmode=WrapMode.WORD
        )
        assert isinstance(lines, list)  # noqa: S101  # what output="LINES" gives
        return lines
