"""How a recording was read, in a sentence to confirm: "Looks like millimetres, y up, 100 Hz."."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop

from feedback.body_words import JOINT_NAMES, LIMB_NAMES, PART_NAMES
from feedback.wording import QUALITY
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
ABOUT = {
    "frame rate": gettext_lazy("Frame rate"),
    "unit": gettext_lazy("Unit"),
    "axes": gettext_lazy("Axes"),
    "sides": gettext_lazy("Left and right"),
    "person": gettext_lazy("Person"),
    "skeleton": gettext_lazy("Skeleton"),
    "hips": gettext_lazy("Hips"),
    "shoulders": gettext_lazy("Shoulders"),
    "knees and ankles": gettext_lazy("Knees and ankles"),
    "vertical": gettext_lazy("Vertical"),
}
#: What readers say of how a format fixes something, and of joints that they made of others.
TOLD = (
    gettext_noop("as the data set"),
    gettext_noop("as MediaPipe's world landmarks"),
    gettext_noop("as the sensor's"),
    gettext_noop("a thigh is taken for 0.42 m"),
    gettext_noop("estimated in every frame"),
    gettext_noop("from feet and balance"),
    gettext_noop("from the number and places of the joints"),
    gettext_noop("from where the first joint lies"),
    gettext_noop("from the pelvis markers"),
    gettext_noop("after Harrington et al. 2007"),
    gettext_noop("below the acromion"),
    gettext_noop("after Rab et al. 2002"),
    gettext_noop("from markers"),
    gettext_noop("inward of the lateral markers by half the usual joint width"),
)


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
            str(ABOUT.get(fact.about, fact.about.capitalize())),
            _said(fact),
            str(_HOW[fact.known]) if fact.known != "format" or not fact.how else _(fact.how),
            fact.known in ASKED and recording.confirmed_at is None,
        )
        for fact in recording.known_facts
    ]


def quality_sentences(recording: Recording) -> list[str]:
    """Return a sentence for each thing that lowers the quality of a recording."""
    names = {**JOINT_NAMES, **PART_NAMES, **LIMB_NAMES}
    return [
        str(QUALITY[reason.code]).format(
            **{key: names.get(value, value) for key, value in reason.values.items()}
        )
        for reason in recording.known_reasons
    ]


def _said(fact: Fact) -> str:
    if fact.about == "unit":
        return str(UNITS.get(fact.value, fact.value))
    if fact.about == "sides":
        return _("a mirrored room") if fact.value == "mirrored" else _("left and right exchanged")
    if fact.about == "person":
        which, __, many = fact.value.partition(" of ")
        return _("person %(which)s of %(many)s") % {"which": which, "many": many}
    if fact.about == "axes":
        return _("%(axis)s up") % {"axis": fact.value.removesuffix(" up")}
    return _(fact.value) if fact.value in TOLD else fact.value
