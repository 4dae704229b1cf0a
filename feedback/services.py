"""Writes of the feedback app, by their one name; the modules behind it keep them by topic."""

from feedback.baselines import BaselineError, add_to_baseline, take_out_of_baseline
from feedback.moves import MoveError, move_recording
from feedback.notes import NoteError, delete_note, write_note
from feedback.queue import (
    announce,
    cancel,
    claim,
    fail,
    give_back,
    record_step,
    request_analysis,
    retry,
)
from feedback.readings import confirm_recording
from feedback.reanalysis import analyse_clinic_again, analyse_patient_again
from feedback.recut import Cut, CutConflict, CutError, cut_anew
from feedback.release_comparison import request_comparison
from feedback.releases import activate_release, folder_of, install_release, release_in_use
from feedback.results import store_results
from feedback.sessions import refresh_session
from feedback.verdicts import VerdictConflict, VerdictError, give_verdict, labels_for

__all__ = [
    "BaselineError",
    "Cut",
    "CutConflict",
    "CutError",
    "MoveError",
    "NoteError",
    "VerdictConflict",
    "VerdictError",
    "activate_release",
    "add_to_baseline",
    "analyse_clinic_again",
    "analyse_patient_again",
    "announce",
    "cancel",
    "claim",
    "confirm_recording",
    "cut_anew",
    "delete_note",
    "fail",
    "folder_of",
    "give_back",
    "give_verdict",
    "install_release",
    "labels_for",
    "move_recording",
    "record_step",
    "refresh_session",
    "release_in_use",
    "request_analysis",
    "request_comparison",
    "retry",
    "store_results",
    "take_out_of_baseline",
    "write_note",
]
