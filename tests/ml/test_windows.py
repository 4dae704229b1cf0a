"""Windows of long holds: they cover every frame, and their changes become one without a step."""

import numpy as np
import pytest

from ml.preprocess import prepare
from ml.simulate import Person, simulate_repetition
from ml.simulated_recordings import simulate_whole_recording
from ml.windows import WINDOW_S, blended, windows


def hold(seconds, frame_rate=30.0):
    person, rng = Person.sample(3), np.random.default_rng(3)
    recording, _ = simulate_whole_recording(person, [f"plank.correct:{seconds}"], rng, frame_rate)
    return prepare(recording).sequence


@pytest.mark.parametrize("seconds", [13, 20, 60])
def test_windows_of_a_long_hold_cover_it_evenly(seconds):
    sequence = hold(seconds)

    found = windows(sequence)

    assert len(found) > 1
    assert (found[0].start, found[-1].stop) == (0, len(sequence))
    assert {one.stop - one.start for one in found} == {round(WINDOW_S * sequence.frame_rate)}
    assert all(after.start < before.stop for before, after in zip(found, found[1:], strict=False))


def test_what_is_short_or_no_hold_is_one_window():
    movement = prepare(
        simulate_repetition(Person.sample(1), "squat.correct", np.random.default_rng(1)).performed
    ).sequence
    slow = movement.with_positions(np.repeat(movement.positions, 12, axis=0))

    for sequence in (hold(10), slow):
        assert windows(sequence) == [slice(0, len(sequence))]


def test_changes_of_windows_go_over_into_each_other():
    frames = windows(hold(30))
    parts = [np.full((one.stop - one.start, 19, 3), 0.01 * i) for i, one in enumerate(frames)]

    whole = blended(parts, frames)

    assert whole[0, 0, 0] == 0.0
    assert whole[-1, 0, 0] == pytest.approx(0.01 * (len(frames) - 1))
    assert np.abs(np.diff(whole, axis=0)).max() < 0.0005
