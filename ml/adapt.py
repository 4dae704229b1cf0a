"""Teach a release a clinic's own classes: `python -m ml.adapt --recordings FOLDER --out FOLDER`.

From as few as two labelled repetitions a class. Prints what the new release can be trusted for: each person
is left out once and judged by a release that learned from the others (of one person, each repetition). The
release is written whole or not at all.
"""

import argparse
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import torch

from ml.adaptation import Adapted, Trust, adapt_release, trusted_for
from ml.catalogue import CODES, correct_code, exercise_of, is_correct
from ml.datasets import DatasetError, LabelledRepetition, load, load_recordings, of_people
from ml.evaluate import chosen_release
from ml.figures import percent
from ml.fine_tune import FineTuning
from ml.release import TWO_BRANCH, Release, ReleaseError, write_release
from ml.train import check_writable

FEWEST = 2


@dataclass(frozen=True, kw_only=True)
class AdaptationOptions:
    """All that the result depends on besides the data, the base and the code.

    Parameters
    ----------
    seed : int
    people : int
        Simulated people whose repetitions are seen again, so that nothing is forgotten; half as many teach
        the judge, two thirds bound what is forgotten, and a third shows it.
    workers : int
        Processes; the result does not depend on it.
    tuning : FineTuning
    """

    seed: int = 0
    people: int = 80
    workers: int = 2
    tuning: FineTuning = field(default_factory=FineTuning)


def adapt(
    repetitions: Sequence[LabelledRepetition], base: Release, out: Path, options: AdaptationOptions
) -> tuple[Release, Adapted, Trust]:
    """Adapt a release to labelled repetitions and write it to the new folder `out`.

    Parameters
    ----------
    repetitions : sequence of LabelledRepetition
        At least two of each class. Those with two mistakes at once are not learned from.
    base : Release
    out : Path
    options : AdaptationOptions

    Returns
    -------
    (Release, Adapted, Trust)
        As read back from the folder; what was done; what it can be trusted for.

    Raises
    ------
    ml.release.ReleaseError
        `exists`, `bad_name`, or `unfit` for a base that cannot be adapted; before any work.
    ml.datasets.DatasetError
        `too_few` or `unknown_label`; before any work.
    """
    check_writable(out)
    learned = check(repetitions, base)
    people = max(options.people, 3)
    adapted = adapt_release(
        base, learned, people=people, seed=options.seed, tuning=options.tuning, workers=options.workers
    )
    trust = trusted_for(adapted, learned, tuning=options.tuning, workers=options.workers)
    calibrated = adapted.calibrated(trust)
    named = sorted({repetition.person for repetition in learned if repetition.named})
    release = write_release(
        out,
        network=adapted.network,
        judge=adapted.judge,
        familiarity=adapted.familiarity,
        temperature=calibrated.temperature,
        temperature_with_baseline=calibrated.temperature_with_baseline,
        thresholds=calibrated.thresholds,
        metrics=adapted.measured_again(calibrated)
        | {trust.kind: trust.figures(), "simulated_people_before_and_after": adapted.forgotten()}
        | {name: value for name, value in base.manifest.metrics.items() if name == "training"},
        trained_on=(*base.manifest.trained_on, _in_words(learned, base, options.tuning.strength)),
        learned_from={
            "people": sorted({*base.manifest.learned_from.get("people", ()), *named}),
            "repetitions": sorted(
                {*base.manifest.learned_from.get("repetitions", ()), *(r.fingerprint for r in learned)}
            ),
        },
    )
    return release, adapted, trust


def check(repetitions: Sequence[LabelledRepetition], base: Release) -> list[LabelledRepetition]:
    """Return the repetitions to learn from, or refuse them or the base before any work."""
    if base.kind != TWO_BRANCH:
        raise ReleaseError(
            "unfit", f"{base.name!r} holds the published weights, which cannot be adapted; name another base."
        )
    if base.classes[: len(CODES)] != CODES:
        raise ReleaseError(
            "wrong_classes", f"{base.name!r} does not begin with the shipped classes; name another base."
        )
    single = [repetition for repetition in repetitions if len(repetition.labels) == 1]
    counts = Counter(repetition.labels[0] for repetition in single)
    if not counts:
        raise DatasetError("too_few", "There is no labelled repetition to learn from.")
    if few := sorted(code for code, n in counts.items() if n < FEWEST):
        raise DatasetError(
            "too_few",
            f"A class is learned from at least {FEWEST} labelled repetitions; there is one only of: "
            f"{', '.join(few)}. Label more, or leave the class out.",
        )
    for code in sorted(counts.keys() - set(base.classes)):
        correct = correct_code(exercise_of(code))
        if is_correct(code) and code != correct:
            raise DatasetError("unknown_label", f"{code!r} is no class; label it {correct}.")
        if correct not in {*counts, *base.classes}:
            raise DatasetError(
                "too_few",
                f"{code!r} is of an exercise that {base.name!r} does not know. Label at least {FEWEST} "
                f"correct repetitions of it too ({correct}): the corrections lead to them.",
            )
    if lost := sorted(set(base.classes) - set(CODES) - counts.keys()):
        raise DatasetError(
            "too_few",
            f"{base.name!r} has learned {', '.join(lost)} from recordings and would forget them. Give these "
            "recordings as well, or adapt another base.",
        )
    return single


def first_of_each(repetitions: Sequence[LabelledRepetition], n: int) -> list[LabelledRepetition]:
    """Return the first so many repetitions of each label, in order."""
    seen: Counter[str] = Counter()
    chosen = []
    for repetition in repetitions:
        seen[repetition.label] += 1
        if seen[repetition.label] <= n:
            chosen.append(repetition)
    return chosen


def _in_words(learned: Sequence[LabelledRepetition], base: Release, strength: float) -> str:
    codes = {repetition.labels[0] for repetition in learned}
    new = sorted(codes - set(base.classes))
    people = len({repetition.person for repetition in learned})
    words = (
        f"{base.name} adapted to {len(learned)} recorded repetitions of {people} "
        f"{'person' if people == 1 else 'people'}, {len(codes)} classes"
    )
    if strength < 1:
        words += f", {strength:.0%} of the way"
    return f"{words}; new: {', '.join(new)}" if new else words


def report(release: Release, adapted: Adapted, trust: Trust) -> str:
    """Return what was learned and what it can be trusted for, as text for people."""
    before, after = adapted.recall_before, adapted.recall_after
    told, beside = trust.macro(told=True), trust.macro(baseline=True)
    lines = [
        trust.title,
        f"  named rightly  macro {percent(trust.macro(), trust.interval())}; told the exercise "
        f"{percent(told)}; and {trust.baseline_words} {percent(beside)}",
        *(
            f"    {code:36} {right} of {n}; told the exercise {right_told} of {n}; "
            f"with baseline {right_beside} of {n_beside}"
            for code, right, right_told, n, right_beside, n_beside in trust.by_class()
        ),
        f"  what it knew   on simulated people whom it never saw, macro {percent(before)} before, "
        f"{percent(after)} after",
    ]
    if adapted.kept < 1:
        lines.append(f"  drawn back     to {adapted.kept:.1f} of what it learned, so that it forgets nothing")
    return "\n".join([*lines, f"{release.name}: {len(release.classes)} classes"])


def _data(options: argparse.Namespace) -> list[LabelledRepetition]:
    repetitions = [repetition for source in options.data for repetition in load(source)]
    if options.recordings is not None:
        repetitions += load_recordings(options.recordings, options.labels)
    repetitions = of_people(repetitions, options.person, options.without_person)
    labels = {label for one in repetitions for label in one.labels}
    if unknown := sorted({*options.without_label} - labels):
        raise DatasetError("unknown_label", f"Nothing in the data is labelled {unknown[0]!r}.")
    repetitions = [one for one in repetitions if not {*one.labels} & {*options.without_label}]
    return first_of_each(repetitions, options.per_class) if options.per_class else repetitions


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m ml.adapt", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="new folder; its name is the release's")
    parser.add_argument("--base", default="default", help="name or folder of the release to start from")
    parser.add_argument("--recordings", type=Path, help="a folder of pose files")
    parser.add_argument("--labels", type=Path, help="their table; else labels.csv in the folder")
    parser.add_argument("--data", action="append", default=[], help="a source as ml.evaluate takes it")
    parser.add_argument("--person", action="append", default=[], help="learn from these people only")
    parser.add_argument("--without-person", action="append", default=[], help="leave this person out")
    parser.add_argument("--without-label", action="append", default=[], help="leave out what is labelled so")
    parser.add_argument(
        "--per-class", type=int, default=0, metavar="N", help="only the first N repetitions of each label"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--people", type=int, default=80, help="simulated people to see again")
    parser.add_argument("--steps", type=int, default=0, help="batches to train on; 0: by the data")
    parser.add_argument(
        "--strength",
        type=float,
        default=FineTuning.strength,
        help="how much of the way to what was learned is gone; half serves other places better",
    )
    parser.add_argument("--workers", type=int, default=2)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit status."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.recordings is None and not options.data:
        parser.error("name the labelled recordings: --recordings FOLDER or --data SOURCE")
    if min(options.per_class, options.steps, options.seed, options.workers - 1, options.people - 1) < 0:
        parser.error("--per-class, --steps and --seed are 0 or more, --people and --workers 1 or more")
    if not 0 < options.strength <= 1:
        parser.error("--strength is more than 0 and at most 1")
    began = time.monotonic()
    torch.set_num_threads(1)
    chosen = AdaptationOptions(
        seed=options.seed,
        people=options.people,
        workers=options.workers,
        tuning=FineTuning(steps=options.steps, strength=options.strength),
    )
    try:
        check_writable(options.out)
        base = chosen_release(None if options.base == "default" else options.base)
        release, adapted, trust = adapt(_data(options), base, options.out, chosen)
    except (DatasetError, ReleaseError) as error:
        print(error.message, file=sys.stderr)  # noqa: T201
        return 2
    print(report(release, adapted, trust))  # noqa: T201
    print(f"written to {options.out} after {time.monotonic() - began:.0f} s")  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
