"""How a recording was read, in a sentence to confirm: "Looks like millimetres, y up, 100 Hz."."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ml.poses.facts import ASKED, Fact
from patients.models import Recording

#: What the reader calls a unit, and what people call it.
UNITS = {
    "m": gettext_lazy("metres"),
    "cm": gettext_lazy("centimetres"),
    "mm": gettext_lazy("millimetres"),
    "inch": gettext_lazy("inches"),
    "0.45 inch": gettext_lazy("CMU's unit of 0.45 inch"),
}
_HOW = {
    "file": gettext_lazy("the file says so"),
    "format": gettext_lazy("the format fixes it"),
    "body": gettext_lazy("told by the body"),
    "usual": gettext_lazy("assumed: the file does not say it"),
    "person": gettext_lazy("a person said so"),
}
_ABOUT = {
    "frame rate": gettext_lazy("Frame rate"),
    "unit": gettext_lazy("Unit"),
    "axes": gettext_lazy("Axes"),
    "sides": gettext_lazy("Left and right"),
    "person": gettext_lazy("Person"),
    "skeleton": gettext_lazy("Skeleton"),
}


def reading_sentence(recording: Recording) -> str:
    """Return what the recording looks like: unit, axes, rate, sides, and whom it shows."""
    parts = [_said(fact) for fact in recording.known_facts]
    order = ("unit", "axes", "frame rate", "sides", "person")
    by_name = {fact.about: part for fact, part in zip(recording.known_facts, parts, strict=True)}
    return _("Looks like %(parts)s.") % {
        "parts": ", ".join(by_name[name] for name in order if name in by_name)
    }


def fact_rows(recording: Recording) -> list[tuple[str, str, str, bool]]:
    """Return of each fact its name, its value, how it is known, and whether a person is asked for it."""
    return [
        (
            str(_ABOUT.get(fact.about, fact.about.capitalize())),
            _said(fact) if fact.about in _ABOUT else fact.value,
            str(_HOW[fact.known]) if fact.known != "format" or not fact.how else fact.how,
            fact.known in ASKED and recording.confirmed_at is None,
        )
        for fact in recording.known_facts
    ]


def _said(fact: Fact) -> str:
    if fact.about == "unit":
        return str(UNITS.get(fact.value, fact.value))
    if fact.about == "sides":
        return _("a mirrored room") if fact.value == "mirrored" else _("left and right exchanged")
    if fact.about == "person":
        return _("person %(which)s") % {"which": fact.value}
    return fact.value
