"""The figures of an evaluation: counted right, with honest intervals, in the JSON that is promised."""

import json
from dataclasses import replace

import pytest

from ml.catalogue import CODES
from ml.datasets import DatasetError, load, of_people
from ml.evaluate import evaluate, main, own_judge, scorable, set_apart
from ml.figures import Row, macro_interval, macro_recall, report, same_class, summarise, wilson
from ml.inference import Predictor
from ml.release import load_release
from ml.train import TrainingOptions, train


def row(label, finding, person="p", corrected=None, shift=0.01, abstained=False):
    return Row("s", 0, person, label, finding, 0.9, abstained, shift, corrected or {})


@pytest.fixture(scope="module")
def release(tmp_path_factory):
    options = TrainingOptions(people=6, epochs=2, hidden=8, workers=1, threads=1)
    folder = tmp_path_factory.mktemp("releases") / "tiny"
    train(options, folder)
    return folder


def test_wilson_interval_of_a_textbook_case():
    # Newcombe 1998, table I: 81 of 263.
    assert wilson(81, 263) == pytest.approx([0.2553, 0.3662], abs=5e-5)
    assert wilson(0, 0) is None
    assert wilson(0, 5)[0] == pytest.approx(0)


def test_macro_recall_weighs_classes_alike():
    rows = [row("squat.correct", "squat.correct")] * 9 + [row("squat.knees_inward", "squat.correct")]
    assert macro_recall(rows) == pytest.approx(0.5)
    low, high = macro_interval(rows)
    assert low <= 0.5 <= high


def test_interval_is_wider_where_people_differ():
    same = [
        row("squat.correct", f, person=str(p))
        for p in range(8)
        for f in ["squat.correct", "squat.front_bent"] * 4
    ]
    differ = [
        row("squat.correct", "squat.correct" if p % 2 else "squat.front_bent", person=str(p))
        for p in range(8)
        for _ in range(8)
    ]
    widths = [high - low for low, high in (macro_interval(same), macro_interval(differ))]
    assert widths[0] < 1e-9 < 0.3 < widths[1]


def test_the_surest_findings_and_the_joints_named_are_counted():
    sure = [row("squat.correct", "squat.correct")._replace(probability=0.95)] * 8
    unsure = [row("squat.correct", "squat.front_bent")._replace(probability=0.5)] * 2
    named = [row("squat.knees_inward", "squat.knees_inward")._replace(probability=0.4, joints=("left_knee",))]
    elsewhere = [row("squat.knees_inward", "squat.knees_inward")._replace(joints=("neck",), probability=0.4)]
    figures = summarise("data", sure + unsure + named + elsewhere, [])
    assert figures["abstention"]["surest_right"] == pytest.approx(0.8)  # 8 of the 10 of 12
    assert figures["at_fault"] == {"n": 2, "named": 1}
    assert "a joint at fault is named in 1 of 2" in report(figures)


def test_of_correct_ones_people_are_shown_a_correction_only_where_a_mistake_is_named():
    named = row("squat.correct", "squat.front_bent", shift=0.04)
    unsure = row("squat.correct", "squat.front_bent", shift=0.04, abstained=True)
    right = row("squat.correct", "squat.correct", shift=0.01)
    figures = summarise("data", [named, unsure, right, right], [])
    assert figures["do_no_harm"] == pytest.approx({"n": 4, "mean_shift_m": 0.025, "mean_shown_shift_m": 0.01})
    assert "moved by 2.50 cm on average if all were corrected, 1.00 cm as shown" in report(figures)


def test_it_is_told_how_many_true_corrections_a_judge_accepts():
    known = row("squat.front_bent", "squat.front_bent", corrected={"judge": False})._replace(
        off_truth_m=0.02, off_before_m=0.05
    )
    lax = known._replace(
        truth_accepted_by=frozenset({"judge"}), unchanged_accepted_by=frozenset({"judge", "another"})
    )
    told = report(summarise("data", [lax, known, known], ["judge"]))
    assert "0 of 3 mistakes, by judge, who accepts 1 of them unchanged and 1 of 3 true corrections" in told


def strict(folder):
    """The release with a judge that is not lenient: so little trained, it else accepts everything."""
    release = load_release(folder)
    return replace(release, manifest=replace(release.manifest, thresholds={}))


def test_a_judge_sees_true_corrections_as_it_sees_any_motion(release):
    repetitions = load("sim:1:2")
    judge = Predictor(strict(release))
    found = {(row.person, row.index): row for row in evaluate(strict(release), repetitions)}
    for repetition in repetitions:
        accepted_by = found[repetition.person, repetition.index].truth_accepted_by
        if repetition.truth is None:
            assert accepted_by == frozenset()
        else:
            (judged,) = judge.judged([repetition.truth])
            accepts = judged == f"{repetition.labels[0].split('.')[0]}.correct"
            assert (accepted_by == {"judge"}) == accepts


def test_told_the_exercise_the_judge_is_told_it_of_true_corrections_too(release):
    repetitions = [one for one in load("sim:1:2") if one.truth is not None]
    judge = Predictor(strict(release))
    exercises = [one.labels[0].split(".")[0] for one in repetitions]
    told = judge.judged([one.truth for one in repetitions], exercises)
    assert [code.split(".")[0] for code in told] == exercises
    rows = evaluate(strict(release), repetitions, exercise_known=True)
    accepted = [row.truth_accepted_by == {"judge"} for row in rows]
    assert accepted == [code.endswith(".correct") for code in told]
    told = judge.judged([one.sequence for one in repetitions], exercises)
    unchanged = [row.unchanged_accepted_by == {"judge"} for row in rows]
    assert unchanged == [code.endswith(".correct") for code in told]
    assert 0 < sum(unchanged) + sum(accepted) < 2 * len(rows)


def test_another_release_can_be_the_judge(release, capsys):
    assert main(["--data", "sim:0:1", "--release", str(release), "--judge", f"release:{release}"]) == 0
    assert "mistakes, by tiny" in capsys.readouterr().out


def test_two_mistakes_at_once_count_apart():
    rows = [
        row("squat.correct", "squat.correct"),
        row("squat.knees_inward", "squat.knees_inward", corrected={"judge": True}),
        row("squat.front_bent", "squat.correct", corrected={"judge": False}),
        row("squat.knees_inward+squat.not_low_enough", "squat.not_low_enough", corrected={"judge": True}),
    ]
    figures = summarise("data", rows, ["judge"])
    assert figures["n"] == 3
    assert figures["identification"]["micro"] == pytest.approx(2 / 3)
    assert figures["identification"]["by_class"]["squat.knees_inward"]["n"] == 1
    assert figures["detection"] == {"sensitivity": 0.5, "specificity": 1.0}
    counts = {
        "mistakes": 2,
        "corrected": 1,
        "truths": 0,
        "truths_accepted": 0,
        "unchanged_accepted": 0,
    }
    assert figures["correction"] == {"judge": counts}
    assert figures["do_no_harm"] == {"n": 1, "mean_shift_m": 0.01, "mean_shown_shift_m": 0.0}
    assert figures["two_mistakes"] == {"n": 1, "one_of_them_found": 1, "called_correct": 0}
    assert len(figures["repetitions"]) == 4
    assert "two mistakes" in report(figures)


def test_second_correct_squat_is_a_correct_squat():
    assert same_class("squat.correct_bis", "squat.correct")
    assert not same_class("lunge.correct", "squat.correct")
    assert not same_class("squat.front_bent", "squat.correct")


def test_command_writes_what_is_promised(release, tmp_path, capsys):
    out = tmp_path / "figures.json"
    assert main(["--data", "sim:1:1", "--release", str(release), "--exercise-known", "--json", str(out)]) == 0
    content = json.loads(out.read_text())
    (data,) = content["data"]
    assert content["release"]["name"] == "tiny"
    assert data["name"] == "sim:1:1"
    assert data["n"] == len(CODES)
    assert set(data["identification"]) >= {"micro", "macro", "interval", "by_class"}
    assert set(data["correction"]) == {"judge"}
    first = data["repetitions"][0]
    assert set(first) == {"source", "index", "label", "finding", "probability", "abstained", "corrected"}
    # Told the exercise, it never names another.
    assert all(r["finding"].split(".")[0] == r["label"].split(".")[0] for r in data["repetitions"])
    assert "identified" in capsys.readouterr().out


def test_a_repetition_is_judged_alike_alone_and_among_others(release):
    repetitions = load("sim:1:1")
    loaded = load_release(release)
    together = evaluate(loaded, repetitions)
    alone = evaluate(loaded, repetitions[4:5])
    assert alone[0].finding == together[4].finding
    assert alone[0].probability == pytest.approx(together[4].probability, abs=1e-9)
    assert alone[0].corrected == together[4].corrected


def test_the_first_correct_repetitions_are_the_baseline_and_are_not_scored(release, capsys):
    repetitions = load("sim:1:1:3")
    baselines, others = set_apart(repetitions, 2)
    assert len(others) == len(repetitions) - 6
    assert {exercise: len(own) for (_, exercise), own in baselines.items()} == {
        "squat": 2,
        "lunge": 2,
        "plank": 2,
    }
    own = baselines[repetitions[0].person, "squat"]
    assert own[0] is repetitions[0].sequence
    assert len(evaluate(load_release(release), repetitions, n_baseline=2)) == len(others)
    assert main(["--data", "sim:1:1:3", "--release", str(release), "--baseline", "2"]) == 0
    assert "11 repetitions of 1 people" in capsys.readouterr().out


def test_a_negative_baseline_is_refused(capsys):
    with pytest.raises(SystemExit):
        main(["--data", "sim:1:1", "--baseline", "-1"])
    assert "0 or more" in capsys.readouterr().err


def learned_from(loaded, repetitions, people=()):
    fingerprints = [repetition.fingerprint for repetition in repetitions]
    manifest = replace(loaded.manifest, learned_from={"people": list(people), "repetitions": fingerprints})
    return replace(loaded, manifest=manifest)


def test_what_a_release_learned_from_is_never_scored(release):
    repetitions = load("sim:1:1")
    told = learned_from(load_release(release), repetitions[:3])
    assert [r.index for r in scorable(told, repetitions)] == [r.index for r in repetitions[3:]]
    with pytest.raises(DatasetError, match="all of these") as caught:
        scorable(told, repetitions[:2])
    assert caught.value.code == "learned_from"


def test_a_person_in_training_and_test_is_refused_unless_wanted(release):
    repetitions = load("sim:1:2")
    person = repetitions[0].person
    told = learned_from(load_release(release), repetitions[:1], [person])
    with pytest.raises(DatasetError, match=f"learned from {person}, ") as caught:
        scorable(told, repetitions)
    assert caught.value.code == "learned_from"
    assert len(scorable(told, repetitions, same_person=True)) == len(repetitions) - 1
    assert scorable(told, of_people(repetitions, (), [person]))


def test_a_class_that_the_release_does_not_know_is_refused(release):
    repetitions = [replace(r, labels=("squat.sideways",)) for r in load("sim:1:1")[:1]]
    with pytest.raises(DatasetError, match="squat.sideways.*ml.adapt") as caught:
        scorable(load_release(release), repetitions)
    assert caught.value.code == "unknown_label"


def test_learned_classes_are_counted_after_the_shipped_ones():
    rows = [row("arm_raise.slow", "arm_raise.slow"), row("arm_raise.correct", "arm_raise.slow")]
    identification = summarise("data", [*rows, row("squat.correct", "squat.correct")], [])["identification"]
    assert list(identification["by_class"]) == ["squat.correct", "arm_raise.correct", "arm_raise.slow"]
    assert identification["by_exercise"] == {"squat": 1.0, "arm_raise": 0.5}


def test_a_release_without_a_judge_has_no_judge_of_its_own(release):
    loaded = load_release(release)
    assert own_judge(loaded) == "judge"
    assert own_judge(replace(loaded, judge=None)) is None


@pytest.mark.parametrize(
    "arguments",
    [
        ["--data", "nothing:here"],
        ["--data", "sim:0:1", "--release", "no-such-release"],
        ["--data", "sim:0:1", "--judge", "somebody"],
        ["--data", "sim:0:1", "--release", "published:/nowhere.pt"],
    ],
)
def test_what_cannot_be_had_is_named(arguments, release, capsys):
    if "--release" not in arguments:
        arguments = [*arguments, "--release", str(release)]
    assert main(arguments) == 2
    assert len(capsys.readouterr().err) > 20


def test_published_weights_find_what_was_published(shared, tmp_path):
    import numpy as np

    from ml.catalogue import PUBLISHED_CODES

    source = shared / "data" / "ec3d" / "subject4_part.npz"
    out = tmp_path / "figures.json"
    assert (
        main(
            [
                "--data",
                f"ec3d:{source}",
                "--release",
                f"published:{shared}/reference/Ours.pt",
                "--json",
                str(out),
            ]
        )
        == 0
    )
    (data,) = json.loads(out.read_text())["data"]
    with np.load(source) as file:
        expected = [PUBLISHED_CODES[i] for i in file["published_prediction"]]
        corrected = [PUBLISHED_CODES[i] for i in file["published_prediction_corrected"]]
    assert [r["finding"] for r in data["repetitions"]] == expected
    for r, code in zip(data["repetitions"], corrected, strict=True):
        if r["corrected"]:
            right = (
                code.split(".")[1].startswith("correct") and code.split(".")[0] == r["label"].split(".")[0]
            )
            assert r["corrected"]["published"] == right
