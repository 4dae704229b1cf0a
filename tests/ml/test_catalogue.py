"""The shipped mistake classes: codes, order and EC3D's ids."""

from ml.catalogue import (
    CODES,
    EXERCISES,
    MISTAKE_CLASSES,
    PUBLISHED_CODES,
    correct_code,
    exercise_of,
    is_correct,
)


def test_each_exercise_has_one_correct_class_and_mistakes():
    for exercise in EXERCISES:
        own = [code for code in CODES if exercise_of(code) == exercise]
        assert [code for code in own if is_correct(code)] == [correct_code(exercise)]
        assert len(own) >= 3


def test_codes_are_unique_and_of_known_exercises():
    assert len(set(CODES)) == len(CODES) == 11
    assert {exercise_of(code) for code in CODES} == set(EXERCISES)


def test_the_published_outputs_are_in_the_published_order():
    assert len(PUBLISHED_CODES) == 12
    assert PUBLISHED_CODES[5] == "squat.correct_bis"
    assert is_correct("squat.correct_bis")
    labels = [(c.ec3d_exercise, c.ec3d_label) for c in MISTAKE_CLASSES]
    assert labels == [
        *(("SQUAT", label) for label in (1, 2, 3, 4, 5)),
        *(("Lunges", label) for label in (1, 4, 6)),
        *(("Plank", label) for label in (1, 7, 8)),
    ]
