"""Which way the axes of a written file point and in which unit: what each kind of program expects."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ml.poses.assemble import AXES, UNITS
from ml.poses.sequence import PoseSequence

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Convention:
    """Where x, y and z of a file point, seen from the person, and its unit of length.

    Parameters
    ----------
    name : str
    axes : tuple of str
        Directions of x, y and z, such as `("right", "forward", "up")`.
    unit : {"m", "cm", "mm"}
    """

    name: str
    axes: tuple[str, str, str]
    unit: str

    @property
    def per_metre(self) -> float:
        """How many units make a metre."""
        return 1.0 / UNITS[self.unit]

    @property
    def decimals(self) -> int:
        """The places after the point that hold a hundredth of a millimetre."""
        return {"m": 5, "cm": 3, "mm": 2}[self.unit]

    def coordinates(self, sequence: PoseSequence) -> Array:
        """Return the joint positions in these axes and this unit, (F, J, 3); NaN where not seen."""
        places, signs = zip(*(AXES[axis] for axis in self.axes), strict=True)
        return sequence.positions[..., list(places)] * np.array(signs) * self.per_metre


EXFB = Convention("exfb", ("right", "forward", "up"), "m")

#: By name. Unity's is left-handed, as the program itself.
CONVENTIONS = {
    convention.name: convention
    for convention in (
        EXFB,
        Convention("opensim", ("forward", "up", "right"), "mm"),
        Convention("blender", ("left", "up", "forward"), "mm"),
        Convention("unity", ("right", "up", "forward"), "m"),
    )
}
