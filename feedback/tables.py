"""Tables as CSV files that a spreadsheet opens without running anything in them."""

import csv
from collections.abc import Iterable, Sequence

from django.http import HttpResponse

#: What a spreadsheet takes for the beginning of a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def csv_response(name: str, head: Sequence[str], rows: Iterable[Sequence[object]]) -> HttpResponse:
    """Return a table as an attachment, in UTF-8 with the mark that spreadsheets look for."""
    response = HttpResponse(
        "\ufeff",
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}.csv"'},
    )
    writer = csv.writer(response)
    for row in (head, *rows):
        writer.writerow([_cell(value) for value in row])
    return response


def _cell(value: object) -> object:
    """Return a number as it is; words that could start a formula behind an apostrophe."""
    if isinstance(value, int | float):
        return value
    text = str(value)
    return f"'{text}" if text.lstrip().startswith(_FORMULA) or text.startswith(_FORMULA) else text
