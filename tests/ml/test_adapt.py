"""Adaptation: new classes from two repetitions each, nothing forgotten, faults named before any work."""

import csv
from copy import deepcopy
from dataclasses import replace

import numpy as np
import pytest
import torch

from ml.adapt import AdaptationOptions, _data, _parser, check, first_of_each, main
from ml.adaptation import adapt_release, left_out, trusted_for
from ml.baseline import mirrored
from ml.catalogue import CODES
from ml.datasets import DatasetError, load
from ml.evaluate import main as evaluate
from ml.fine_tune import (
    FineTuning,
    fine_tune,
    fine_tune_judge,
    grown_familiarity,
    grown_judge,
    grown_network,
    nearest,
    nothing_forgotten,
    old_recall,
    partly_kept,
    real_examples,
    seen_by_networks,
)
from ml.poses.writers.exfb_json import write_exfb_json
from ml.release import DEFAULT_RELEASE, PUBLISHED, ReleaseError, load_release
from ml.simulate import Person, simulate_repetition
from ml.train import TrainingOptions, train
from ml.training_set import TrainingSet, simulate_training_set

QUICK = ["--people", "3", "--steps", "3", "--workers", "1"]
#: What a clinic calls what the simulator calls otherwise.
OWN = {"squat.correct": "sumo_squat.correct", "squat.not_low_enough": "sumo_squat.too_high"}


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    folder = tmp_path_factory.mktemp("releases") / "base"
    train(TrainingOptions(people=6, epochs=2, hidden=8, workers=1, threads=1), folder)
    return folder


def labelled(people=2, codes=OWN, repetitions=2):
    """Simulated repetitions under a clinic's own names."""
    return [
        replace(r, person=f"{r.person}", labels=(codes[r.label],), truth=None)
        for seed in range(repetitions)
        for r in load(f"sim:{seed}:{people}:1")
        if r.label in codes
    ]


def one_place(people=2, codes=OWN, repetitions=2):
    """The same, but as if the people were the same each time."""
    data = labelled(people, codes, repetitions)
    return [replace(r, person=f"p{i // len(codes) % people}") for i, r in enumerate(data)]


def real_of(codes):
    """Examples of one new class beside the shipped ones."""
    data = labelled(codes=codes)
    return real_examples(data, (*CODES, *codes.values()), seen_by_networks(data))


def recordings(folder, people=("anna", "ben"), codes=OWN):
    rows = []
    for number, person in enumerate(people):
        for code, own in codes.items():
            motion = simulate_repetition(Person.sample(number), code, np.random.default_rng(number)).performed
            name = f"{person}-{own}.json"
            write_exfb_json(motion, folder / name)
            rows.append([name, person, own, 0, len(motion)])
    with (folder / "labels.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["file", "person", "label", "start_frame", "end_frame"], *rows])
    return folder


def test_a_clinics_own_exercise_is_learned_from_two_repetitions_a_class(base, tmp_path, capsys):
    (tmp_path / "data").mkdir()
    folder = recordings(tmp_path / "data")
    out = tmp_path / "own"
    arguments = ["--recordings", str(folder), "--labels", str(folder / "labels.csv"), "--base", str(base)]
    assert main([*arguments, "--out", str(out), *QUICK]) == 0
    said = capsys.readouterr().out
    assert "Each person left out once" in said
    assert "2 people, 4 repetitions" in said
    assert "sumo_squat.too_high" in said
    release = load_release(out)
    assert release.classes == (*CODES, "sumo_squat.correct", "sumo_squat.too_high")
    assert release.judge.config.classes == release.classes
    assert len(release.familiarity.mean) == len(release.classes)
    assert release.manifest.learned_from["people"] == ["anna", "ben"]
    assert len(release.manifest.learned_from["repetitions"]) == 4
    assert release.manifest.metrics["each_person_left_out"]["people"] == 2
    assert "new: sumo_squat.correct" in release.manifest.trained_on[-1]
    # And these people cannot be scored by it.
    assert evaluate(["--release", str(out), "--data", f"recordings:{folder}"]) == 2
    assert "anna, ben" in capsys.readouterr().err
    assert evaluate(["--release", str(out), "--data", "sim:5:1"]) == 0


def test_people_left_out_are_judged_by_what_is_drawn_back_as_far(base, monkeypatch):
    data, drawn_back = one_place(2), []
    tuning = FineTuning(steps=3)
    adapted = adapt_release(load_release(base), data, people=3, seed=0, tuning=tuning, workers=1)

    def noted(grown, network, kept, n_known):
        drawn_back.append((kept, n_known))
        return partly_kept(grown, network, kept, n_known)

    monkeypatch.setattr("ml.adaptation.partly_kept", noted)
    said = [
        trusted_for(replace(adapted, kept=kept), data, tuning=tuning, workers=1).log_probabilities
        for kept in (0.3, 1.0)
    ]
    assert drawn_back == [(0.3, len(CODES))] * 2 + [(1.0, len(CODES))] * 2
    assert not torch.allclose(*said)


def test_what_was_known_is_drawn_back_and_new_outputs_stay(base):
    classes = (*CODES, *OWN.values())
    grown = grown_network(load_release(base).network, classes, real_of(OWN))
    adapted = deepcopy(grown)
    with torch.no_grad():
        for weight in adapted.parameters():
            weight += 1
    partly = deepcopy(grown)
    partly.load_state_dict(partly_kept(grown, adapted, 0.25, len(CODES)))
    for name, weight in partly.named_parameters():
        moved = weight - grown.get_parameter(name)
        if ".linear." in name or name.startswith("classification.linear"):
            torch.testing.assert_close(moved[len(CODES) :], torch.ones_like(moved[len(CODES) :]))
            moved = moved[: len(CODES)]
        torch.testing.assert_close(moved, torch.full_like(moved, 0.25), msg=name)


def test_one_person_is_said_plainly(base, tmp_path, capsys):
    (tmp_path / "data").mkdir()
    folder = recordings(tmp_path / "data", people=("anna", "anna2"))
    labels = (folder / "labels.csv").read_text().replace(",anna2,", ",anna,")
    (folder / "labels.csv").write_text(labels)
    where = ["--data", f"recordings:{folder}", "--base", str(base), "--out", str(tmp_path / "o")]
    assert main([*where, "--strength", "0.5", *QUICK]) == 0
    assert "of ONE person" in capsys.readouterr().out
    assert "50% of the way" in load_release(tmp_path / "o").manifest.trained_on[-1]


def test_the_same_data_and_seed_give_the_same_release(base, tmp_path):
    (tmp_path / "data").mkdir()
    source = f"recordings:{recordings(tmp_path / 'data')}"
    states = []
    for name, workers in (("first", "1"), ("second", "2")):
        quick = [*QUICK[:-1], workers]
        assert main(["--data", source, "--base", str(base), "--out", str(tmp_path / name), *quick]) == 0
        states.append(load_release(tmp_path / name))
    for name, value in states[0].network.state_dict().items():
        assert torch.equal(value, states[1].network.state_dict()[name]), name
    assert states[0].manifest.metrics == states[1].manifest.metrics


@pytest.mark.parametrize(
    ("change", "code", "fault"),
    [
        (lambda data: data[:1], "too_few", "at least 2"),
        (lambda data: [], "too_few", "no labelled repetition"),
        (lambda data: [r for r in data if not r.label.endswith("correct")], "too_few", "correct repetitions"),
        (
            lambda data: [replace(r, labels=("sumo_squat.correct_bis",)) for r in data],
            "unknown_label",
            "label it sumo_squat.correct",
        ),
    ],
)
def test_data_that_cannot_be_learned_from_is_refused(base, change, code, fault):
    with pytest.raises(DatasetError, match=fault) as caught:
        check(change(labelled()), load_release(base))
    assert caught.value.code == code


def test_two_mistakes_at_once_are_not_learned_from(base):
    data = labelled()
    double = replace(data[0], labels=("squat.knees_inward", "squat.front_bent"))
    assert check([*data, double], load_release(base)) == data


def test_bases_that_cannot_be_adapted_are_refused(base):
    release = load_release(base)
    published = replace(release, manifest=replace(release.manifest, kind=PUBLISHED))
    with pytest.raises(ReleaseError) as caught:
        check(labelled(), published)
    assert caught.value.code == "unfit"
    shuffled = deepcopy(release.network)
    shuffled.config = replace(shuffled.config, classes=CODES[::-1])
    with pytest.raises(ReleaseError) as caught:
        check(labelled(), replace(release, network=shuffled))
    assert caught.value.code == "wrong_classes"


def test_what_a_base_learned_from_recordings_is_not_forgotten(base):
    release = load_release(base)
    grown = grown_network(
        release.network, (*CODES, "lunge.wobbly"), real_of({"lunge.correct": "lunge.wobbly"})
    )
    learned = replace(release, network=grown)
    with pytest.raises(DatasetError, match="lunge.wobbly"):
        check(labelled(), learned)


@pytest.mark.parametrize(
    "arguments",
    [
        ["--data", "sim:0:1", "--out", "{there}"],
        ["--data", "sim:0:1", "--out", "{new}", "--base", "no-such-release"],
        ["--data", "nothing:here", "--out", "{new}"],
        ["--data", "sim:0:1", "--out", "{new}", "--person", "eve"],
        ["--recordings", "/nowhere", "--out", "{new}"],
        ["--data", "sim:0:1", "--out", "{new}"],  # one repetition a class
    ],
)
def test_faults_are_named_before_any_work(arguments, base, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("ml.adaptation.simulate_training_set", lambda *a, **k: pytest.fail("worked"))
    (tmp_path / "there").mkdir()
    arguments = [a.format(there=tmp_path / "there", new=tmp_path / "new") for a in arguments]
    if "--base" not in arguments:
        arguments += ["--base", str(base)]
    assert main(arguments) == 2
    assert len(capsys.readouterr().err) > 20
    assert [path.name for path in tmp_path.iterdir() if path.name != "recordings"] == ["there"]


@pytest.mark.parametrize("strength", ["0", "1.5", "-1"])
def test_more_than_what_was_learned_cannot_be_gone(strength, capsys):
    with pytest.raises(SystemExit):
        main(["--data", "sim:0:1", "--out", "new", "--strength", strength])
    assert "--strength is more than 0 and at most 1" in capsys.readouterr().err


def test_no_data_is_no_command(capsys):
    with pytest.raises(SystemExit):
        main(["--out", "somewhere"])
    assert "--recordings" in capsys.readouterr().err


def test_an_adaptation_that_fails_leaves_no_release(base, tmp_path, monkeypatch):
    (tmp_path / "data").mkdir()
    source = f"recordings:{recordings(tmp_path / 'data')}"
    monkeypatch.setattr("ml.adapt.trusted_for", lambda *a, **k: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        main(["--data", source, "--base", str(base), "--out", str(tmp_path / "half"), *QUICK])
    assert not (tmp_path / "half").exists()
    assert not list(tmp_path.glob(".unfinished*"))


def test_a_grown_network_says_of_old_classes_what_it_said(base):
    release = load_release(base)
    inputs = simulate_training_set(7, 1, 1).inputs
    real = real_of({"squat.not_low_enough": "squat.sideways"})
    grown = grown_network(release.network, (*CODES, "squat.sideways"), real)
    with torch.inference_mode():
        before = release.network(inputs).log_probabilities
        after = grown(inputs).log_probabilities[:, : len(CODES)].log_softmax(1)
    torch.testing.assert_close(before, after, atol=1e-5, rtol=1e-5)
    assert grown_judge(release.judge, grown.config.classes).config.classes[-1] == "squat.sideways"


def test_mistakes_are_led_to_the_nearest_correct_repetition_of_the_same_person():
    data = one_place()
    real = real_examples(data, ("sumo_squat.correct", "sumo_squat.too_high"), seen_by_networks(data))
    inputs, labels = real.examples.inputs, real.examples.labels
    assert real.is_truth.tolist() == (labels == 0).tolist()
    assert real.examples.changes[labels == 0].abs().max() == 0
    for i in torch.nonzero(labels == 1)[:, 0].tolist():
        own = [j for j, r in enumerate(data) if labels[j] == 0 and r.person == data[i].person]
        expected = nearest(inputs[i], inputs[own])
        torch.testing.assert_close(inputs[i] + real.examples.changes[i], expected)
    correct = labels == 0
    # A correct repetition is none of its own baselines.
    n_own = torch.tensor(
        [sum(r.person == d.person for r in data if r.label.endswith(".correct")) for d in data]
    )
    assert torch.equal(real.counts[correct], (n_own - 1).clamp_max(3)[correct])


def test_the_nearest_may_be_a_mirror_image():
    inputs = simulate_training_set(7, 1, 1).inputs
    assert torch.equal(nearest(mirrored(inputs[3]), inputs), mirrored(inputs[3]))


def test_what_was_learned_is_drawn_back_until_nothing_is_forgotten():
    held = simulate_training_set(8, 4, 1)
    before = load_release(DEFAULT_RELEASE).network
    ruined = deepcopy(before)
    with torch.no_grad():
        for weight in ruined.parameters():
            weight.copy_(torch.randn_like(weight))
    back, kept = nothing_forgotten(before, before, ruined, held)
    assert kept < 1
    assert old_recall(back, held) >= old_recall(before, held) - 0.01
    assert nothing_forgotten(before, before, before, held)[1] == 1


def test_a_new_class_becomes_familiar_and_old_ones_stay_so(base):
    release = load_release(base)
    data = [r for r in labelled() if r.label.endswith("too_high")]
    real = real_examples(data, (*CODES, "sumo_squat.too_high"), seen_by_networks(data))
    torch.manual_seed(0)
    grown = grown_familiarity(release.familiarity, real, len(CODES) + 1)
    assert grown(real.examples.inputs).max() < 1.5
    inputs = simulate_training_set(7, 1, 1).inputs
    assert (grown(inputs) <= release.familiarity(inputs) + 1e-6).all()


def test_people_and_repetitions_are_left_out_once():
    folds, by_person = left_out(one_place(people=2))
    assert by_person
    assert sorted(i for fold in folds for i in fold) == list(range(8))
    data = one_place(people=1, repetitions=4)
    folds, by_person = left_out(data)
    assert not by_person
    assert len(folds) == 4
    assert sorted(i for fold in folds for i in fold) == list(range(8))
    for fold in folds:
        left = {r.label for i, r in enumerate(data) if i not in fold}
        assert left == set(OWN.values())


def test_only_the_first_of_each_label_are_taken():
    chosen = first_of_each(labelled(), 2)
    assert sorted(r.label for r in chosen) == sorted([*OWN.values()] * 2)


def test_a_label_is_left_out_and_one_that_nothing_has_is_refused():
    def chosen(label):
        arguments = ["--data", "sim:1:1", "--without-label", label, "--out", "new"]
        return {r.label for r in _data(_parser().parse_args(arguments))}

    assert chosen("squat.front_bent") == {*CODES} - {"squat.front_bent"}
    with pytest.raises(DatasetError, match=r"squat\.bent"):
        chosen("squat.bent")


def test_fine_tuning_learns_what_it_is_shown(base, monkeypatch):
    """Two motions that differ plainly, under names of their own, are told apart."""
    monkeypatch.setattr(TrainingSet, "shaken", lambda self: pytest.fail("recorded examples shake already"))
    release = load_release(base)
    classes = (*CODES, *OWN.values())
    data = labelled()
    real = real_examples(data, classes, seen_by_networks(data))
    torch.manual_seed(0)
    network = grown_network(release.network, classes, real)
    replay = simulate_training_set(9, 3, 1)
    fine_tune(network, real, replay, FineTuning(steps=60, learning_rate=5e-3), corrections=False)
    with torch.inference_mode():
        found = network(real.examples.inputs).log_probabilities.argmax(1)
    assert (found == real.examples.labels).float().mean() > 0.7


def test_half_of_what_was_learned_is_half_of_the_way(base):
    release = load_release(base)
    real = real_examples(data := labelled(), classes := (*CODES, *OWN.values()), seen_by_networks(data))
    replay = simulate_training_set(9, 3, 1)

    def learned(strength):
        torch.manual_seed(0)
        tuning = FineTuning(steps=4, strength=strength)
        network = fine_tune(grown_network(release.network, classes, real), real, replay, tuning)
        judge = fine_tune_judge(grown_judge(release.judge, classes), real, replay, tuning)
        return network.classification.linear.weight, judge.layers[0].weight

    torch.manual_seed(0)
    before = (
        grown_network(release.network, classes, real).classification.linear.weight,
        release.judge.layers[0].weight,
    )
    for old, half, whole in zip(before, learned(0.5), learned(1.0), strict=True):
        torch.testing.assert_close(half, (old + whole) / 2)
        assert not torch.equal(old, whole)


def test_options_are_recorded_defaults():
    assert AdaptationOptions().tuning.steps_for(22) < AdaptationOptions().tuning.steps_for(900) <= 500
