"""The sentence that a person reads for a code, one for clinicians and one for the patient; names of classes.

Every code that the system can store or answer is here once. A clinic's own classes have no entry: their name
comes from their code.
"""

from collections.abc import Iterable
from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from ml.catalogue import is_correct
from patients.models import Exercise

Text = str | Promise


class Sentences(NamedTuple):
    """What a code means, for each kind of reader."""

    clinician: Text
    patient: Text


class Mistake(NamedTuple):
    """A class: its name, what the clinician is told of it, and the one cue that the patient reads."""

    name: Text
    clinician: Text
    #: An imperative of at most 15 words.
    patient: Text


CLASSES: dict[str, Mistake] = {
    "squat.correct": Mistake(
        _("Correct"), _("The squat was done correctly."), _("Well done, keep squatting just like this.")
    ),
    "squat.correct_bis": Mistake(
        _("Correct, second kind"),
        _("The squat was done correctly, in the second way that the published network tells apart."),
        _("Well done, keep squatting just like this."),
    ),
    "squat.feet_too_wide": Mistake(
        _("Feet too wide"),
        _("The feet stand wider than the shoulders."),
        _("Stand with your feet as wide as your shoulders."),
    ),
    "squat.knees_inward": Mistake(
        _("Knees fall inward"),
        _("The knees fall inward, towards each other, as the person sinks."),
        _("Push your knees out over your toes as you sit down."),
    ),
    "squat.not_low_enough": Mistake(
        _("Not low enough"),
        _("The hips stop before the thighs are level."),
        _("Sit lower, until your thighs are level with the floor."),
    ),
    "squat.front_bent": Mistake(
        _("Trunk bent forward"),
        _("The trunk bends too far forward over the thighs."),
        _("Keep your chest up and look ahead as you sit down."),
    ),
    "lunge.correct": Mistake(
        _("Correct"), _("The lunge was done correctly."), _("Well done, keep lunging just like this.")
    ),
    "lunge.not_low_enough": Mistake(
        _("Not low enough"),
        _("The hips stop too high and the back knee stays far from the floor."),
        _("Sink lower, until your back knee nearly touches the floor."),
    ),
    "lunge.knee_passes_toe": Mistake(
        _("Knee passes the toes"),
        _("The front knee travels forward past the toes."),
        _("Take a longer step and keep your front knee above your foot."),
    ),
    "plank.correct": Mistake(
        _("Correct"),
        _("The plank was held correctly."),
        _("Well done, keep holding it just like this."),
    ),
    "plank.arched_back": Mistake(
        _("Arched back"),
        _("The hips sag and the lower back arches."),
        _("Tighten your belly and lift your hips until your body is one line."),
    ),
    "plank.hunched_back": Mistake(
        _("Hunched back"),
        _("The hips are raised and the back is rounded."),
        _("Lower your hips until your shoulders, hips and heels form one line."),
    ),
}

#: A file is refused at upload, or turns out to be unusable when it is analysed.
UPLOAD: dict[str, Sentences] = {
    "empty_file": Sentences(
        _("The file is empty. Export or upload it again."),
        _("This file is empty. Please choose the recording again."),
    ),
    "unknown_format": Sentences(
        _(
            "This is no pose file that exfb knows. Upload MediaPipe Pose world landmarks, TRC, C3D, BVH, "
            "NPZ, CSV or exfb JSON; a video has to be turned into poses first."
        ),
        _("This file is not a recording of your movement. Please choose another file."),
    ),
    "unsafe_format": Sentences(
        _("The file holds program objects (a pickle), which are never opened. Export plain numbers instead."),
        _("For safety this kind of file is not opened. Please choose another file."),
    ),
    "truncated": Sentences(
        _("The file ends in the middle or is damaged. Export or upload it again."),
        _("This file is damaged. Please upload it again."),
    ),
    "too_large": Sentences(
        _("The file is too large. Cut the recording, or use a more compact format."),
        _("This recording is too large. Please record for a shorter time."),
    ),
    "too_many_frames": Sentences(
        _("The recording is too long. Cut it to the exercise and upload it again."),
        _("This recording is too long. Please record for a shorter time."),
    ),
    "too_few_frames": Sentences(
        _("The recording is too short to hold a repetition. Record at least one whole repetition."),
        _("This recording is too short. Please record at least one whole repetition."),
    ),
    "no_frame_rate": Sentences(
        _("The file does not tell its frames per second. Export it with its frame rate or time stamps."),
        _("This file does not say how fast it was recorded. Please ask your clinic how to export it."),
    ),
    "bad_frame_rate": Sentences(
        _("The frame rate in the file cannot be right. Export it with the true frame rate or time stamps."),
        _("This file states an impossible speed. Please ask your clinic how to export it."),
    ),
    "no_person": Sentences(
        _("No person was found in the recording. Check that the whole body is in view."),
        _("You cannot be seen in this recording. Please record again with your whole body in view."),
    ),
    "several_people": Sentences(
        _("More than one person is in the recording. Upload one with the patient alone."),
        _("There is more than one person in this recording. Please record yourself alone."),
    ),
    "missing_joints": Sentences(
        _("Joints that are needed are missing from the file. Export the whole body, feet included."),
        _("Not all of your body is in this recording. Please record from head to feet."),
    ),
    "missing_values": Sentences(
        _("Joints were out of sight for too long to be filled in. Record again with the whole body in view."),
        _("Part of your body was hidden for too long. Please record again with your whole body in view."),
    ),
    "not_3d": Sentences(
        _("The positions are flat (2D). Export them in three dimensions (world landmarks)."),
        _("This recording is flat. Please ask your clinic how to record in three dimensions."),
    ),
    "not_metres": Sentences(
        _("The sizes in the file are not those of a person. Export positions in metres."),
        _("The sizes in this recording cannot be right. Please ask your clinic how to export it."),
    ),
    "bad_date": Sentences(
        _("The time of the recording lies in the future. Correct it."),
        _("The time of the recording lies in the future. Please correct it."),
    ),
    "bad_pain": Sentences(
        _("Pain is a whole number from 0 to 10."), _("Please state your pain as a number from 0 to 10.")
    ),
    "bad_exercise": Sentences(
        _("This exercise is not known. Choose one from the list, or leave it open."),
        _("This exercise is not known. Please choose one from the list."),
    ),
}

#: An analysis ended without a result. The recording is kept.
ANALYSIS: dict[str, Sentences] = {
    "no_repetition_found": Sentences(
        _(
            "No squat, lunge or plank was found in the recording. Check that it shows a whole one; "
            "if it does, mark it by hand."
        ),
        _("No squat, lunge or plank was found. Please record the whole exercise, from start to end."),
    ),
    "unknown_exercise": Sentences(
        _("The model release does not know this exercise. Choose another release, or name another exercise."),
        _("This exercise cannot be looked at automatically. Your physiotherapist will take a look."),
    ),
    "file_missing": Sentences(
        _("The stored file could not be opened. Ask who runs exfb to check the storage."),
        _("Your recording could not be opened. Please tell your clinic."),
    ),
    "release_unusable": Sentences(
        _("The model release could not be loaded. Ask who runs exfb to install it again, then try again."),
        _("Your recording is safe, but it cannot be looked at right now. Your clinic will take care of it."),
    ),
    "took_too_long": Sentences(
        _("The analysis took too long and was stopped. Cut the recording and upload it again."),
        _("This recording took too long to look at. Please record for a shorter time."),
    ),
    "worker_lost": Sentences(
        _("The analysis was cut off each time. The recording is kept; ask who runs exfb to see why."),
        _("Your recording is safe, but something went wrong on our side. Your clinic will take care of it."),
    ),
    "internal_error": Sentences(
        _("The analysis failed through a fault of exfb. The recording is kept; ask who runs it to look."),
        _("Your recording is safe, but something went wrong on our side. Your clinic will take care of it."),
    ),
    "cancelled": Sentences(
        _("The analysis was cancelled. It can be started again at any time."),
        _("Looking at this recording was cancelled. You can start it again at any time."),
    ),
}

#: A verdict is refused; patients give none. {name} is filled in where it is refused.
_NOT_THEIRS = _("Your physiotherapist decides this.")
VERDICTS: dict[str, Sentences] = {
    "unknown_decision": Sentences(_("Choose one of: {choices}."), _NOT_THEIRS),
    "unknown_label": Sentences(_("Choose one of: {choices}."), _NOT_THEIRS),
    "unknown_reason": Sentences(_("Choose one of: {choices}."), _NOT_THEIRS),
    "not_two_mistakes": Sentences(
        _("Two at once are two different mistakes; “correct” is none. Choose one, or another pair."),
        _NOT_THEIRS,
    ),
    "nothing_to_confirm": Sentences(
        _("The model was not sure and named nothing. Choose what you see."), _NOT_THEIRS
    ),
    "nothing_to_undo": Sentences(_("There is no verdict to take back."), _NOT_THEIRS),
    "note_too_long": Sentences(_("A note may have at most {most} characters."), _NOT_THEIRS),
    "changed_meanwhile": Sentences(
        _(
            "Somebody decided this repetition meanwhile. Look at that verdict, then keep it or send yours "
            "again."
        ),
        _NOT_THEIRS,
    ),
    "id_taken": Sentences(_("Another verdict has this id. Send yours with a new one."), _NOT_THEIRS),
    "cut_anew": Sentences(
        _("This repetition was cut anew meanwhile. Load the page again and look at it as it is now."),
        _NOT_THEIRS,
    ),
}

#: A list of cuts is refused; patients cut nothing.
_NOT_THEIR_CUT = _("Only your clinic can change the repetitions.")
CUTS: dict[str, Sentences] = {
    "cut_meanwhile": Sentences(
        _("The repetitions were changed meanwhile. Load the page again, then change them as they are now."),
        _NOT_THEIR_CUT,
    ),
    "being_analysed": Sentences(
        _("The recording is being analysed. Change its repetitions when that is done."), _NOT_THEIR_CUT
    ),
    "outside_recording": Sentences(
        _("A repetition must lie within the {frames} frames of the recording and end after it begins."),
        _NOT_THEIR_CUT,
    ),
    "cuts_overlap": Sentences(_("Two repetitions overlap. Move an edge or merge them."), _NOT_THEIR_CUT),
    "cut_too_short": Sentences(_("A repetition lasts at least {seconds} s."), _NOT_THEIR_CUT),
    "too_many_cuts": Sentences(
        _("A recording has at most {most} repetitions. Merge or delete some."), _NOT_THEIR_CUT
    ),
    "no_such_exercise": Sentences(_("Choose one of: {choices}."), _NOT_THEIR_CUT),
}

#: What lowers the quality of a recording, by the codes of `ml.poses.quality`.
QUALITY = {
    "filled": _("{share} of the {joint} was filled in."),
    "lost": _("The {joint} is lost for {seconds} s from {start} s on."),
    "exchanged": _("Left and right {part} were exchanged in {frames} frames."),
    "limb_length": _("The length of the {limb} varies by {share}."),
    "slow": _("Only {rate} frames a second were recorded."),
    "no_feet": _("The feet were not measured; they are put in from the ankles."),
}

#: A note is refused; patients write none.
_NOT_THEIR_NOTE = _("Only your clinic writes notes here.")
NOTES: dict[str, Sentences] = {
    "empty_note": Sentences(_("The note is empty. Write something."), _NOT_THEIR_NOTE),
    "long_note": Sentences(_("A note may have at most {most} characters."), _NOT_THEIR_NOTE),
    "no_such_repetition": Sentences(
        _("The repetition is not in this session, or was cut anew. Write the note on the session."),
        _NOT_THEIR_NOTE,
    ),
    "no_such_frame": Sentences(
        _("The repetition has no such frame. Choose a moment of it again."), _NOT_THEIR_NOTE
    ),
    "note_id_taken": Sentences(_("Another note has this id. Send yours with a new one."), _NOT_THEIR_NOTE),
}

#: A recording is not moved to another patient; patients cannot move one.
_NOT_THEIR_MOVE = _("Only your clinic can move a recording.")
MOVES: dict[str, Sentences] = {
    "no_reason": Sentences(
        _("Say why the recording is moved, in at most {most} characters."), _NOT_THEIR_MOVE
    ),
    "same_patient": Sentences(_("The recording is this patient's already."), _NOT_THEIR_MOVE),
    "other_clinic": Sentences(
        _("The patients are of two clinics. Upload the recording there instead."), _NOT_THEIR_MOVE
    ),
    "has_it_already": Sentences(_("That patient has this very file already."), _NOT_THEIR_MOVE),
    "being_analysed": Sentences(
        _("The recording is being analysed at this moment. Move it when that has ended."), _NOT_THEIR_MOVE
    ),
}

#: Why a patient was not erased. Patients do not erase.
ERASURE: dict[str, Sentences] = {
    "legal_hold": Sentences(
        _("A legal hold forbids that this patient is erased. Lift it first."), _NOT_THEIRS
    ),
    "not_proved": Sentences(
        _("Something is left of this patient, so there is no receipt. Erase again; tell who runs exfb."),
        _NOT_THEIRS,
    ),
}

#: Why the model names nothing.
ABSTAINED: dict[str, Sentences] = {
    "low_confidence": Sentences(
        _("The model is not sure what this is. Choose what you see."),
        _("Your physiotherapist will take a look at this one."),
    ),
    "unlike_training": Sentences(
        _("This motion is unlike anything the model has learned. Choose what you see."),
        _("Your physiotherapist will take a look at this one."),
    ),
    "poor_quality": Sentences(
        _("The recording is too poor to judge: see its quality. Choose what you see, or ask for a new one."),
        _("This recording was not clear enough. Your physiotherapist will take a look at it."),
    ),
}

#: Why a correction is not verified. Patients never see such a correction; what they would read says so.
_NOT_SHOWN = _("There is no example motion for this one.")
CHECKS: dict[str, Sentences] = {
    "limb_length": Sentences(_("The corrected body does not keep the person's limb lengths."), _NOT_SHOWN),
    "start": Sentences(_("The correction does not start where the person started."), _NOT_SHOWN),
    "planted_feet": Sentences(_("Feet that were planted slide in the correction."), _NOT_SHOWN),
    "smoothness": Sentences(_("The corrected motion is jerky."), _NOT_SHOWN),
    "too_large": Sentences(_("The correction is larger than a person could make."), _NOT_SHOWN),
    "judge": Sentences(_("The judge network does not see a correct repetition in it."), _NOT_SHOWN),
}


def class_name(code: str) -> str:
    """Return the name of a class: "Knees fall inward"; of a clinic's own class, its code in words."""
    if code in CLASSES:
        return str(CLASSES[code].name)
    return capfirst(code.split(".", 1)[-1].replace("_", " ").replace("-", " "))


def exercise_name(exercise: str) -> str:
    """Return the name of an exercise; of a clinic's own, its code in words; of none, nothing."""
    if exercise in Exercise.values:
        return str(Exercise(exercise).label)
    return capfirst(exercise.replace("_", " "))


def exercises_in_order(exercises: Iterable[str]) -> list[str]:
    """Return exercises once each: shipped ones in the catalogue's order, then a clinic's own."""
    different = set(exercises) - {""}
    return [*(name for name in Exercise.values if name in different), *sorted(different - {*Exercise.values})]


def for_clinician(code: str) -> str:
    """Return what a clinician reads for a class, an error or a reason to abstain."""
    found = _find(code)
    return str(found.clinician) if found else class_name(code) + "."


def for_patient(code: str) -> str:
    """Return what the patient reads for it: for a mistake, the one thing to do."""
    found = _find(code)
    if found:
        return str(found.patient)
    if is_correct(code):
        return gettext("Well done, keep going just like this.")
    return gettext("Your physiotherapist will tell you what to change.")


def check_sentence(check: str) -> str:
    """Return what a clinician reads for a check that a correction failed."""
    return str(CHECKS[check].clinician) if check in CHECKS else class_name(check) + "."


def sentence(code: str, *, patient: bool = False) -> str:
    """Return the sentence for the reader at hand."""
    return for_patient(code) if patient else for_clinician(code)


def _find(code: str) -> Mistake | Sentences | None:
    tables: tuple[dict[str, Mistake] | dict[str, Sentences], ...] = (
        CLASSES,
        UPLOAD,
        ANALYSIS,
        ABSTAINED,
        VERDICTS,
        CUTS,
        NOTES,
        MOVES,
        ERASURE,
    )
    return next((table[code] for table in tables if code in table), None)
