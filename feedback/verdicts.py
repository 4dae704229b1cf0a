"""What clinicians say of a repetition: rows that are only ever added, of which the newest counts."""

from django.db import transaction

from feedback.models import Repetition, Verdict
from feedback.sessions import refresh_session
from ml.catalogue import CODES, exercise_of
from patients.models import AccessLogEntry, Patient, User
from patients.permissions import log_access, require

_Decision = Verdict.Decision
MAX_NOTE = 500


class VerdictError(ValueError):
    """A verdict is refused: `code` is one of `CODES`, `message` a sentence for the clinician."""

    CODES = ("unknown_decision", "unknown_label", "nothing_to_confirm", "nothing_to_undo", "note_too_long")

    def __init__(self, code: str, message: str) -> None:
        if code not in self.CODES:
            raise AssertionError(f"unlisted verdict code {code!r}")
        super().__init__(message)
        self.code = code
        self.message = message


def labels_for(repetition: Repetition) -> list[str]:
    """Return the classes that a clinician may choose from: the catalogue's and those the release learned."""
    learned = repetition.analysis.release.classes
    codes = [*CODES, *(code for code in learned if code not in CODES)]
    return [code for code in codes if exercise_of(code) == repetition.exercise]


def give_verdict(
    *, user: User, repetition: Repetition, decision: str, label: str = "", note: str = ""
) -> Verdict:
    """Add what a clinician says of a repetition. Saying again what already stands adds nothing."""
    patient = repetition.analysis.recording.patient
    require(user, patient, "may_review")
    note = note.strip()
    if len(note) > MAX_NOTE:
        raise VerdictError("note_too_long", f"A note may have at most {MAX_NOTE} characters.")
    with transaction.atomic():
        # One verdict at a time for a patient, so that "the newest" is never in doubt.
        Patient.objects.select_for_update(no_key=True).get(pk=patient.pk)
        newest = repetition.verdicts.first()
        decision, label = _settle(repetition, newest, decision, label)
        if newest and (newest.clinician_id, newest.decision, newest.label, newest.note) == (
            user.pk,
            decision,
            label,
            note,
        ):
            return newest
        verdict = Verdict.objects.create(
            repetition=repetition, clinician=user, decision=decision, label=label, note=note
        )
        log_access(user, patient, AccessLogEntry.Action.CREATE, "verdict", verdict.uuid)
        refresh_session(session=repetition.analysis.session)
    return verdict


def _settle(repetition: Repetition, newest: Verdict | None, decision: str, label: str) -> tuple[str, str]:
    """Return decision and label as they are kept, or refuse them."""
    if decision == _Decision.CONFIRMED:
        if repetition.abstained:
            raise VerdictError(
                "nothing_to_confirm", "The model was not sure and named nothing. Choose what you see."
            )
        return decision, repetition.finding
    if decision == _Decision.OVERRIDDEN:
        if label not in labels_for(repetition):
            raise VerdictError("unknown_label", f"Choose one of: {', '.join(labels_for(repetition))}.")
        agrees = label == repetition.finding and not repetition.abstained
        return (_Decision.CONFIRMED if agrees else decision), label
    if decision == _Decision.NOT_A_REPETITION:
        return decision, ""
    if decision == _Decision.UNDONE:
        if newest is None or newest.decision == _Decision.UNDONE:
            raise VerdictError("nothing_to_undo", "There is no verdict to take back.")
        return decision, ""
    raise VerdictError("unknown_decision", f"Choose one of: {', '.join(_Decision.values)}.")
