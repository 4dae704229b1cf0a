"""What the review desk (the session page) shows of each repetition, in words and glyphs. No query."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple
from uuid import UUID

from django.utils.translation import gettext as _

from feedback import wording
from feedback.baselines import MOST, may_be_baseline
from feedback.body_words import ANGLE_NAMES
from feedback.models import Analysis, BaselineRepetition, Correction, Note, Repetition, Verdict
from feedback.previous import PreviousSession
from feedback.sentences import (
    NOT_SURE,
    class_name,
    compared_sentence,
    correction_sentence,
    same_sentence,
    shown_code,
)
from feedback.shares import probability_text
from feedback.spoken import Spoken, both_names, spoken
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


#: The key of each reason while a mistake is chosen; none of them does anything else on the page.
_REASON_KEYS = {
    Verdict.Reason.SEEN: "S",
    Verdict.Reason.TRACKING: "T",
    Verdict.Reason.FINE: "F",
    Verdict.Reason.MINOR: "M",
    Verdict.Reason.EXAMINED: "E",
    Verdict.Reason.OTHER: "A",
}


class Choice(NamedTuple):
    """A class that a clinician may name."""

    number: int
    code: str
    name: str
    glyph: str
    is_correct: bool


class ReasonChoice(NamedTuple):
    """Why a clinician says other than the model."""

    key: str
    code: str
    name: str


@dataclass(frozen=True)
class Card:
    """One repetition on the review desk."""

    repetition: Repetition
    number: int
    total: int
    code: str
    name: str
    glyph: str
    second_glyph: str
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
    spoken: Sequence[Spoken]
    choices: Sequence[Choice]
    before: UUID | None
    camera: str
    angles: str
    baseline: Sequence[BaselineRepetition]

    @property
    def seen(self) -> UUID | str:
        """The newest verdict, with which a decision says what it was made in knowledge of."""
        newest = next(iter(self.repetition.verdicts.all()), None)
        return newest.uuid if newest else ""

    @property
    def is_open(self) -> bool:
        return self.state == "open"

    @property
    def may_confirm(self) -> bool:
        return not self.repetition.abstained

    @property
    def is_baseline(self) -> bool:
        return hasattr(self.repetition, "baseline_mark")

    @property
    def may_be_baseline(self) -> bool:
        return may_be_baseline(self.repetition) and len(self.baseline) < MOST

    @property
    def most(self) -> int:
        return MOST

    @property
    def compared(self) -> str:
        """How sure the model could be for want of a baseline, in words."""
        return compared_sentence(self.repetition.analysis, self.baseline)

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
    #: What newer releases would say otherwise, in a sentence each.
    would_differ: Sequence[str]


class Beside(NamedTuple):
    """What a session's recordings are shown beside."""

    #: The session before, by exercise.
    previous: Mapping[str, PreviousSession]
    #: By the key of their repetition.
    notes: Mapping[int | None, Sequence[Note]]
    #: This person's baseline, by exercise.
    baselines: Mapping[str, Sequence[BaselineRepetition]]
    #: What newer releases would say otherwise, by the key of the analysis that is shown.
    differences: Mapping[int, Sequence[str]]


def by_repetition(notes: Iterable[Note]) -> dict[int | None, list[Note]]:
    """Return notes by the key of their repetition; None: of the whole session."""
    found = defaultdict[int | None, list[Note]](list)
    for note in notes:
        found[note.repetition_id].append(note)
    return found


def page_words() -> dict[str, Any]:
    """Return the sentences that the modules of the session page say; {name} is filled in there."""
    return {
        "angles": ANGLE_NAMES,
        "more_angles": _("More angles"),
        "corrected": _("corrected"),
        "differs": DIFFERENCES,
        "than_corrected": _("than corrected: {performed}, not {corrected}"),
        "before": _("before: {before}"),
        "link_copied": _("The link to this view is copied."),
        "link_above": _("The address of this page is the link to this view."),
        "saved": _("Repetition {number} saved"),
        "taken_back": _("Repetition {number}: the verdict is taken back"),
        "take_back": _("Take back"),
        "not_saved": _("Repetition {number} is not saved."),
        "look": _("Look"),
        "note_saved": _("The note is saved."),
        "note_refused": _("The note is not saved. {reason} It stands where you wrote it."),
        "note_deleted": _("The note is deleted."),
        "note_not_deleted": _("The note could not be deleted. Try again."),
        "yours": _("Yours, not saved: {yours}."),
        "gone": _("This repetition is no longer there, or no longer yours to judge: load the page again."),
        "in_baseline": _("The next recordings are compared with this repetition too."),
        "no_baseline": _("The baseline was not changed: there is no connection, or you are signed out."),
        "out_of_baseline": _("The next recordings are not compared with that repetition any more."),
        "server_failed": _("The server could not save it."),
        "decisions": {decision.value: decision.label for decision in Verdict.Decision},
    }


def reasons() -> list[ReasonChoice]:
    """Return why a clinician may say other than the model, each with its key."""
    return [ReasonChoice(key, reason.value, str(reason.label)) for reason, key in _REASON_KEYS.items()]


def glyph(code: str) -> str:
    """Return the glyph of a class: a silhouette of its own, or an open circle for a clinic's own class."""
    name = "correct" if is_correct(code) else code.split(".", 1)[-1]
    return name if name in _GLYPHS else "sev-plain"


def trays(analyses: Sequence[Analysis], beside: Beside) -> list[Tray]:
    """Return what the session page shows of each recording; expects `feedback.selectors.session_detail`."""
    return [
        Tray(
            analysis,
            _cards(analysis, beside),
            _trouble(analysis),
            beside.previous.get(analysis.exercise),
            beside.differences.get(analysis.pk, ()),
        )
        for analysis in analyses
    ]


def _trouble(analysis: Analysis) -> str:
    if analysis.status == Analysis.Status.DONE:
        return ""
    return (
        wording.for_clinician(analysis.error_code) if analysis.error_code else analysis.get_status_display()
    )


def _cards(analysis: Analysis, beside: Beside) -> list[Card]:
    repetitions = list(analysis.repetitions.all())
    return [_card(repetition, repetitions, beside) for repetition in repetitions]


def _card(repetition: Repetition, all_of_it: Sequence[Repetition], beside: Beside) -> Card:
    code, second = shown_code(repetition), repetition.second_label
    ranked = sorted(repetition.probabilities.items(), key=lambda item: -item[1])
    runner_up = next(
        ((other, p) for other, p in ranked if other != repetition.finding and p >= 0.01), ("", 0.0)
    )
    correction = None if repetition.abstained else getattr(repetition, "correction", None)
    kind = code.split(".", 1)[-1]
    before = beside.previous.get(repetition.exercise)
    return Card(
        repetition=repetition,
        number=repetition.index,
        total=len(all_of_it),
        code=code,
        name=both_names(code, second),
        glyph=glyph(code),
        second_glyph=glyph(second) if second else "",
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
        spoken=spoken(repetition.verdicts.all(), beside.notes.get(repetition.pk, ())),
        choices=_choices(repetition),
        before=before.beside(repetition.index) if before else None,
        camera=CAMERAS.get(kind, ""),
        angles=" ".join(_ANGLES.get(repetition.exercise, ())),
        baseline=beside.baselines.get(repetition.exercise, ()),
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


def _choices(repetition: Repetition) -> list[Choice]:
    return [
        Choice(number, code, class_name(code), glyph(code), is_correct(code))
        for number, code in enumerate(labels_for(repetition), start=1)
    ]
