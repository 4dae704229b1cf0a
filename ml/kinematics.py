"""Limbs in space and motion in time: two-bone chains, smooth profiles. NumPy only."""

import numpy as np
from numpy.typing import NDArray

from ml.vectors import unit

Array = NDArray[np.float64]

#: A chain is never stretched beyond this share of its length: a straight knee still has a knee.
STRAIGHTEST = 0.9985


def vector(x: Array | float, y: Array | float, z: Array | float) -> Array:
    """Stack three broadcastable components, shape (..., 3)."""
    return np.stack(np.broadcast_arrays(*(np.asarray(part, dtype=np.float64) for part in (x, y, z))), axis=-1)


def middle_joint(start: Array, end: Array, upper: float, lower: float, pole: Array) -> Array:
    """Place the joint between two ends of a two-bone chain (law of cosines).

    Parameters
    ----------
    start, end : ndarray, shape (F, 3)
        Metres. Ends further apart than the chain is long are the caller's fault; see `reachable`.
    upper, lower : float
        Lengths of the bones at the start and at the end, metres.
    pole : ndarray, shape (F, 3) or (3,)
        Towards where the joint bends; only its part across the chain counts.

    Returns
    -------
    ndarray, shape (F, 3)
    """
    axis = end - start
    distance = np.clip(
        np.linalg.norm(axis, axis=-1, keepdims=True), abs(upper - lower) + 1e-4, STRAIGHTEST * (upper + lower)
    )
    axis = unit(axis)
    along = (upper**2 - lower**2 + distance**2) / (2 * distance)
    height = np.sqrt(np.maximum(upper**2 - along**2, 0.0))
    pole = np.broadcast_to(pole, axis.shape)
    across = unit(pole - (pole * axis).sum(-1, keepdims=True) * axis)
    return start + along * axis + height * across


def reachable(start: Array, end: Array, length: float) -> Array:
    """Pull `end` towards `start` where a chain of that length does not reach it, shape (F, 3)."""
    axis = end - start
    distance = np.linalg.norm(axis, axis=-1, keepdims=True)
    return start + axis * np.minimum(1.0, STRAIGHTEST * length / np.maximum(distance, 1e-9))


def reach(upper: Array | float, lower: Array | float, flexion: Array | float) -> Array:
    """Distance between the ends of two bones whose joint is bent by `flexion` radians (0 is straight)."""
    return np.sqrt(np.square(upper) + np.square(lower) + 2 * np.multiply(upper, lower) * np.cos(flexion))


def turned(vectors: Array, yaw: Array | float) -> Array:
    """Turn vectors about the vertical axis by `yaw` radians (+ turns x towards y)."""
    c, s = np.cos(yaw), np.sin(yaw)
    x, y, z = np.moveaxis(np.asarray(vectors, dtype=np.float64), -1, 0)
    return vector(c * x - s * y, s * x + c * y, z)


def ease(time: Array, start: float, duration: float) -> Array:
    """Minimum-jerk rise from 0 at `start` to 1 after `duration` (Flash and Hogan 1985)."""
    u = np.clip((time - start) / max(duration, 1e-6), 0.0, 1.0)
    return u**3 * (10 - 15 * u + 6 * u**2)


def there_and_back(time: Array, start: float, down: float, hold: float, up: float) -> Array:
    """Rise from 0 to 1 in `down` seconds, stay for `hold`, fall back in `up`; shape of `time`."""
    return ease(time, start, down) - ease(time, start + down + hold, up)


def sway(
    time: Array, rng: np.random.Generator, size: float, slowest: float = 0.15, fastest: float = 1.0
) -> Array:
    """Slow wander of root-mean-square about `size`: four sines of random frequency (Hz) and phase."""
    frequency = rng.uniform(slowest, fastest, 4)
    phase = rng.uniform(0, 2 * np.pi, 4)
    weight = 1 / frequency
    weight *= size * np.sqrt(2) / np.linalg.norm(weight)
    return (weight * np.sin(2 * np.pi * frequency * time[:, None] + phase)).sum(axis=1)


def tilted(forward: float, aside: float) -> Array:
    """Rotation by small angles about x and y (radians)."""
    cx, sx, cy, sy = np.cos(forward), np.sin(forward), np.cos(aside), np.sin(aside)
    about_x = np.array([[1, 0, 0], [0, cx, -sx], [0, sx, cx]])
    about_y = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    return about_y @ about_x


def between(values: Array, at: Array) -> Array:
    """Read values (F, ...) at fractional frames, in straight lines."""
    before = np.clip(at.astype(int), 0, max(len(values) - 2, 0))
    after = np.minimum(before + 1, len(values) - 1)
    share = (at - before).reshape(-1, *([1] * (values.ndim - 1)))
    return (1 - share) * values[before] + share * values[after]
