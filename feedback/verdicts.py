"""What clinicians say of a repetition: rows that are only ever added, of which the newest counts."""

from dataclasses import dataclass, replace
from types import EllipsisType
from uuid import UUID

from django.db import transaction

from feedback import wording
from feedback.baselines import drop_if_not_correct
from feedback.models import Repetition, Verdict
from feedback.recut import is_cut_anew
from feedback.refusals import Refusal
from feedback.sessions import refresh_session
from ml.catalogue import CODES, exercise_of, is_correct
from patients.models import AccessLogEntry, Patient, User
from patients.permissions import log_access, require

_Decision = Verdict.Decision
MAX_NOTE = 500


class VerdictError(Refusal):
    """A verdict is refused."""

    SENTENCES = wording.VERDICTS


class VerdictConflict(VerdictError):
    """The clinician had not seen `standing`, the newest verdict, or that the repetition was cut anew."""

    def __init__(self, standing: Verdict | None, code: str = "changed_meanwhile") -> None:
        super().__init__(code)
        self.standing = standing


@dataclass(frozen=True)
class Said:
    """What a clinician says, as it is kept: `second_label` is the other of two mistakes at once."""

    decision: str
    label: str = ""
    second_label: str = ""
    reason: str = ""
    note: str = ""

    def is_same_as(self, verdict: Verdict | None) -> bool:
        """Tell whether a verdict says the same of the repetition, for whatever reason."""
        return verdict is not None and (self.decision, self.label, self.second_label) == (
            verdict.decision,
            verdict.label,
            verdict.second_label,
        )


def labels_for(repetition: Repetition) -> list[str]:
    """Return the classes that a clinician may choose from: the catalogue's and those the release learned."""
    learned = repetition.analysis.release.classes
    codes = [*CODES, *(code for code in learned if code not in CODES)]
    return [code for code in codes if exercise_of(code) == repetition.exercise]


def give_verdict(
    *,
    user: User,
    repetition: Repetition,
    decision: str,
    label: str = "",
    second_label: str = "",
    reason: str = "",
    note: str = "",
    uuid: UUID | None = None,
    seen: UUID | EllipsisType | None = ...,
) -> tuple[Verdict, bool]:
    """Add what a clinician says of a repetition; return the verdict and whether it is new.

    A verdict whose `uuid` is there already is not added again; saying again what already stands adds nothing.
    `seen` is the newest verdict that the clinician knew of (None: of none): where another one came meanwhile
    that says something else, `VerdictConflict` is raised. Left out, this is not asked. So it is where the
    repetition was cut anew meanwhile.
    """
    patient = repetition.analysis.recording.patient
    require(user, patient, "may_review")
    said = _settle(repetition, Said(decision, label, second_label, reason, note.strip()))
    with transaction.atomic():
        # One verdict at a time for a patient, so that "the newest" is never in doubt.
        Patient.objects.select_for_update(no_key=True).get(pk=patient.pk)
        if uuid and (sent := Verdict.objects.filter(uuid=uuid).first()):
            if (sent.repetition_id, sent.clinician_id) != (repetition.pk, user.pk):
                raise VerdictError("id_taken")
            return sent, False
        newest = repetition.verdicts.first()
        if is_cut_anew(repetition):
            raise VerdictConflict(newest, "cut_anew")
        if _is_surprised(said, newest, seen):
            raise VerdictConflict(newest)
        if said.decision == _Decision.UNDONE and (newest is None or newest.decision == _Decision.UNDONE):
            raise VerdictError("nothing_to_undo")
        if newest and newest.clinician_id == user.pk and said == _said(newest):
            return newest, False
        given = {"uuid": uuid} if uuid else {}
        verdict = Verdict.objects.create(repetition=repetition, clinician=user, **vars(said), **given)
        log_access(user, patient, AccessLogEntry.Action.CREATE, "verdict", verdict.uuid)
        drop_if_not_correct(user=user, repetition=repetition)
        refresh_session(session=repetition.analysis.session)
    return verdict, True


def _said(verdict: Verdict) -> Said:
    return Said(verdict.decision, verdict.label, verdict.second_label, verdict.reason, verdict.note)


def _is_surprised(said: Said, newest: Verdict | None, seen: UUID | EllipsisType | None) -> bool:
    """Tell whether the clinician would overrule a verdict that they have not seen."""
    if seen is ... or seen == (newest.uuid if newest else None):
        return False
    return not said.is_same_as(newest)


def _settle(repetition: Repetition, said: Said) -> Said:
    """Return what is said as it is kept, or refuse it."""
    if len(said.note) > MAX_NOTE:
        raise VerdictError("note_too_long", most=MAX_NOTE)
    if said.reason and said.reason not in Verdict.Reason.values:
        raise VerdictError("unknown_reason", choices=", ".join(Verdict.Reason.values))
    if said.decision == _Decision.CONFIRMED:
        if repetition.abstained:
            raise VerdictError("nothing_to_confirm")
        return Said(said.decision, repetition.finding, note=said.note)
    if said.decision == _Decision.OVERRIDDEN:
        return _settle_override(repetition, said)
    if said.decision == _Decision.NOT_A_REPETITION:
        return replace(said, label="", second_label="")
    if said.decision == _Decision.UNDONE:
        return Said(said.decision, note=said.note)
    raise VerdictError("unknown_decision", choices=", ".join(_Decision.values))


def _settle_override(repetition: Repetition, said: Said) -> Said:
    """Name one class, or two mistakes in one order: the model's finding first, else as in the catalogue."""
    known = labels_for(repetition)
    chosen = [said.label, said.second_label] if said.second_label else [said.label]
    if any(code not in known for code in chosen):
        raise VerdictError("unknown_label", choices=", ".join(known))
    if len(chosen) == 2 and (said.label == said.second_label or any(map(is_correct, chosen))):
        raise VerdictError("not_two_mistakes")
    if chosen == [repetition.finding] and not repetition.abstained:
        return Said(_Decision.CONFIRMED, said.label, note=said.note)
    chosen.sort(key=lambda code: (code != repetition.finding, known.index(code)))
    return replace(said, label=chosen[0], second_label=chosen[1] if len(chosen) == 2 else "")
