"""Whatever a reader says of a recording has words that can be translated."""

import io
import string
from dataclasses import replace

import pytest

from feedback.body_words import JOINT_NAMES, LIMB_NAMES, PART_NAMES
from feedback.reading_words import ABOUT, TOLD, fact_rows, quality_sentences
from feedback.wording import QUALITY
from ml.poses.faults import repair
from ml.poses.formats import read
from ml.poses.quality import REASONS, grade
from ml.skeletons import EC3D_19
from patients.models import Recording
from tests.ml.poses import samples


def names_in(sentence):
    return {name for _, name, _, _ in string.Formatter().parse(str(sentence)) if name}


def test_every_reason_has_a_sentence_that_names_the_same():
    assert {code: names_in(text) for code, text in QUALITY.items()} == {
        code: names_in(text) for code, text in REASONS.items()
    }
    assert set(JOINT_NAMES) == set(EC3D_19.joints)
    sides = [joint.partition("_")[2] for joint in EC3D_19.joints if joint.startswith("left_")]
    assert set(PART_NAMES) == set(sides)
    assert len(LIMB_NAMES) == 8


@pytest.mark.parametrize("write", samples.WRITERS.values(), ids=samples.WRITERS)
def test_what_each_format_tells_has_words(write):
    sequence = read(io.BytesIO(write()))
    for fact in sequence.facts:
        assert fact.about in ABOUT, fact
        assert fact.known != "format" or not fact.how or fact.how in TOLD, fact
    recording = Recording(facts=[fact._asdict() for fact in sequence.facts])
    assert len(fact_rows(recording)) == len(sequence.facts)


def test_reasons_of_a_recording_become_sentences():
    told = [
        {"code": "filled", "values": {"share": "12%", "joint": "left_wrist"}},
        {"code": "limb_length", "values": {"share": "7%", "limb": "right_upper_arm"}},
        {"code": "no_feet", "values": {}},
    ]
    recording = Recording(quality="usable", quality_reasons=told)
    assert quality_sentences(recording) == [
        "12% of the left hand was filled in.",
        "The length of the right upper arm varies by 7%.",
        "The feet were not measured; they are put in from the ankles.",
    ]
    assert recording.quality_in_words[0] == "12% of the left wrist was filled in."


def test_a_grade_is_kept_with_its_reasons():
    sequence = replace(samples.sequence(), frame_rate=15.0)
    quality = grade(repair(sequence))
    kept = [reason._asdict() for reason in quality.reasons]
    assert quality_sentences(Recording(quality_reasons=kept)) == ["Only 15 frames a second were recorded."]
