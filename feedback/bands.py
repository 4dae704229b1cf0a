"""What a patient's own correct repetitions of an exercise look like, and where another one leaves them."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.db.models import Q, QuerySet
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from numpy.typing import NDArray

from feedback.body_words import ANGLE_NAMES
from feedback.models import Repetition, Verdict
from feedback.motions import unpack_motion
from feedback.selectors import current_analyses, judged_repetitions
from ml.angles import joint_angles
from ml.catalogue import MISTAKE_CLASSES, is_correct
from ml.skeletons import other_side

Array = NDArray[np.float64]
#: Points of normalised time, 0 to 1, at which the band is given.
POINTS = 51
#: With fewer correct repetitions there is no band; of more, the newest count.
FEWEST, MOST = 3, 20
_DEVIATIONS = 2.0
#: Less than this beyond the band is not called outside: no sensor tells it.
_TOLERANCE = 1.0  # degrees
#: One leg leads where its hip is bent more than the other by so much on average: in lunges, never in squats.
_LEADS = 10.0  # degrees
_CORRECT_KINDS = sorted({one.code.split(".", 1)[1] for one in MISTAKE_CLASSES if is_correct(one.code)})


@dataclass(frozen=True)
class Basis:
    """The correct repetitions that a band is made of, newest first, and how many of them were reviewed."""

    keys: tuple[int, ...]
    reviewed: int

    @property
    def is_enough(self) -> bool:
        return len(self.keys) >= FEWEST

    @property
    def mark(self) -> str:
        """Changes when another band would come out."""
        return hashlib.sha256(repr(self).encode()).hexdigest()[:16]

    @property
    def sentence(self) -> str:
        """Say which repetitions these are; empty where there are too few."""
        if not self.is_enough:
            return ""
        number = len(self.keys)
        if self.reviewed == number:
            template = ngettext("{n} reviewed correct repetition", "{n} reviewed correct repetitions", number)
        elif self.reviewed == 0:
            template = ngettext(
                "{n} repetition found correct, not reviewed",
                "{n} repetitions found correct, not reviewed",
                number,
            )
        else:
            template = ngettext(
                "{n} repetition found correct, {reviewed} reviewed",
                "{n} repetitions found correct, {reviewed} reviewed",
                number,
            )
        return template.format(n=number, reviewed=self.reviewed)


def band_basis(repetition: Repetition) -> Basis:
    """Return which other repetitions of the same patient and exercise are correct. One or two queries.

    Those that a clinician called correct, if there are enough; else also those that the model found correct
    without abstaining and that nobody has judged.
    """
    others = _others(repetition)
    codes = [f"{repetition.exercise}.{kind}" for kind in _CORRECT_KINDS]
    reviewed = Q(verdict_decision__in=Verdict.JUDGED, verdict_label__in=codes)
    keys = tuple(others.filter(reviewed).values_list("pk", flat=True)[:MOST])
    if len(keys) >= FEWEST:
        return Basis(keys, len(keys))
    found = Q(verdict_decision=None, abstained=False, finding__in=codes)
    rows = others.filter(reviewed | found).values_list("pk", "verdict_decision")[:MOST]  # type: ignore[misc]
    return Basis(tuple(pk for pk, _decision in rows), sum(decision is not None for _pk, decision in rows))


def _others(repetition: Repetition) -> QuerySet[Repetition]:
    patient = repetition.analysis.recording.patient
    shown = current_analyses().filter(recording__patient=patient).order_by().values("pk")
    return (
        judged_repetitions()
        .filter(analysis__in=shown, exercise=repetition.exercise)
        .exclude(pk=repetition.pk)
        .order_by("-analysis__recording__recorded_at", "-pk")
    )


def band_json(repetition: Repetition, basis: Basis) -> dict[str, Any]:
    """Return the band, ready for JSON; `angles` is None where there are too few. One query."""
    angles = None
    if basis.is_enough:
        motions = Repetition.objects.filter(pk__in=basis.keys).values_list("motion", flat=True)
        performed = joint_angles(unpack_motion(repetition.motion))
        curves = [_led_alike(joint_angles(unpack_motion(motion)), performed) for motion in motions]
        angles = {
            name: _angle(name, values, [one[name] for one in curves], repetition.frame_rate, len(basis.keys))
            for name, values in performed.items()
        }
    return {
        "repetition": str(repetition.uuid),
        "exercise": repetition.exercise,
        "repetitions": len(basis.keys),
        "reviewed": basis.reviewed,
        "basis": basis.sentence,
        "angles": angles,
    }


def _led_alike(angles: dict[str, Array], performed: dict[str, Array]) -> dict[str, Array]:
    """Return the angles of a repetition, left and right exchanged where the other leg leads."""
    if _leading(angles) * _leading(performed) >= 0:
        return angles
    return {other_side(name): values for name, values in angles.items()}


def _leading(angles: dict[str, Array]) -> int:
    """Return 1 where the left leg leads, -1 where the right one does, 0 where none does."""
    further = angles["left_hip_flexion"] - angles["right_hip_flexion"]
    known = further[np.isfinite(further)]
    if not len(known) or abs(known.mean()) < _LEADS:
        return 0
    return 1 if known.mean() > 0 else -1


def _angle(
    name: str, performed: Array, curves: Sequence[Array], frame_rate: float, number: int
) -> dict[str, Any] | None:
    """Return one angle's band and where the performed repetition lies outside; None where it is not known."""
    usable = [stretched for curve in curves if (stretched := _stretched(curve)) is not None]
    if len(usable) < FEWEST:
        return None
    mean, deviation = np.mean(usable, axis=0), np.std(usable, axis=0, ddof=1)
    low, high = mean - _DEVIATIONS * deviation, mean + _DEVIATIONS * deviation
    excess = _excess(performed, low, high)
    spans = _spans(excess != 0)
    return {
        "low": np.round(low, 1).tolist(),
        "high": np.round(high, 1).tolist(),
        "outside": spans,
        "sentence": _sentence(name, excess, spans, frame_rate, number),
    }


def _stretched(curve: Array) -> Array | None:
    """Return a curve at `POINTS` moments of its own duration; None where most of it is not defined."""
    known = np.isfinite(curve)
    if known.sum() < len(curve) / 2 or len(curve) < 2:
        return None
    time = np.linspace(0, 1, len(curve))
    return np.interp(np.linspace(0, 1, POINTS), time[known], curve[known])


def _excess(performed: Array, low: Array, high: Array) -> Array:
    """Return by how many degrees each frame lies above (+) or below (-) the band; 0 inside or nearly so."""
    points, time = np.linspace(0, 1, POINTS), np.linspace(0, 1, len(performed))
    above = performed - np.interp(time, points, high)
    below = performed - np.interp(time, points, low)
    excess = np.nan_to_num(np.maximum(above, 0) + np.minimum(below, 0))
    return np.where(np.abs(excess) < _TOLERANCE, 0.0, excess)


def _spans(outside: NDArray[np.bool_]) -> list[list[int]]:
    """Return the runs of True as [first frame, frame after the last]."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], outside.astype(np.int8), [0]))))
    return edges.reshape(-1, 2).tolist()


def _sentence(name: str, excess: Array, spans: list[list[int]], frame_rate: float, number: int) -> str:
    values = {"angle": ANGLE_NAMES[name], "n": number}
    if not spans:
        return _("{angle}: never outside the band of {n} correct repetitions.").format(**values)
    furthest = int(np.argmax(np.abs(excess)))
    return _(
        "{angle}: outside the band of {n} correct repetitions for {seconds} s, by up to {degrees}° at {at} s."
    ).format(
        **values,
        seconds=_number(sum(end - start for start, end in spans) / frame_rate),
        degrees=round(float(np.abs(excess[furthest]))),
        at=_number(furthest / frame_rate),
    )


def _number(seconds: float) -> str:
    return str(number_format(round(max(0.1, seconds), 1), 1))
