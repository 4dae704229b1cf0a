"""The sentences that tell a clinician where to look, in a session and in a repetition."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from feedback import wording
from feedback.body_words import JOINT_NAMES
from feedback.models import Analysis, Correction, ExerciseSession, Repetition, Verdict
from ml.catalogue import is_correct

NOT_SURE = "not_sure"


class Sentence(NamedTuple):
    """What to look at: the key fact, what else, and in a second line the rest."""

    key: str
    more: str
    rest: str


def shown_code(repetition: Repetition) -> str:
    """Return what counts of a repetition: the verdict's label, else the finding, else that it is not sure.

    Expects what `feedback.selectors.judged_repetitions` annotates.
    """
    undecided = repetition.abstained and repetition.verdict_decision is None
    return NOT_SURE if undecided else repetition.label


def shown_codes(repetition: Repetition) -> list[str]:
    """Return all that counts of a repetition: `shown_code`, and the other mistake of two at once."""
    return [code for code in (shown_code(repetition), repetition.second_label) if code]


def shown_repetitions(session: ExerciseSession) -> list[Repetition]:
    """Return a session's repetitions in order, without what a clinician called none. No query.

    Expects `shown_analyses` as `feedback.selectors` gives them.
    """
    return [
        repetition
        for analysis in session.shown_analyses
        for repetition in analysis.repetitions.all()
        if repetition.verdict_decision != Verdict.Decision.NOT_A_REPETITION
    ]


def listed(words: Sequence[str]) -> str:
    """Return words as a list in a sentence: "4, 6 and 8"."""
    if len(words) < 2:
        return "".join(words)
    return _("%(most)s and %(last)s") % {"most": ", ".join(words[:-1]), "last": words[-1]}


def session_sentence(session: ExerciseSession) -> Sentence:
    """Return what a clinician should look at in a session, from its repetitions and its pain. No query."""
    repetitions, analyses = shown_repetitions(session), session.shown_analyses
    mistakes = _mistake_clauses(repetitions)
    clauses = [*mistakes[:1], *_unclear_clause(repetitions, analyses), *mistakes[1:]]
    if not clauses and repetitions:
        number = len(repetitions)
        clauses = [
            ngettext("the only repetition is correct", "all %(number)d correct", number) % {"number": number}
        ]
    pain: int | None = session.pain
    if pain is not None and pain >= ExerciseSession.PAIN_THRESHOLD:
        clauses.insert(0, _("pain %(pain)d of 10") % {"pain": pain})
    trouble = _trouble(analyses)
    if not clauses:
        return Sentence(trouble or _("No repetition was found."), "", "")
    rest = " ".join([*(f"{capfirst(clause)}." for clause in clauses[3:]), trouble]).strip()
    return Sentence(capfirst(clauses[0]), "".join(f"; {clause}" for clause in clauses[1:3]) + ".", rest)


def _mistake_clauses(repetitions: Sequence[Repetition]) -> list[str]:
    """Return "knees inward in 5 of 10" for each mistake, the most frequent first."""
    totals = Counter(repetition.exercise for repetition in repetitions)
    mistakes = Counter(
        (repetition.exercise, code)
        for repetition in repetitions
        for code in shown_codes(repetition)
        if code != NOT_SURE and not is_correct(code)
    )
    clauses: list[str] = []
    told: set[str] = set()
    for (exercise, code), number in mistakes.most_common():
        clauses.append(
            _mistake_clause(
                code,
                number,
                total=None if exercise in told else totals[exercise],
                exercise=exercise if len(totals) > 1 else "",
            )
        )
        told.add(exercise)
    return clauses


def _mistake_clause(code: str, number: int, *, total: int | None, exercise: str) -> str:
    values = {"mistake": class_name(code).lower(), "number": number, "total": total}
    clause = (
        _("%(mistake)s in %(number)d") if total is None else _("%(mistake)s in %(number)d of %(total)d")
    ) % values
    return f"{wording.exercise_name(exercise)}: {clause}" if exercise else clause


def _unclear_clause(repetitions: Sequence[Repetition], analyses: Sequence[Analysis]) -> list[str]:
    unclear = [repetition.index for repetition in repetitions if shown_code(repetition) == NOT_SURE]
    if not unclear:
        return []
    if len(analyses) > 1:  # each recording counts from 1, so a number would not say which
        return [
            ngettext("%(number)d repetition is unclear", "%(number)d repetitions are unclear", len(unclear))
            % {"number": len(unclear)}
        ]
    numbers = {"numbers": listed([str(index) for index in unclear])}
    return [
        ngettext("repetition %(numbers)s is unclear", "repetitions %(numbers)s are unclear", len(unclear))
        % numbers
    ]


def _trouble(analyses: Iterable[Analysis]) -> str:
    failures = (Analysis.Status.FAILED, Analysis.Status.NEEDS_ATTENTION)
    failed = sum(analysis.status in failures for analysis in analyses)
    if not failed:
        return ""
    return ngettext(
        "%(number)d recording could not be analysed.", "%(number)d recordings could not be analysed.", failed
    ) % {"number": failed}


def class_name(code: str) -> str:
    """Return the name of a class as a page shows it, or of being not sure."""
    return _("Not sure") if code == NOT_SURE else wording.class_name(code)


def correction_sentence(correction: Correction) -> str:
    """Return what the corrected motion changes most, and by how much."""
    joints = [str(JOINT_NAMES.get(joint, joint)) for joint in correction.joints[:2]]
    return _("The corrected motion moves the %(joints)s most, by up to %(centimetres)d cm.") % {
        "joints": listed(joints) or _("body"),
        "centimetres": round(correction.largest_shift_m * 100),
    }


def compared_sentence(analysis: Analysis, baseline: Sequence[object]) -> str:
    """Return with how many of this person's correct repetitions a recording was compared.

    `baseline` is what there is of it now. Nothing where the release compares with none.
    """
    if analysis.baseline is None:
        return ""
    if number := len(analysis.baseline):
        return ngettext(
            "Compared with %(number)d correct repetition of this person.",
            "Compared with %(number)d correct repetitions of this person.",
            number,
        ) % {"number": number}
    if baseline:
        return _("Analysed without a baseline of this person: the model was less sure.")
    return _("No baseline of this person yet: the model is less sure.")


def same_sentence(numbers: Sequence[int]) -> str:
    """Return in which other repetitions of a recording the same was found; nothing where in none."""
    if not numbers:
        return ""
    return ngettext("Same in repetition %(numbers)s.", "Same in repetitions %(numbers)s.", len(numbers)) % {
        "numbers": listed([str(number) for number in numbers])
    }
