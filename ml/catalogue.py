"""The shipped exercises and mistake classes, with the ids that EC3D gives them: the only table of them."""

import re
from dataclasses import dataclass

EXERCISES = ("squat", "lunge", "plank")


@dataclass(frozen=True)
class MistakeClass:
    """A kind of execution of one exercise: the correct one, or one mistake.

    Parameters
    ----------
    code : str
        `exercise.name`, such as `squat.knees_inward`; what database, API and files use.
    ec3d_exercise : str
        How EC3D spells the exercise.
    ec3d_label : int
        The id of the class in EC3D's label column.
    """

    code: str
    ec3d_exercise: str
    ec3d_label: int

    @property
    def exercise(self) -> str:
        return exercise_of(self.code)

    @property
    def is_correct(self) -> bool:
        return is_correct(self.code)


#: In EC3D's order, which is the order of the network's outputs.
MISTAKE_CLASSES = (
    MistakeClass("squat.correct", "SQUAT", 1),
    MistakeClass("squat.feet_too_wide", "SQUAT", 2),
    MistakeClass("squat.knees_inward", "SQUAT", 3),
    MistakeClass("squat.not_low_enough", "SQUAT", 4),
    MistakeClass("squat.front_bent", "SQUAT", 5),
    MistakeClass("lunge.correct", "Lunges", 1),
    MistakeClass("lunge.not_low_enough", "Lunges", 4),
    MistakeClass("lunge.knee_passes_toe", "Lunges", 6),
    MistakeClass("plank.correct", "Plank", 1),
    MistakeClass("plank.arched_back", "Plank", 7),
    MistakeClass("plank.hunched_back", "Plank", 8),
)
CODES = tuple(mistake_class.code for mistake_class in MISTAKE_CLASSES)

#: EC3D's second "correct" of one subject's squats (label 10). Only the published network tells it apart.
SECOND_CORRECT_SQUAT = MistakeClass("squat.correct_bis", "SQUAT", 10)

#: The twelve outputs of the published network, in its order.
PUBLISHED_CODES = (*CODES[:5], SECOND_CORRECT_SQUAT.code, *CODES[5:])


#: An exercise and a mistake in code: a clinic's own classes go by such names too.
_WORD = "[a-z][a-z0-9_]{0,28}"
_CLASS_CODE = re.compile(rf"{_WORD}\.{_WORD}")


def is_class_code(code: str) -> bool:
    """Tell whether a text has the form of a class code, shipped or learned: `squat.knees_inward`."""
    return _CLASS_CODE.fullmatch(code) is not None


def exercise_of(code: str) -> str:
    """Return the exercise of a class code: `squat` for `squat.knees_inward`."""
    return code.split(".", 1)[0]


def is_correct(code: str) -> bool:
    """Tell whether a class code means a correct execution (`squat.correct`, `squat.correct_bis`)."""
    return code.split(".", 1)[-1] in ("correct", "correct_bis")


def correct_code(exercise: str) -> str:
    """Return the code of the correct execution of an exercise."""
    return f"{exercise}.correct"
