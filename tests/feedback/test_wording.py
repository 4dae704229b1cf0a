"""Every code that can reach a person has a sentence for the clinician and one for the patient."""

import pytest

from feedback import wording
from feedback.pipeline import ANALYSIS_CODES
from ml.catalogue import CODES, PUBLISHED_CODES, is_correct
from ml.correction import CHECKS
from patients.uploads import UploadError

_EVERY_CODE = sorted(
    {
        *CODES,
        *PUBLISHED_CODES,
        *UploadError.CODES,
        *ANALYSIS_CODES,
        *wording.ABSTAINED,
        *wording.VERDICTS,
        *wording.NOTES,
        *wording.MOVES,
    }
)


@pytest.mark.parametrize("code", _EVERY_CODE)
def test_every_code_has_a_sentence_for_each_reader(code):
    entry = wording._find(code)
    assert entry is not None
    for sentence in (wording.for_clinician(code), wording.for_patient(code)):
        assert sentence[0].isupper()
        assert sentence.endswith(".")


@pytest.mark.parametrize("check", CHECKS)
def test_every_check_of_a_correction_has_a_sentence(check):
    assert wording.CHECKS[check].clinician


@pytest.mark.parametrize("code", sorted({*CODES, *PUBLISHED_CODES}))
def test_a_patient_reads_one_cue_of_at_most_fifteen_words(code):
    assert len(wording.for_patient(code).split()) <= 15
    assert wording.for_patient(code).count(".") == 1


def test_no_two_mistakes_of_an_exercise_share_a_cue():
    cues = [wording.for_patient(code) for code in CODES if not is_correct(code)]
    assert len(set(cues)) == len(cues)


def test_a_class_that_a_clinic_taught_is_named_by_its_code():
    assert wording.class_name("squat.heels_lift") == "Heels lift"
    assert wording.for_clinician("squat.heels_lift") == "Heels lift."
    assert "physiotherapist" in wording.for_patient("squat.heels_lift")
    assert wording.for_patient("bridge.correct").startswith("Well done")


def test_the_sentence_follows_the_reader():
    assert wording.sentence("empty_file", patient=True) == wording.for_patient("empty_file")
    assert wording.sentence("empty_file", patient=False) == wording.for_clinician("empty_file")
