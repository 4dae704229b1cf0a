"""Training: seeded, by person, and a release written whole or not at all."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from ml import training_set
from ml.baseline import mirrored
from ml.calibration import fitted_confidence, fitted_distance, fitted_leniency, fitted_temperature
from ml.catalogue import CODES, is_correct
from ml.checkpoint import Checkpoint
from ml.encoding import decode_change, encode
from ml.familiarity import Familiarity
from ml.model import FeedbackNetwork, NetworkConfig
from ml.release import ReleaseError, load_release
from ml.simulate import Person, simulate_repetition
from ml.train import TrainingOptions, main, network_config, train, train_members, train_network
from ml.training_set import TrainingSet, _examples_of, cut_roughly, encoded_change, simulate_training_set
from ml.trajectories import to_joints

TINY = TrainingOptions(people=4, epochs=2, hidden=8, workers=1, threads=1)


def new_network(options):
    return FeedbackNetwork(network_config(options))


@pytest.fixture(scope="module")
def examples():
    return simulate_training_set(0, 3, 1)


def test_examples_have_every_class_of_every_person(examples):
    assert len(examples) == 2 * 3 * len(CODES)
    assert examples.people.unique().tolist() == [0, 1, 2]
    for part in (examples.visible, examples.chosen(examples.mild)):
        assert part.labels.bincount().tolist() == [3] * len(CODES)
    for label, code in enumerate(CODES):
        changes = examples.changes[examples.labels == label]
        assert (changes.abs().sum() == 0) == is_correct(code)


def test_every_number_of_every_example_is_finite():
    # Of person 1406 the course of a squat undershoots zero by a rounding error.
    for array in _examples_of((1406, 1)):
        assert np.isfinite(array).all()


def test_mild_mistakes_change_less_than_visible_ones(examples):
    wrong = examples.chosen(~torch.tensor([is_correct(code) for code in CODES])[examples.labels])
    asked = wrong.changes.square().sum((1, 2)).sqrt()
    assert asked[wrong.mild].mean() < 0.7 * asked[~wrong.mild].mean()


def test_a_seed_gives_the_same_examples_however_many_work_on_them(examples):
    again = simulate_training_set(0, 3, 1, workers=2)
    assert torch.equal(examples.inputs, again.inputs)
    assert torch.equal(examples.changes, again.changes)


def test_baselines_are_other_correct_repetitions_of_the_same_person(monkeypatch):
    monkeypatch.setattr(training_set, "ANOTHER_DAY", 0.0)
    examples = simulate_training_set(0, 3, 1)
    correct = torch.tensor([is_correct(code) for code in CODES])[examples.labels]
    off = (examples.inputs - examples.baseline()).square().mean((1, 2)).sqrt()
    assert off[correct].mean() < 0.6 * off[~correct].mean()
    assert off.min() > 0
    assert examples.baseline(torch.zeros(len(examples), dtype=torch.long)).isnan().all()


def test_examples_seen_otherwise_stay_those_of_the_same_motion_and_baseline(examples):
    torch.manual_seed(0)
    again = examples.seen_otherwise()
    assert torch.equal(again.labels, examples.labels)
    off = (again.inputs - examples.inputs).square().mean((1, 2)).sqrt()
    turned = (again.inputs - mirrored(examples.inputs)).square().mean((1, 2)).sqrt()
    assert 0 < torch.minimum(off, turned).max() < 0.25
    assert (off < turned).any()
    assert (turned < off).any()
    correct = examples.changes.abs().amax((1, 2)) == 0
    assert again.changes[correct].abs().max() == 0


def test_shaken_inputs_and_baselines_shake_and_corrections_do_not(examples):
    torch.manual_seed(0)
    shaken = examples.shaken()

    def quick(encoded):
        return encoded[..., -5:].square().mean().sqrt()

    for name, shakes in (("inputs", True), ("baselines", True), ("changes", False)):
        assert (quick(getattr(shaken, name)) > 1.5 * quick(getattr(examples, name))) == shakes
    assert torch.equal(shaken.inputs[..., 0], examples.inputs[..., 0])


@pytest.mark.parametrize(("share", "grows"), [(0.0, False), (1.0, True)])
def test_a_baseline_of_another_day_is_seen_with_other_errors(examples, monkeypatch, share, grows):
    monkeypatch.setattr(training_set, "ANOTHER_DAY_ANEW", share)
    torch.manual_seed(0)
    between, before = (s.inputs - s.baseline() for s in (examples.seen_otherwise(), examples))
    assert (between.square().mean() > 1.1 * before.square().mean()) == grows


def test_on_another_day_the_sensor_stands_elsewhere(monkeypatch):
    apart = []
    for share in (0.0, 1.0):
        monkeypatch.setattr(training_set, "ANOTHER_DAY", share)
        there = simulate_training_set(0, 4, 1)
        correct = there.changes.flatten(1).any(1).logical_not()
        apart.append((there.inputs - there.baseline())[correct].square().mean())
    assert apart[1] > 1.2 * apart[0]


def test_other_seeds_are_other_people(examples):
    other = simulate_training_set(1, 1, 1)
    assert not set(other.people.tolist()) & set(examples.people.tolist())
    with pytest.raises(ValueError, match="too many"):
        simulate_training_set(0, 100_000, 1)


@pytest.mark.parametrize("code", ["squat.not_low_enough", "lunge.knee_passes_toe", "plank.hunched_back"])
def test_the_encoded_change_leads_to_the_true_correction(code):
    repetition = simulate_repetition(Person.sample(9), code, np.random.default_rng(9), 0.7)
    change = decode_change(
        encoded_change(repetition, repetition.performed, repetition.correct), repetition.performed.positions
    )
    reached = repetition.performed.positions + change
    joints = [
        i
        for i, name in enumerate(repetition.performed.skeleton.joints)
        if "toe" not in name and "heel" not in name and name != "nose"
    ]
    off = np.linalg.norm(reached - repetition.correct.positions, axis=-1)[:, joints]
    before = np.linalg.norm(repetition.performed.positions - repetition.correct.positions, axis=-1)[:, joints]
    assert off.mean() < 0.25 * before.mean()


def test_roughly_cut_motion_and_correction_stay_together():
    repetition = simulate_repetition(Person.sample(2), "squat.front_bent", np.random.default_rng(2))
    cut = cut_roughly(repetition, np.random.default_rng(3))
    assert len(cut.performed) == len(cut.correct) != len(repetition.performed)
    planted = [cut.performed.skeleton.index("left_ankle")]
    np.testing.assert_allclose(
        cut.performed.positions[:, planted], cut.correct.positions[:, planted], atol=1e-9
    )


def test_temperature_of_an_overconfident_network_is_above_one(examples):
    class Sure(torch.nn.Module):
        def forward(self, x, *, baseline):
            from ml.model import NetworkOutput

            scores = torch.zeros(len(x), len(CODES))
            scores[:, 0] = 8.0
            return NetworkOutput(scores.log_softmax(1), torch.zeros_like(x))

    assert fitted_temperature(Sure(), examples) > 3


def test_thresholds_are_in_their_range(examples):
    torch.manual_seed(0)
    network = FeedbackNetwork(NetworkConfig(classes=CODES, n_hidden=8)).eval()
    familiarity = Familiarity(len(CODES), examples.inputs.shape[1])
    familiarity.fit(examples.inputs, examples.labels)
    assert 0.7 <= fitted_confidence(network, examples, 1.0) < 1
    assert fitted_distance(familiarity, examples) > 0


def test_a_strict_judge_is_made_lenient_until_it_accepts_what_is_correct(examples):
    class Strict(torch.nn.Module):
        """Takes each correct repetition for a mistake by up to 3, and each mistake for what it is by 5."""

        def forward(self, features):
            visible = examples.visible
            labels = visible.labels[(features[:, None] == visible.features).all(2).int().argmax(1)]
            scores = 5.0 * torch.nn.functional.one_hot(labels, len(CODES))
            correct = torch.tensor([code.endswith(".correct") for code in CODES])[labels]
            scores[correct] *= 0
            scores[correct, CODES.index("squat.front_bent")] = torch.linspace(0, 3, int(correct.sum()))
            return scores

    leniency = fitted_leniency(Strict(), examples)
    assert 2.8 < leniency <= 3


def test_the_mean_of_the_last_weights_is_kept(examples):
    def weights(averaged, epochs):
        torch.manual_seed(3)
        options = replace(TINY, epochs=epochs, averaged=averaged, learning_rate=1e-6)
        return train_network(new_network(options), examples, examples, options)[0].state_dict()

    torch.manual_seed(3)
    start = new_network(TINY).state_dict()["shared.convolution.weight"]
    moved = [(weights(share, 4)["shared.convolution.weight"] - start).norm() for share in (0.0, 0.5, 1.0)]
    assert moved[0] > moved[1] > moved[2] > 0


def test_a_release_is_trained_and_is_the_same_again(tmp_path):
    first, second = train(TINY, tmp_path / "first"), train(TINY, tmp_path / "second")
    for name, value in first.network.state_dict().items():
        assert torch.equal(value, second.network.state_dict()[name]), name
    assert first.manifest.metrics["unseen_simulated_people"]["n"] == 2 * len(CODES)
    assert load_release(tmp_path / "first").judge is not None
    assert first.network.config.baseline
    assert first.manifest.temperature_with_baseline > 0
    assert set(first.manifest.thresholds) == {
        "confidence",
        "confidence_with_baseline",
        "unlike_training",
        "judge_leniency",
    }


def test_a_folder_that_exists_is_refused_before_any_work(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("ml.train.simulate_training_set", lambda *a, **k: pytest.fail("worked"))
    (tmp_path / "there").mkdir()
    with pytest.raises(ReleaseError) as caught:
        train(TINY, tmp_path / "there")
    assert caught.value.code == "exists"
    assert main(["--out", str(tmp_path / "Bad Name")]) == 2
    assert "name" in capsys.readouterr().err


def test_training_that_fails_leaves_no_release(tmp_path, monkeypatch):
    def fails(*_):
        raise RuntimeError("out of memory")

    monkeypatch.setattr("ml.train.train_judge", fails)
    with pytest.raises(RuntimeError, match="out of memory"):
        train(TINY, tmp_path / "half")
    kept = sorted(path.name for path in tmp_path.iterdir())
    assert kept == [f".half.unfinished-{member}" for member in range(TINY.members)]  # to go on from


def test_encoded_motion_of_the_examples_is_of_their_size(examples):
    # A person's ankles are about a leg below the pelvis somewhere in every repetition.
    places = to_joints(examples.inputs)
    assert 0.5 < (places[:, :, 8, 2] - places[:, :, 11, 2]).max(1).values.median() < 1.1
    assert np.isfinite(
        encode([simulate_repetition(Person.sample(0), "plank.correct", np.random.default_rng(0)).performed])
    ).all()


def test_an_interrupted_training_goes_on_to_the_same_network(examples, tmp_path):
    def started():
        torch.manual_seed(3)
        return new_network(TINY)

    whole, course = train_network(started(), examples, examples, TINY)
    checkpoint = Checkpoint.beside(tmp_path / "release", {"seed": 3}, 0)
    broken = started()
    broken.register_forward_hook(Interruption(after=len(examples) // TINY.batch + 6))
    with pytest.raises(KeyboardInterrupt):
        train_network(broken, examples, examples, TINY, checkpoint)
    torch.manual_seed(99)
    resumed, again = train_network(new_network(TINY), examples, examples, TINY, checkpoint)
    assert again == course
    for name, value in whole.state_dict().items():
        torch.testing.assert_close(resumed.state_dict()[name], value)
    assert Checkpoint.beside(tmp_path / "release", {"seed": 4}, 0).load() is None


def test_training_goes_on_with_the_member_that_was_interrupted(examples, tmp_path, monkeypatch):
    def members(folder):
        torch.manual_seed(3)
        checkpoints = [Checkpoint.beside(folder / "release", {}, member) for member in range(TINY.members)]
        return train_members(network_config(TINY), examples.shared_out(3), examples, TINY, checkpoints)

    whole, course = members(tmp_path)
    (tmp_path / ".release.unfinished-2").unlink()
    monkeypatch.setattr("ml.train.batch_loss", lambda *_: pytest.fail("trained the first again"))
    resumed, again = members(tmp_path)
    assert again == course
    for name, value in whole.state_dict().items():
        torch.testing.assert_close(resumed.state_dict()[name], value)


def test_examples_are_shared_out_by_person():
    parts = simulate_training_set(0, 4, 1).shared_out(3)
    assert [part.people.unique().tolist() for part in parts] == [[0, 1], [2], [3]]
    assert [len(part.inputs) for part in parts] == [2 * 2 * len(CODES), 2 * len(CODES), 2 * len(CODES)]


def test_each_member_learns_from_people_of_its_own_but_sees_alike(examples, monkeypatch):
    learned_from = []

    def noted(network, learned, *rest, **how):
        learned_from.append(learned.people.unique().tolist())
        return train_network(network, learned, *rest, **how)

    monkeypatch.setattr("ml.train.train_network", noted)
    torch.manual_seed(3)
    network, course = train_members(network_config(TINY), examples.shared_out(3), examples, TINY)
    assert learned_from == [[0], [1], [2]]
    weights = [network.shared.convolution.weight]
    weights += [layer.convolution.weight for layer, _ in network.further_members]
    assert not any(torch.allclose(weights[i], weights[j]) for i in range(3) for j in range(i))
    assert ["correction" in terms for terms in course] == [True, True, False, False, False, False]
    first = examples.chosen(examples.people == 0)
    torch.testing.assert_close(network.input_mean, network.seen(first.inputs).mean(0))


def test_what_is_learned_from_shakes(examples, monkeypatch):
    asked = []
    monkeypatch.setattr(TrainingSet, "shaken", lambda self: asked.append(len(self)) or self)
    train_network(new_network(TINY), examples, examples, TINY)
    assert sum(asked) == TINY.epochs * len(examples)


def test_who_only_learns_names_keeps_its_corrections(examples):
    torch.manual_seed(3)
    network = new_network(replace(TINY, members=1))
    before = {name: value.clone() for name, value in network.named_parameters()}
    network, course = train_network(network, examples, examples, TINY, corrections=False)
    changed = {
        name.split(".")[0] for name, value in network.named_parameters() if (value != before[name]).any()
    }
    assert changed == {"shared", "classification"}
    assert set(course[0]) == {"classification", "right"}


class Interruption:
    """Stops a training after so many batches, as Ctrl-C does."""

    def __init__(self, after):
        self.left = after

    def __call__(self, module, inputs, output):
        self.left -= 1
        if self.left < 0:
            raise KeyboardInterrupt
