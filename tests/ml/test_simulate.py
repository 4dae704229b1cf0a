"""Simulated repetitions: bodies keep their limbs, contacts hold, mistakes are where they should be."""

import numpy as np
import pytest

from ml.catalogue import CODES, exercise_of, is_correct
from ml.preprocess import prepare
from ml.repetitions import find_repetitions
from ml.sensors import SENSORS, Sensor, body_aligned, observe, observe_in_turn
from ml.simulate import Person, simulate_recording, simulate_repetition
from ml.skeletons import EC3D_19

PEOPLE = range(3)


def angle(sequence, first, middle, last):
    a = sequence.joint(first) - sequence.joint(middle)
    b = sequence.joint(last) - sequence.joint(middle)
    cosine = (a * b).sum(1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)
    return np.degrees(np.arccos(np.clip(cosine, -1, 1)))


def knee(sequence, side):
    return angle(sequence, f"{side}_hip", f"{side}_knee", f"{side}_ankle")


@pytest.mark.parametrize("code", CODES)
def test_limbs_keep_their_length_and_nothing_sinks_into_the_floor(code):
    for seed in PEOPLE:
        repetition = simulate_repetition(Person.sample(seed), code, np.random.default_rng(seed), 1.0)
        for sequence in (repetition.performed, repetition.correct):
            for parent, child in EC3D_19.bones:
                lengths = np.linalg.norm(sequence.positions[:, parent] - sequence.positions[:, child], axis=1)
                assert np.ptp(lengths) < 0.01 * lengths.mean(), EC3D_19.joints[child]
            assert sequence.positions[..., 2].min() > -0.03


@pytest.mark.parametrize("code", CODES)
def test_correct_is_the_same_motion_without_the_mistake(code):
    repetition = simulate_repetition(Person.sample(4), code, np.random.default_rng(4), 0.6)
    moved = np.abs(repetition.performed.positions - repetition.correct.positions).max()
    assert len(repetition.performed) == len(repetition.correct)
    assert (moved == 0) if is_correct(code) else (moved > 0.03)


@pytest.mark.parametrize("exercise", ["squat", "plank"])
def test_what_is_planted_stays(exercise):
    planted = ("left_ankle", "right_big_toe") if exercise == "squat" else ("left_wrist", "right_big_toe")
    for code in CODES:
        if exercise_of(code) != exercise or code == "plank.hunched_back":
            continue
        sequence = simulate_repetition(Person.sample(1), code, np.random.default_rng(1), 0.5).performed
        for joint in planted:
            path = sequence.joint(joint)
            assert np.linalg.norm(path - path[0], axis=1).max() < 0.01


def test_mistakes_are_visible_in_the_joints_they_name():
    person = Person.sample(2)

    def both(code):
        return simulate_repetition(person, code, np.random.default_rng(2), 0.5)

    low = both("squat.not_low_enough")
    assert knee(low.performed, "left").min() > knee(low.correct, "left").min() + 12
    wide = both("squat.feet_too_wide")
    apart = [
        np.linalg.norm(s.joint("left_ankle")[0] - s.joint("right_ankle")[0])
        for s in (wide.performed, wide.correct)
    ]
    assert apart[0] > apart[1] + 0.1 * person.leg
    inward = both("squat.knees_inward")
    gap = [
        np.linalg.norm(s.joint("left_knee") - s.joint("right_knee"), axis=1).min()
        for s in (inward.performed, inward.correct)
    ]
    assert gap[0] < gap[1] - 0.05
    arched, hunched = both("plank.arched_back"), both("plank.hunched_back")
    middle = len(arched.performed) // 2
    assert arched.performed.joint("mid_hip")[middle, 2] < arched.correct.joint("mid_hip")[middle, 2] - 0.05
    middle = len(hunched.performed) // 2
    assert hunched.performed.joint("mid_hip")[middle, 2] > hunched.correct.joint("mid_hip")[middle, 2] + 0.05


def test_magnitude_grades_the_mistake():
    person = Person.sample(3)
    sizes = [
        np.abs(r.performed.positions - r.correct.positions).max()
        for m in (-1.0, -0.4, 0.0, 0.5, 1.0)
        for r in [simulate_repetition(person, "squat.knees_inward", np.random.default_rng(3), m)]
    ]
    assert sizes == sorted(sizes)
    assert sizes[0] > 0
    assert sizes[0] < 0.5 * sizes[2]


def test_one_camera_draws_a_wide_stance_together():
    wide = simulate_repetition(
        Person.sample(3), "squat.feet_too_wide", np.random.default_rng(3), 1.0
    ).performed
    sensor = Sensor("drawing", spread_kept=(0.3, 0.3))
    apart = [
        np.linalg.norm(s.joint("left_ankle") - s.joint("right_ankle"), axis=1).mean()
        for s in (wide, observe(wide, sensor, np.random.default_rng(0)))
    ]
    assert apart[1] < 0.8 * apart[0]


def test_a_seed_is_a_person_and_a_repetition():
    assert Person.sample(7) == Person.sample(7)
    assert Person.sample(7) != Person.sample(8)
    first, second = (
        simulate_repetition(Person.sample(7), "lunge.correct", np.random.default_rng(1)).performed
        for _ in range(2)
    )
    np.testing.assert_array_equal(first.positions, second.positions)


def test_unknown_class_is_refused():
    with pytest.raises(ValueError, match="no class"):
        simulate_repetition(Person.sample(0), "squat.upside_down", np.random.default_rng(0))
    with pytest.raises(ValueError, match="one exercise"):
        simulate_recording(Person.sample(0), ["squat.correct", "plank.correct"], np.random.default_rng(0))


@pytest.mark.parametrize("sensor", SENSORS, ids=lambda sensor: sensor.name)
def test_a_sensor_errs_but_shows_the_same_person(sensor):
    repetition = simulate_repetition(Person.sample(5), "squat.correct", np.random.default_rng(5))
    seen = observe(repetition.performed, sensor, np.random.default_rng(6))
    assert np.isfinite(seen.positions).all()
    assert seen.duration == pytest.approx(repetition.performed.duration, rel=0.05)
    assert 0 < np.abs(knee(seen, "left").min() - knee(repetition.performed, "left").min()) < 25


def test_a_motion_and_its_correction_are_seen_with_the_same_errors():
    repetition = simulate_repetition(Person.sample(5), "squat.correct", np.random.default_rng(5))
    (seen,) = observe_in_turn(
        [[repetition.performed, repetition.correct]], SENSORS[1], np.random.default_rng(6)
    )
    np.testing.assert_array_equal(seen[0].positions, seen[1].positions)


def test_body_aligned_frames_have_the_spine_upright_and_the_shoulders_across():
    motion = simulate_repetition(Person.sample(5), "squat.front_bent", np.random.default_rng(5)).performed
    aligned = motion.with_positions(body_aligned(motion.positions))
    spine = aligned.joint("neck") - aligned.joint("mid_hip")
    across = aligned.joint("right_shoulder") - aligned.joint("left_shoulder")
    assert np.abs(spine[:, 1]).max() < 1e-9
    assert np.abs(across[:, 1:]).max() < 1e-9
    np.testing.assert_allclose(knee(aligned, "left"), knee(motion, "left"))


@pytest.mark.parametrize("exercise", ["squat", "lunge", "plank"])
@pytest.mark.parametrize("seed", [11, 12, 13])
def test_repetitions_of_a_simulated_recording_are_found(exercise, seed):
    code = next(code for code in reversed(CODES) if exercise_of(code) == exercise)
    codes = [code] if exercise == "plank" else [code] * 4
    sequence, truth = simulate_recording(
        Person.sample(seed), codes, np.random.default_rng(seed), sensor=SENSORS[0]
    )
    found = find_repetitions(prepare(sequence).sequence)
    assert len(found) == len(truth)
    for span, true in zip(found, truth, strict=True):
        shared = min(span.end_frame, true.end_frame) - max(span.start_frame, true.start_frame)
        assert shared > 0.5 * (true.end_frame - true.start_frame)
