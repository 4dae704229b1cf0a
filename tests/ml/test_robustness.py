"""A finding does not depend on left or right, pace, frame rate or place."""

import pytest

from ml.inference import Predictor
from ml.release import DEFAULT_RELEASE, load_release
from ml.robustness import VARIANTS, main, same_findings
from tests.ml.test_inference import repetitions


@pytest.fixture(scope="module")
def kept():
    sequences = repetitions(["squat.correct", "squat.knees_inward", "lunge.not_low_enough"])
    return same_findings(Predictor(load_release(DEFAULT_RELEASE)), sequences)


def test_every_variant_keeps_the_finding_of_clear_repetitions(kept):
    assert kept == dict.fromkeys(VARIANTS, 3)


def test_command_prints_a_share_for_each_variant(capsys):
    assert main(["--data", "sim:3:1"]) == 0
    printed = capsys.readouterr().out
    assert all(name in printed for name in VARIANTS)
    assert main(["--data", "nowhere:3"]) == 2
