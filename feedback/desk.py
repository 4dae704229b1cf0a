"""What the review desk (the session page) shows of each repetition, in words and glyphs. No query."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from django.utils.translation import gettext as _

from feedback import wording
from feedback.body_words import ANGLE_NAMES
from feedback.models import Analysis, Correction, Repetition, Verdict
from feedback.previous import PreviousSession
from feedback.sentences import NOT_SURE, class_name, correction_sentence, same_sentence, shown_code
from feedback.shares import probability_text
from feedback.verdicts import labels_for
from feedback.worst_moment import DIFFERENCES
from ml.catalogue import is_correct

#: The findings that have a glyph of their own in icons.svg.
_GLYPHS = {
    "correct",
    "knees_inward",
    "feet_too_wide",
    "not_low_enough",
    "front_bent",
    "knee_passes_toe",
    "arched_back",
    "hunched_back",
    NOT_SURE,
}
#: From where a mistake shows; the player chooses where nothing is said here.
CAMERAS = {"knees_inward": "front", "feet_too_wide": "front"}
_SIDES = ("right", "left")
_LEG_ANGLES = tuple(
    f"{side}_{kind}" for kind in ("knee_flexion", "knee_valgus", "hip_flexion") for side in _SIDES
)
#: The angles that say something about an exercise; the first is shown where there is no correction.
_ANGLES = {
    "squat": (*_LEG_ANGLES, "trunk_lean"),
    "lunge": (*_LEG_ANGLES, "trunk_lean"),
    "plank": (
        "back_curve",
        "right_hip_flexion",
        "left_hip_flexion",
        "right_knee_flexion",
        "left_knee_flexion",
    ),
}
_STATES: dict[str | None, str] = {
    None: "open",
    Verdict.Decision.CONFIRMED: "confirmed",
    Verdict.Decision.OVERRIDDEN: "overridden",
    Verdict.Decision.NOT_A_REPETITION: "dropped",
}


class Choice(NamedTuple):
    """A class that a clinician may name."""

    number: int
    code: str
    name: str
    glyph: str
    is_shown: bool


class Spoken(NamedTuple):
    """A verdict in words: who decided what, when, and why."""

    at: datetime
    sentence: str
    note: str


@dataclass(frozen=True)
class Card:
    """One repetition on the review desk."""

    repetition: Repetition
    number: int
    total: int
    code: str
    name: str
    glyph: str
    state: str
    probability: str
    bar: int
    model_name: str
    runner_up: str
    runner_up_probability: str
    why: str
    cue: str
    seconds: float
    correction: Correction | None
    verdicts: Sequence[Spoken]
    choices: Sequence[Choice]
    camera: str
    angles: str

    @property
    def is_open(self) -> bool:
        return self.state == "open"

    @property
    def may_confirm(self) -> bool:
        return not self.repetition.abstained

    @property
    def failed_checks(self) -> list[str]:
        """Why the correction is not verified, in words."""
        return (
            [wording.check_sentence(check) for check in self.correction.failed_checks]
            if self.correction
            else []
        )


@dataclass(frozen=True)
class Tray:
    """A recording's repetitions on the review desk, or why it has none."""

    analysis: Analysis
    cards: Sequence[Card]
    trouble: str
    previous: PreviousSession | None


def page_words() -> dict[str, Any]:
    """Return the sentences that the modules of the session page say; {name} is filled in there."""
    return {
        "angles": ANGLE_NAMES,
        "more_angles": _("More angles"),
        "corrected": _("corrected"),
        "differs": DIFFERENCES,
        "than_corrected": _("than corrected: {performed}, not {corrected}"),
        "saved": _("Repetition {number} saved"),
        "taken_back": _("Repetition {number}: the verdict is taken back"),
        "take_back": _("Take back"),
        "not_saved": _("Repetition {number} is not saved. {reason} What you chose can be sent again."),
        "no_connection": _("There is no connection to the server."),
        "signed_out": _("You are signed out. Sign in in another tab, then try again."),
        "server_failed": _("The server could not save it."),
    }


def glyph(code: str) -> str:
    """Return the glyph of a class: a silhouette of its own, or an open circle for a clinic's own class."""
    name = "correct" if is_correct(code) else code.split(".", 1)[-1]
    return name if name in _GLYPHS else "sev-plain"


def trays(analyses: Sequence[Analysis], previous: Mapping[str, PreviousSession]) -> list[Tray]:
    """Return what the session page shows of each recording; expects `feedback.selectors.session_detail`.

    `previous` is the session before, by exercise.
    """
    return [
        Tray(analysis, _cards(analysis), _trouble(analysis), previous.get(analysis.exercise))
        for analysis in analyses
    ]


def _trouble(analysis: Analysis) -> str:
    if analysis.status == Analysis.Status.DONE:
        return ""
    return (
        wording.for_clinician(analysis.error_code) if analysis.error_code else analysis.get_status_display()
    )


def _cards(analysis: Analysis) -> list[Card]:
    repetitions = list(analysis.repetitions.all())
    return [_card(repetition, repetitions) for repetition in repetitions]


def _card(repetition: Repetition, all_of_it: Sequence[Repetition]) -> Card:
    code = shown_code(repetition)
    ranked = sorted(repetition.probabilities.items(), key=lambda item: -item[1])
    runner_up = next(
        ((other, p) for other, p in ranked if other != repetition.finding and p >= 0.01), ("", 0.0)
    )
    correction = None if repetition.abstained else getattr(repetition, "correction", None)
    kind = code.split(".", 1)[-1]
    return Card(
        repetition=repetition,
        number=repetition.index,
        total=len(all_of_it),
        code=code,
        name=class_name(code),
        glyph=glyph(code),
        state=_STATES[repetition.verdict_decision],
        probability=probability_text(repetition.probability),
        bar=round(repetition.probability * 100),
        model_name=class_name(repetition.finding),
        runner_up=class_name(runner_up[0]) if runner_up[0] else "",
        runner_up_probability=probability_text(runner_up[1]),
        why=_why(repetition, code, correction, all_of_it),
        cue=wording.for_patient("low_confidence" if code == NOT_SURE else code),
        seconds=(repetition.end_frame - repetition.start_frame) / repetition.frame_rate,
        correction=correction,
        verdicts=[_spoken(verdict) for verdict in repetition.verdicts.all()],
        choices=_choices(repetition, code),
        camera=CAMERAS.get(kind, ""),
        angles=" ".join(_ANGLES.get(repetition.exercise, ())),
    )


def _why(
    repetition: Repetition, code: str, correction: Correction | None, all_of_it: Sequence[Repetition]
) -> str:
    """Return what there is to see in the repetition, and in which others the same was found."""
    if code == NOT_SURE:
        return wording.for_clinician(repetition.abstained_reason or "low_confidence")
    if is_correct(code):
        return ""
    same = [other.index for other in all_of_it if other.pk != repetition.pk and shown_code(other) == code]
    parts = [correction_sentence(correction) if correction else _("There is no corrected motion for it.")]
    return " ".join([*parts, same_sentence(same)]).strip()


def _spoken(verdict: Verdict) -> Spoken:
    sentences = {
        Verdict.Decision.CONFIRMED: _("%(who)s confirmed: %(what)s."),
        Verdict.Decision.OVERRIDDEN: _("%(who)s decided: %(what)s."),
        Verdict.Decision.NOT_A_REPETITION: _("%(who)s decided: not a repetition."),
        Verdict.Decision.UNDONE: _("%(who)s took the verdict back."),
    }
    sentence = sentences[Verdict.Decision(verdict.decision)]
    what = class_name(verdict.label).lower() if verdict.label else ""
    return Spoken(verdict.at, sentence % {"who": verdict.clinician, "what": what}, verdict.note)


def _choices(repetition: Repetition, shown: str) -> list[Choice]:
    return [
        Choice(number, code, class_name(code), glyph(code), code == shown)
        for number, code in enumerate(labels_for(repetition), start=1)
    ]
