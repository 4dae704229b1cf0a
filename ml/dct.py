"""Motion as frequencies: the cosine transform over time that exfb uses, and the published one beside it."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.fft import dctn, idctn

#: How many coefficients the published network sees of each row.
PUBLISHED_COEFFICIENTS = 25


@lru_cache(maxsize=32)
def dct_basis(n_frames: int, n_coefficients: int) -> NDArray[np.float64]:
    """Return the first cosines of the orthonormal DCT-II.

    Parameters
    ----------
    n_frames : int
        Length F of the motion.
    n_coefficients : int
        K <= F.

    Returns
    -------
    ndarray, shape (K, F)
        Orthonormal rows: `basis @ basis.T` is the identity. Read-only, because it is shared.
    """
    if not 0 < n_coefficients <= n_frames:
        raise ValueError(f"{n_coefficients} coefficients cannot be had from {n_frames} frames")
    basis = cosines_at(np.arange(n_frames, dtype=np.float64), n_frames, n_coefficients).T.copy()
    basis.setflags(write=False)
    return basis


def cosines_at(frames: NDArray[np.floating], n_frames: int, n_coefficients: int) -> NDArray[np.float64]:
    """Return the cosines of `dct_basis` at any instants, whole frames or between them.

    With it a change known by its coefficients is read at the recording's own frames without interpolation.

    Parameters
    ----------
    frames : ndarray, shape (S,)
        Instants, counted in frames of the transformed motion.
    n_frames : int
        Length of the motion that was transformed.
    n_coefficients : int

    Returns
    -------
    ndarray, shape (S, K)
    """
    order = np.arange(n_coefficients)
    scale = np.where(order == 0, np.sqrt(1 / n_frames), np.sqrt(2 / n_frames))
    phase = np.pi * (np.asarray(frames, dtype=np.float64)[:, None] + 0.5) * order / n_frames
    return np.asarray(scale * np.cos(phase))


def dct_time(x: NDArray[np.floating], n_coefficients: int) -> NDArray[np.float64]:
    """Transform the last axis, time, into its first orthonormal DCT-II coefficients.

    Parameters
    ----------
    x : ndarray, shape (..., F)
    n_coefficients : int
        K <= F.

    Returns
    -------
    ndarray, shape (..., K)
        In the units of `x`. With K = F the squared sum is that of `x`.
    """
    return x @ dct_basis(x.shape[-1], n_coefficients).T


def inverse_dct_time(coefficients: NDArray[np.floating], n_frames: int) -> NDArray[np.float64]:
    """Return the motion of given coefficients, (..., K) to (..., F); frequencies left out are zero."""
    return coefficients @ dct_basis(n_frames, coefficients.shape[-1])


def published_dct(x: NDArray[np.floating]) -> NDArray[np.float64]:
    """Transform a motion as published: an un-normalised DCT-II over time and over the 57 rows.

    Kept only for the published weights. Its rows are cosine frequencies across the joint coordinates and not
    joints, and its amplitudes grow with the number of frames; `dct_time` has neither oddity.

    Parameters
    ----------
    x : ndarray, shape (57, F)
        All x, then all y, then all z, in the published frame. Fewer than 25 frames are followed by zeros.

    Returns
    -------
    ndarray, shape (57, 25)
    """
    missing = PUBLISHED_COEFFICIENTS - x.shape[1]
    if missing > 0:
        x = np.pad(x, ((0, 0), (0, missing)))
    return np.asarray(dctn(x, type=2, norm=None))[:, :PUBLISHED_COEFFICIENTS]


def published_inverse(coefficients: NDArray[np.floating], n_frames: int) -> NDArray[np.float64]:
    """Return the motion of published coefficients, shape (57, 25) to (57, F).

    Frequencies above the 25th are zero. Under 25 frames it inverts the zero-padded motion and cuts it.
    """
    length = max(n_frames, PUBLISHED_COEFFICIENTS)
    padded = np.pad(coefficients, ((0, 0), (0, length - coefficients.shape[1])))
    return np.asarray(idctn(padded, type=2, norm=None))[:, :n_frames]
