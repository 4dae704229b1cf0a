"""Keeps what is measured of each repetition: a history of hundreds of sessions is read, not computed."""

from typing import Final

from feedback.models import Repetition
from feedback.motions import unpack_motion
from ml.measures import measure

#: So many repetitions are measured at a time where some were kept without it.
MOST_MEASURED: Final = 200


def measure_unmeasured() -> int:
    """Measure repetitions that were kept without it: older than the measures, or kept in another way."""
    left = Repetition.objects.filter(measures__isnull=True).only("motion", "frame_rate", "exercise")
    repetitions = list(left.order_by("pk")[:MOST_MEASURED])
    for one in repetitions:
        one.measures = measure(unpack_motion(one.motion), one.frame_rate, one.exercise)
    Repetition.objects.bulk_update(repetitions, ["measures"])
    return len(repetitions)
