"""Repetitions are measured when they are kept; those that were not are measured by the sweep."""

from feedback.measuring import measure_unmeasured
from feedback.models import Repetition
from feedback.sweep import sweep
from tests.factories import RepetitionFactory


def test_the_sweep_measures_what_was_kept_without(db):
    repetition = RepetitionFactory(finding="squat.correct")
    assert repetition.measures is None
    assert sweep().measured == 1
    repetition.refresh_from_db()
    assert repetition.measures["knee_bend"] > 40
    assert measure_unmeasured() == 0


def test_nothing_to_measure_is_remembered_too(db):
    RepetitionFactory()
    Repetition.objects.update(measures={})
    assert measure_unmeasured() == 0
