"""How a motion is kept in a row and sent to a page: whole millimetres, little-endian int16, deflated."""

import zlib

import numpy as np
from numpy.typing import NDArray

from ml.skeletons import EC3D_19

_BYTES_A_FRAME = len(EC3D_19) * 3 * 2


def pack_motion(positions: NDArray[np.floating]) -> bytes:
    """Pack joint positions, shape (F, 19, 3), metres, within 32 m of the origin.

    Raises
    ------
    ValueError
        If the shape is another one, or a value is not finite or too far away.
    """
    if positions.ndim != 3 or positions.shape[1:] != (len(EC3D_19), 3):
        raise ValueError(f"a motion has shape (F, {len(EC3D_19)}, 3), not {positions.shape}")
    millimetres = np.rint(positions * 1000)
    if not (np.abs(millimetres) < 2**15).all():  # also False for NaN
        raise ValueError("a motion holds values that are not finite or lie over 32 m away")
    return zlib.compress(millimetres.astype("<i2").tobytes())


def unpack_motion(packed: bytes | memoryview) -> NDArray[np.float64]:
    """Return the joint positions, shape (F, 19, 3), metres, of a packed motion."""
    raw = zlib.decompress(bytes(packed))
    frames = len(raw) // _BYTES_A_FRAME
    return np.frombuffer(raw, "<i2").reshape(frames, len(EC3D_19), 3) / 1000.0
