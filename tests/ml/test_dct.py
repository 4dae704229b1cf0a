"""The cosine transforms invert, keep sums of squares, and are SciPy's."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.fft import dct

from ml.dct import cosines_at, dct_time, inverse_dct_time, published_dct, published_inverse


def motion(seed, n_frames, n_rows=57):
    return np.random.default_rng(seed).normal(size=(n_rows, n_frames))


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 130))
def test_whole_transform_inverts_and_keeps_the_sum_of_squares(seed, n_frames):
    x = motion(seed, n_frames)
    coefficients = dct_time(x, n_frames)
    np.testing.assert_allclose(inverse_dct_time(coefficients, n_frames), x, atol=1e-10)
    assert np.sum(coefficients**2) == pytest.approx(np.sum(x**2))


def test_is_scipys():
    x = motion(0, 64)
    np.testing.assert_allclose(dct_time(x, 25), dct(x, type=2, norm="ortho")[:, :25], atol=1e-12)


def test_amplitude_of_a_steady_place_grows_as_the_root_of_time_only():
    assert dct_time(np.full((1, 64), 2.0), 3)[0] == pytest.approx([16, 0, 0])


def test_cosines_between_frames_follow_the_motion():
    n_frames = 64
    x = np.sin(np.linspace(0, 3, n_frames))[None]
    coefficients = dct_time(x, n_frames)
    half = cosines_at(np.array([10.5]), n_frames, n_frames) @ coefficients[0]
    assert half[0] == pytest.approx(np.sin(3 * 10.5 / 63), abs=1e-3)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 25))
def test_published_transform_inverts_up_to_25_frames(seed, n_frames):
    x = motion(seed, n_frames)
    np.testing.assert_allclose(published_inverse(published_dct(x), n_frames), x, atol=1e-10)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6), st.integers(26, 120))
def test_published_transform_keeps_the_25_slowest(seed, n_frames):
    coefficients = motion(seed, 25)
    x = published_inverse(coefficients, n_frames)
    assert x.shape == (57, n_frames)
    np.testing.assert_allclose(published_dct(x), coefficients, atol=1e-9)


@pytest.mark.parametrize(("n_frames", "n_coefficients"), [(10, 11), (10, 0)])
def test_more_coefficients_than_frames_are_refused(n_frames, n_coefficients):
    with pytest.raises(ValueError, match="coefficients"):
        dct_time(motion(0, n_frames), n_coefficients)
