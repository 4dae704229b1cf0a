"""What is written is read again as the same motion to a millimetre, and is found the same in."""

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedback.motions import pack_motion, unpack_motion
from ml.catalogue import CODES
from ml.inference import Predictor
from ml.manifest import DEFAULT_RELEASE, release_folder
from ml.poses.formats import READERS, read
from ml.poses.sequence import PoseSequence
from ml.poses.writers import WRITERS
from ml.poses.writers.conventions import CONVENTIONS
from ml.release import load_release
from ml.simulate import Person, simulate_recording, simulate_repetition
from ml.skeletons import EC3D_19
from tests.ml.poses import samples

#: The formats that state their axes; of the others the body tells the vertical, and the heading is free.
STATING = ("exfb_json", "csv", "npz")


def again(sequence: PoseSequence, format: str, convention: str = "exfb") -> PoseSequence:
    return read(io.BytesIO(WRITERS[format].write(sequence, CONVENTIONS[convention])))


def headed_like(positions: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Turn positions about the vertical, and only so, to lie on the others as well as they can."""
    level, wanted = (p[..., 0] + 1j * p[..., 1] for p in (positions, other))
    turn = np.vdot(level, wanted)
    level = level * turn / abs(turn)
    return np.stack([level.real, level.imag, positions[..., 2]], axis=-1)


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    code=st.sampled_from(CODES),
    rate=st.sampled_from([25.0, 29.97, 60.0, 100.0]),
    convention=st.sampled_from(sorted(CONVENTIONS)),
)
def test_a_simulated_persons_motion_comes_back(seed, code, rate, convention):
    repetition = simulate_repetition(Person.sample(seed), code, np.random.default_rng(seed), frame_rate=rate)
    for motion in (repetition.performed, repetition.correct):
        for format in WRITERS:
            back = again(motion, format, convention)
            assert back.frame_rate == pytest.approx(rate, abs=1e-3), format
            place = back.positions if format in STATING else headed_like(back.positions, motion.positions)
            np.testing.assert_allclose(
                place, motion.positions, atol=0.001, err_msg=f"{format} {back.inferred}"
            )


@pytest.mark.parametrize("convention", CONVENTIONS)
@pytest.mark.parametrize("format", WRITERS)
def test_left_stays_left(format, convention):
    positions = samples.squatting()
    positions[:, EC3D_19.index("left_wrist"), 2] += 0.3
    back = again(PoseSequence(positions, 30.0), format, convention)
    assert (back.joint("left_wrist")[:, 2] - back.joint("right_wrist")[:, 2]).min() == pytest.approx(
        0.3, abs=1e-3
    )


@pytest.mark.parametrize("format", [format for format in WRITERS if format != "bvh"])
def test_a_joint_that_was_not_seen_is_not_seen_again(format):
    positions = samples.squatting()
    positions[3:6, EC3D_19.index("left_wrist")] = np.nan
    back = again(PoseSequence(positions, 30.0), format)
    assert np.isnan(back.joint("left_wrist")).all(axis=1).nonzero()[0].tolist() == [3, 4, 5]
    assert np.isfinite(back.joint("right_wrist")).all()


def test_bvh_has_no_sign_for_what_was_not_seen():
    positions = samples.squatting()
    positions[3, 0] = np.nan
    with pytest.raises(ValueError, match="leave a joint out"):
        again(PoseSequence(positions, 30.0), "bvh")


def test_every_format_that_is_written_is_read_under_its_name():
    assert set(WRITERS) <= {reader.name for reader in READERS}
    for name in WRITERS:
        assert again(PoseSequence(samples.squatting(), 30.0), name).format == name


@pytest.fixture(scope="module")
def predictor():
    """The shipped release; of an untrained one no finding means anything."""
    return Predictor(load_release(release_folder(DEFAULT_RELEASE)))


@pytest.mark.parametrize(
    "codes",
    [
        ("squat.correct", "squat.front_bent", "squat.knees_inward"),
        ("lunge.correct", "lunge.not_low_enough"),
        ("plank.correct", "plank.hunched_back"),
    ],
    ids=lambda codes: codes[0].split(".")[0],
)
def test_what_is_exported_and_analysed_again_gives_the_same_finding(predictor, codes):
    """As it is stored (whole millimetres), written in each format and convention, and read as a recording."""
    exercise = codes[0].split(".")[0]
    recording, _ = simulate_recording(Person.sample(5), codes, np.random.default_rng(5), magnitude=0.7)
    result = predictor.analyse(recording, exercise)
    assert len(result.repetitions) == len(codes)
    for found in result.repetitions:
        stored = result.performed.cut(found.start_frame, found.end_frame)
        stored = stored.with_positions(unpack_motion(pack_motion(stored.positions)))
        for format in WRITERS:
            for convention in ("exfb", "opensim"):
                back = predictor.analyse(again(stored, format, convention), exercise)
                codes_found = [repetition.finding.code for repetition in back.repetitions]
                assert codes_found == [found.finding.code], (format, convention)
