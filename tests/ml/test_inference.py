"""The predictor: one batch, the same answer in any company, honest about what it does not know."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from ml.catalogue import CODES, PUBLISHED_CODES, exercise_of, is_correct
from ml.datasets import load
from ml.encoding import encode
from ml.familiarity import Familiarity
from ml.inference import AnalysisError, Predictor
from ml.judge import JudgeConfig, JudgeNetwork
from ml.model import FeedbackNetwork, NetworkConfig
from ml.poses.sequence import PoseSequence
from ml.published import import_published
from ml.release import write_release
from ml.repetitions import Span
from ml.simulate import Person, simulate_recording, simulate_repetition
from ml.skeletons import EC3D_19


def repetitions(codes, seed=0):
    rng = np.random.default_rng(seed)
    return [simulate_repetition(Person.sample(seed), code, rng).performed for code in codes]


def held_for(code, seconds):
    held = repetitions([code])[0]
    still = np.repeat(held.positions[len(held) // 2][None], seconds * 30, axis=0)
    return replace(held, positions=still, frame_rate=30.0)


@pytest.fixture(scope="module")
def release(tmp_path_factory):
    """Untrained, so that nothing here depends on a training: only how the parts are put together."""
    torch.manual_seed(0)
    network = FeedbackNetwork(NetworkConfig(classes=CODES, n_hidden=8))
    inputs = torch.from_numpy(encode(repetitions(CODES * 2)))
    torch.nn.init.normal_(network.correction.out.weight, std=0.02)  # else it would change nothing
    network.standardise_by(inputs, inputs)
    network(inputs)
    familiarity = Familiarity(len(CODES), 57)
    familiarity.fit(inputs, torch.arange(len(inputs)) % len(CODES))
    judge = JudgeNetwork(JudgeConfig(classes=CODES, n_hidden=4))
    folder = tmp_path_factory.mktemp("releases") / "untrained"
    return write_release(folder, network=network, judge=judge, familiarity=familiarity)


@pytest.fixture(scope="module")
def published(shared, tmp_path_factory):
    return import_published(
        shared / "reference" / "Ours.pt", tmp_path_factory.mktemp("releases") / "published"
    )


@pytest.fixture(scope="module")
def personal(tmp_path_factory):
    """Untrained as well, but one that takes the person's baseline."""
    torch.manual_seed(1)
    network = FeedbackNetwork(NetworkConfig(classes=CODES, n_hidden=8, baseline=True, angles=True))
    torch.nn.init.normal_(network.correction.out.weight, std=0.02)
    inputs = torch.from_numpy(encode(repetitions(CODES)))
    network.standardise_by(inputs, inputs, inputs.mean(0).expand_as(inputs))
    network(inputs, baseline=inputs.flip(0))
    folder = tmp_path_factory.mktemp("releases") / "personal"
    return write_release(folder, network=network, temperature=1.0, temperature_with_baseline=4.0)


def with_thresholds(release, **thresholds):
    return replace(release, manifest=replace(release.manifest, thresholds=thresholds))


@pytest.mark.parametrize("kind", ["own", "published"])
def test_answer_does_not_depend_on_what_shares_the_batch(kind, release, request):
    chosen = release if kind == "own" else request.getfixturevalue("published")
    predictor, several = Predictor(chosen), repetitions(CODES[:6])
    together = predictor.predict(several, correct_always=True)
    for one, (finding, correction) in zip(several, together, strict=True):
        ((alone, corrected),) = predictor.predict([one], correct_always=True)
        assert alone.code == finding.code
        for code, probability in alone.probabilities.items():
            assert probability == pytest.approx(finding.probabilities[code], abs=1e-6)
        np.testing.assert_allclose(corrected.positions, correction.positions, atol=1e-6)
        assert corrected.verified == correction.verified


def test_probabilities_sum_to_one_and_the_finding_is_the_largest(release):
    for finding, _ in Predictor(release).predict(repetitions(CODES)):
        assert sum(finding.probabilities.values()) == pytest.approx(1)
        assert max(finding.probabilities, key=finding.probabilities.get) == finding.code
        assert finding.probability == finding.probabilities[finding.code]


def test_known_exercise_leaves_only_its_classes_in_the_same_proportion(release):
    predictor, several = Predictor(release), repetitions(CODES)
    free = predictor.predict(several)
    bound = predictor.predict(several, ["lunge"] * len(several))
    for (finding, _), (known, _) in zip(free, bound, strict=True):
        assert set(known.probabilities) == {code for code in CODES if exercise_of(code) == "lunge"}
        share = sum(finding.probabilities[code] for code in known.probabilities)
        assert known.probability == pytest.approx(finding.probabilities[known.code] / share)


def test_correction_hears_what_was_found_and_not_what_was_ruled_out(release):
    predictor, (one,) = Predictor(release), repetitions(["squat.front_bent"])
    several = [
        predictor.predict([one], [name], correct_always=True)[0] for name in ("squat", "lunge", "plank")
    ]
    positions = [correction.positions for _, correction in several]
    assert np.abs(positions[0] - positions[1]).max() > 1e-4
    assert np.abs(positions[1] - positions[2]).max() > 1e-4


def test_correct_repetitions_and_abstentions_get_no_correction(release):
    several = repetitions(CODES * 3)
    for finding, correction in Predictor(release).predict(several):
        assert (correction is None) == is_correct(finding.code)
    for finding, correction in Predictor(with_thresholds(release, confidence=1.01)).predict(several):
        assert finding.abstained
        assert finding.abstained_reason == "low_confidence"
        assert correction is None


def test_what_is_unlike_training_is_abstained_from(release):
    odd = PoseSequence(np.random.default_rng(0).normal(size=(60, 19, 3)), 30.0)
    (usual,) = repetitions(["plank.correct"])
    predictor = Predictor(with_thresholds(release, unlike_training=3.0))
    (finding, correction), (known, _) = predictor.predict([odd, usual])
    assert finding.abstained_reason == "unlike_training"
    assert correction is None
    assert not known.abstained


def test_temperature_softens_and_keeps_the_order(release):
    (one,) = repetitions(["lunge.not_low_enough"])
    soft = replace(release, manifest=replace(release.manifest, temperature=4.0))
    ((sharp, _),), ((softened, _),) = (Predictor(r).predict([one]) for r in (release, soft))
    assert softened.code == sharp.code
    assert softened.probability < sharp.probability


def test_release_is_left_as_it_was(release):
    Predictor(release)
    assert next(release.network.parameters()).dtype == torch.float32


def test_no_repetitions_no_predictions(release):
    assert Predictor(release).predict([]) == []


def test_a_lenient_judge_accepts_more_and_an_utterly_lenient_one_all(release):
    motions = [one.sequence for one in load("sim:3:1")]

    def accepted(leniency):
        manifest = replace(release.manifest, thresholds={"judge_leniency": leniency})
        return [
            code.endswith(".correct")
            for code in Predictor(replace(release, manifest=manifest)).judged(motions)
        ]

    assert not any(accepted(-100.0))
    assert all(accepted(100.0))


def test_unknown_exercise_is_refused(release):
    with pytest.raises(AnalysisError) as error:
        Predictor(release).predict(repetitions(["squat.correct"]), ["cartwheel"])
    assert error.value.code == "unknown_exercise"


@pytest.mark.parametrize(
    ("codes", "exercise"),
    [(("squat.correct", "squat.front_bent", "squat.correct"), "squat"), (("plank.arched_back",), "plank")],
)
def test_whole_recording_is_analysed(release, codes, exercise):
    recording, spans = simulate_recording(Person.sample(3), codes, np.random.default_rng(3))
    result = Predictor(release).analyse(recording, exercise)
    assert result.exercise == exercise
    assert len(result.performed) == len(recording)
    assert len(result.repetitions) == len(spans)
    for repetition in result.repetitions:
        assert exercise_of(repetition.finding.code) == exercise
        if repetition.correction:
            n_frames = repetition.end_frame - repetition.start_frame
            assert repetition.correction.positions.shape == (n_frames, 19, 3)
            assert repetition.correction.positions.dtype == np.float32
            first = result.performed.positions[repetition.start_frame]
            assert np.abs(repetition.correction.positions[0, 8] - first[8]).max() < 0.03


def test_recordings_that_share_a_batch_are_answered_as_if_they_did_not(release):
    predictor = Predictor(release)
    searched = [
        predictor.search(simulate_recording(Person.sample(i), codes, np.random.default_rng(i))[0])
        for i, codes in enumerate((["squat.front_bent"] * 3, ["plank.correct"], ["lunge.not_low_enough"] * 2))
    ]
    together = predictor.judge(searched)
    assert [result.exercise for result in together] == ["squat", "plank", "lunge"]
    for one, result in zip(searched, together, strict=True):
        (alone,) = predictor.judge([one])
        assert result.performed is one.prepared.sequence
        assert len(alone.repetitions) == len(result.repetitions) == len(one.spans)
        for a, b in zip(alone.repetitions, result.repetitions, strict=True):
            assert a.finding.probability == pytest.approx(b.finding.probability, abs=1e-6)
            assert (a.index, a.start_frame, a.finding.code) == (b.index, b.start_frame, b.finding.code)


def test_an_unknown_exercise_is_refused_before_a_batch_is_computed(release):
    recording, _ = simulate_recording(Person.sample(3), ["squat.correct"], np.random.default_rng(3))
    with pytest.raises(AnalysisError, match="cartwheel"):
        Predictor(release).search(recording, cuts=[Span(0, 60, "cartwheel")])


def test_a_hold_is_a_plank_and_a_movement_is_not(release):
    hold, _ = simulate_recording(Person.sample(4), ["plank.correct"], np.random.default_rng(4))
    movement, _ = simulate_recording(Person.sample(4), ["lunge.correct"] * 3, np.random.default_rng(4))
    predictor = Predictor(release)
    assert predictor.analyse(hold).exercise == "plank"
    assert predictor.analyse(movement).exercise in ("squat", "lunge")


def test_a_poor_recording_is_abstained_from_as_a_whole(release):
    codes = ("squat.front_bent", "squat.knees_inward")
    recording, _ = simulate_recording(Person.sample(3), codes, np.random.default_rng(3))
    predictor = Predictor(release)
    clear = predictor.analyse(recording, "squat")
    positions = recording.positions.copy()
    positions[::3, EC3D_19.index("left_ankle")] = np.nan
    poor = predictor.analyse(recording.with_positions(positions), "squat")
    assert "poor_quality" not in {found.finding.abstained_reason for found in clear.repetitions}
    assert len(poor.repetitions) == len(clear.repetitions)
    for found in poor.repetitions:
        assert (found.finding.abstained, found.finding.abstained_reason) == (True, "poor_quality")
        assert found.correction is None


def test_standing_still_holds_no_repetition(release):
    recording, _ = simulate_recording(Person.sample(5), ["squat.correct"], np.random.default_rng(5))
    still = recording.with_positions(np.repeat(recording.positions[:1], 90, axis=0))
    with pytest.raises(AnalysisError) as error:
        Predictor(release).analyse(still)
    assert error.value.code == "no_repetition_found"


def test_published_release_gives_the_published_classes(published, shared):
    data = np.load(shared / "data" / "ec3d" / "subject4_part.npz")
    mirror = np.array([-1.0, 1.0, 1.0])  # the published frame is left-handed
    several = [
        PoseSequence(data["poses"][a:b] * mirror, 30.0)
        for a, b in zip(data["offsets"], data["offsets"][1:], strict=False)
    ]
    results = Predictor(published).predict(several, correct_always=True)
    expected = [PUBLISHED_CODES[i] for i in data["published_prediction"]]
    assert [finding.code for finding, _ in results] == expected
    expected = [PUBLISHED_CODES[i] for i in data["published_prediction_corrected"]]
    assert [correction.judged for _, correction in results] == expected


def test_baseline_of_one_concerns_no_other(personal):
    predictor, several = Predictor(personal), repetitions(CODES[:4])
    own = repetitions(["squat.correct"] * 3, seed=5)
    beside = [own, [], own[:1], []]
    together = predictor.predict(several, baselines=beside, correct_always=True)
    for one, baseline, (finding, correction) in zip(several, beside, together, strict=True):
        ((alone, corrected),) = predictor.predict([one], baselines=[baseline], correct_always=True)
        assert alone.probabilities == pytest.approx(finding.probabilities, abs=1e-9)
        np.testing.assert_allclose(corrected.positions, correction.positions, atol=1e-6)
    without = predictor.predict(several)
    assert together[1][0] == without[1][0]
    assert together[0][0].probabilities != pytest.approx(without[0][0].probabilities, abs=1e-3)


def test_with_a_baseline_its_own_temperature_and_threshold_hold(personal):
    (one,), own = repetitions(["squat.correct"]), repetitions(["squat.correct"] * 2, seed=5)
    same = replace(personal, manifest=replace(personal.manifest, temperature_with_baseline=None))
    ((soft, _),), ((sharp, _),) = (Predictor(r).predict([one], baselines=[own]) for r in (personal, same))
    assert soft.code == sharp.code
    assert soft.probability < sharp.probability
    strict = with_thresholds(personal, confidence=0.0, confidence_with_baseline=1.01)
    ((alone, _),), ((beside, _),) = (Predictor(strict).predict([one], baselines=[b]) for b in ([], own))
    assert (alone.abstained, beside.abstained) == (False, True)


def test_recording_is_judged_against_the_baseline_of_its_exercise(personal):
    recording, _ = simulate_recording(Person.sample(3), ["squat.correct"] * 2, np.random.default_rng(3))
    own, predictor = repetitions(["squat.correct"], seed=5), Predictor(personal)
    alone, beside, of_other = (
        [r.finding.probability for r in predictor.analyse(recording, "squat", baselines=b).repetitions]
        for b in (None, {"squat": own}, {"lunge": own})
    )
    assert alone == of_other
    assert alone != pytest.approx(beside, abs=1e-4)


def test_release_without_baseline_judges_without(release):
    (one,), own = repetitions(["squat.correct"]), repetitions(["squat.correct"], seed=5)
    predictor = Predictor(release)
    assert predictor.predict([one], baselines=[own])[0][0] == predictor.predict([one])[0][0]


def test_a_long_hold_is_judged_in_windows_and_gets_one_finding(release):
    minute, moment = (held_for("plank.arched_back", seconds) for seconds in (60, 6))
    other = repetitions(["squat.correct"])[0]

    long, beside, short = Predictor(release).predict([minute, other, moment], correct_always=True)

    assert list(long[0].probabilities.values()) == pytest.approx(list(short[0].probabilities.values()))
    assert beside[0].code == Predictor(release).predict([other])[0][0].code
    assert len(long[1].positions) == len(minute)
    assert np.abs(long[1].positions[300] - short[1].positions[90]).max() < 0.01


def test_what_a_hold_is_for_most_of_its_time_is_found(release):
    arched, straight = (held_for(code, 50) for code in ("plank.arched_back", "plank.correct"))
    mixed = arched.with_positions(np.concatenate([arched.positions, straight.positions[: 10 * 30]]))
    predictor = Predictor(release)

    (whole, _), (most, _), (least, _) = predictor.predict([mixed, arched, straight])

    of = [np.array(list(finding.probabilities.values())) for finding in (whole, most, least)]
    assert np.abs(of[0] - of[1]).max() < np.abs(of[0] - of[2]).max()
