"""The moment of a repetition that says most, and in words by how much the correction differs there."""

from collections.abc import Mapping, Sequence
from math import floor
from typing import NamedTuple

import numpy as np
from django.utils.translation import gettext_lazy as _
from numpy.typing import NDArray

from ml.catalogue import exercise_of
from ml.skeletons import EC3D_19

Array = NDArray[np.float64]
#: The correction starts where the performed motion starts: what differs in the first frames is no mistake.
_SETTLING = 0.05  # share of the frames
#: Below this no angle tells the correction; the joints' distances then choose the moment.
_TELLING = 3.0  # degrees
#: How many of the joints that move most say where to look.
_JOINTS = 4

#: What it means that the performed angle is greater, or smaller, than the corrected one; {n} are degrees.
DIFFERENCES = {
    "left_knee_flexion": (_("Left knee {n}° more bent"), _("Left knee {n}° less bent")),
    "right_knee_flexion": (_("Right knee {n}° more bent"), _("Right knee {n}° less bent")),
    "left_hip_flexion": (_("Left hip {n}° more bent"), _("Left hip {n}° less bent")),
    "right_hip_flexion": (_("Right hip {n}° more bent"), _("Right hip {n}° less bent")),
    "left_ankle_dorsiflexion": (
        _("Left shin {n}° further forward"),
        _("Left shin {n}° less forward"),
    ),
    "right_ankle_dorsiflexion": (
        _("Right shin {n}° further forward"),
        _("Right shin {n}° less forward"),
    ),
    "left_knee_valgus": (_("Left knee {n}° further inward"), _("Left knee {n}° further outward")),
    "right_knee_valgus": (_("Right knee {n}° further inward"), _("Right knee {n}° further outward")),
    "trunk_lean": (_("Trunk leans {n}° more"), _("Trunk leans {n}° less")),
    "back_curve": (_("Hips {n}° higher"), _("Hips {n}° lower")),
}
#: The angles in which a mistake shows. Arms and head move far when a trunk or a knee is at fault, so that the
#: joints that move most do not say this; they do where none of these tells, and for other classes.
_SHOWS_IN = {
    "knees_inward": ("left_knee_valgus", "right_knee_valgus"),
    "not_low_enough": ("left_knee_flexion", "right_knee_flexion"),
    "front_bent": ("trunk_lean",),
    "knee_passes_toe": ("left_ankle_dorsiflexion", "right_ankle_dorsiflexion"),
    "arched_back": ("back_curve",),
    "hunched_back": ("back_curve",),
}
_SIDED = {
    "hip": ("hip_flexion",),
    "knee": ("knee_valgus", "knee_flexion"),
    "ankle": ("ankle_dorsiflexion", "knee_flexion"),
    "heel": ("ankle_dorsiflexion",),
    "big_toe": ("ankle_dorsiflexion",),
}
_MIDDLE = ("mid_hip", "neck", "nose")


class WorstMoment(NamedTuple):
    """A frame, and the angle that shows the difference there; no angle where none does."""

    frame: int
    angle: str | None
    sentence: str


def worst_moment(
    performed: Array,
    corrected: Array | None,
    angles: tuple[Mapping[str, Array], Mapping[str, Array] | None],
    joints: Sequence[str],
    finding: str,
) -> WorstMoment:
    """Return the moment to open a repetition at.

    With a correction: where an angle in which the `finding` shows differs most from it; where none tells, one
    near the joints that move most (`joints`, in that order); else where a joint is furthest away. Without
    one: where the hips are lowest.
    Positions have shape (F, 19, 3) in metres; `angles` are of both, by name, in degrees.
    """
    start = int(np.ceil(_SETTLING * len(performed))) if len(performed) > 1 else 0
    if corrected is None or angles[1] is None:
        hips = performed[start:, EC3D_19.index("mid_hip"), 2]
        return WorstMoment(start + int(np.argmin(hips)), None, "")
    differences = {
        name: np.nan_to_num(values - angles[1][name])[start:] for name, values in angles[0].items()
    }
    for names in (_SHOWS_IN.get(finding.split(".", 1)[-1], ()), _near(joints, exercise_of(finding))):
        name = max(names, key=lambda one: np.abs(differences[one]).max(), default="")
        if name and np.abs(differences[name]).max() >= _TELLING:
            frame = int(np.argmax(np.abs(differences[name])))
            angle = [float(both[name][start + frame]) for both in (angles[0], angles[1])]
            sentence = difference_sentence(name, *angle)
            return WorstMoment(start + frame, name, sentence)
    away = np.linalg.norm(performed - corrected, axis=-1).max(axis=-1)[start:]
    return WorstMoment(start + int(np.argmax(away)), None, "")


def difference_sentence(angle: str, performed: float, corrected: float) -> str:
    """Return "Right knee 9° further inward than corrected.", by what the two angles read beside it."""
    degrees = _shown(performed) - _shown(corrected)
    words = DIFFERENCES[angle][0 if degrees > 0 else 1].format(n=abs(degrees))
    return str(_("{difference} than corrected.")).format(difference=words)


def _shown(degrees: float) -> int:
    """Round as the page does, which has tenths and rounds halves up."""
    return floor(round(degrees, 1) + 0.5)


def _near(joints: Sequence[str], exercise: str) -> list[str]:
    """Return the angles at the joints that move most; a moving trunk or arm tells of trunk or back."""
    trunk = "back_curve" if exercise == "plank" else "trunk_lean"
    names: list[str] = [] if joints else [trunk]
    for joint in joints[:_JOINTS]:
        side, _sep, part = joint.partition("_")
        if joint not in _MIDDLE and part in _SIDED:
            names += [f"{side}_{kind}" for kind in _SIDED[part]]
        else:
            names.append(trunk)
    return list(dict.fromkeys(names))
