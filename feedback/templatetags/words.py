"""Turns codes into what people see: a finding's glyph and name, and the sentence for a patient."""

from datetime import date, datetime

from django import template
from django.utils import timezone
from django.utils.formats import date_format

from feedback.desk import glyph
from feedback.reading_words import quality_sentences
from feedback.sentences import class_name, shown_code
from feedback.shares import share_text
from feedback.wording import exercise_name, for_patient
from ml.catalogue import exercise_of

register = template.Library()
register.filter("class_name", class_name)
register.filter("glyph", glyph)
register.filter("shown_code", shown_code)
register.filter("for_patient", for_patient)
register.filter("quality_sentences", quality_sentences)


@register.filter
def share(value: float | None) -> str:
    """Return a share in per cent, or a dash where there is none."""
    return "–" if value is None else share_text(value)


@register.filter
def short_day(day: date) -> str:
    """Return a day with little room: without its year where that is the present one."""
    moment = timezone.localtime(day) if isinstance(day, datetime) else day
    return date_format(moment, "j M" if moment.year == timezone.localdate().year else "j M Y")


@register.filter
def exercise(code: str) -> str:
    """Return the name of a class's exercise."""
    return exercise_name(exercise_of(code))


@register.inclusion_tag("_finding.html")
def finding(code: str) -> dict[str, str]:
    """Show a finding as its silhouette with its name."""
    return {"glyph": glyph(code), "name": class_name(code)}
