"""Vectors of length one, for all that measures or moves bodies. Needs NumPy only."""

import numpy as np
from numpy.typing import NDArray

_SHORTEST = 1e-12


def unit(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    """Scale vectors (..., 3) to length one; one without length stays zero."""
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), _SHORTEST))


def direction(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    """Scale vectors (..., 3) to length one; one without length has no direction and becomes NaN."""
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.divide(vectors, length, out=np.full_like(vectors, np.nan), where=length > _SHORTEST)
