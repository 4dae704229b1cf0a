"""Writing a pose sequence as a file that others read, and that is read here again as the same motion.

To add a format, write a module with `name`, `extension` and `write` and add it to `WRITERS`. NumPy only.
"""

from typing import Protocol

from ml.poses.sequence import PoseSequence
from ml.poses.writers import bvh, c3d, csv_wide, exfb_json, npz, trc
from ml.poses.writers.conventions import Convention


class Writer(Protocol):
    """What a module of this package offers."""

    name: str
    extension: str

    def write(self, sequence: PoseSequence, convention: Convention) -> bytes:
        """Return the whole file, positions to a hundredth of a millimetre."""


#: By name, which is that of the reader.
WRITERS: dict[str, Writer] = {writer.name: writer for writer in (exfb_json, csv_wide, npz, trc, c3d, bvh)}
