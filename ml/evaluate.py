"""Measure a release on labelled repetitions: `python -m ml.evaluate --data rmd:FOLDER --json OUT`.

Prints and writes, for each data set: identification with 95 % intervals, detection of mistakes, mistakes
corrected according to each judge, what is done to correct repetitions, and one row a repetition.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch

from ml.catalogue import exercise_of, is_correct
from ml.datasets import DatasetError, LabelledRepetition, load, of_people
from ml.figures import Row, report, summarise
from ml.inference import Predictor
from ml.model import FeedbackNetwork
from ml.poses.sequence import PoseSequence
from ml.published import align, encode_published, import_published, read_published
from ml.release import DEFAULT_RELEASE, PUBLISHED, Release, ReleaseError, load_release


class PublishedJudge:
    """The published network, in its own frame and transform, all of its classes allowed."""

    def __init__(self, network: FeedbackNetwork) -> None:
        self._network = network

    def accepts(self, motions: Sequence[PoseSequence], exercises: Sequence[str]) -> list[bool]:
        """Tell of each motion whether its likeliest class is a correct execution of its exercise."""
        inputs = np.stack([encode_published(align(motion.positions).aligned) for motion in motions])
        classes = self._network.config.classes
        with torch.inference_mode():
            likeliest = self._network(torch.from_numpy(inputs).float()).log_probabilities.argmax(1)
        return [
            _accepts(classes[i], exercise) for i, exercise in zip(likeliest.tolist(), exercises, strict=True)
        ]


class ReleaseJudge:
    """The network of another release: other people, another seed, and coordinates where judges see angles."""

    def __init__(self, release: Release) -> None:
        self._predictor = Predictor(release)

    def accepts(self, motions: Sequence[PoseSequence], exercises: Sequence[str]) -> list[bool]:
        """Tell of each motion whether its likeliest class is a correct execution of its exercise."""
        found = self._predictor.predict(motions)
        return [
            _accepts(finding.code, exercise) for (finding, _), exercise in zip(found, exercises, strict=True)
        ]


Judge = PublishedJudge | ReleaseJudge


def evaluate(
    release: Release,
    repetitions: Sequence[LabelledRepetition],
    judges: dict[str, Judge] | None = None,
    *,
    exercise_known: bool = False,
    n_baseline: int = 0,
) -> list[Row]:
    """Run a release on labelled repetitions and have its corrections judged.

    Every repetition is corrected, also those that are called correct or abstained from: of a mistake that is
    overlooked the correction then changes little, and it counts as not corrected.

    Parameters
    ----------
    release : Release
    repetitions : sequence of LabelledRepetition
    judges : dict of str to Judge
        Others than the release's own.
    exercise_known : bool
        Tell the release which exercise each repetition is of.
    n_baseline : int
        How many correct repetitions of each person and exercise, the first ones, the release is told as their
        baseline; these are not scored. Of which exercise a repetition has the baseline is what the release
        found without one, unless the exercise is known.

    Returns
    -------
    list of Row
        In the order of `repetitions`.
    """
    baselines, repetitions = set_apart(repetitions, n_baseline)
    exercises = [exercise_of(repetition.labels[0]) for repetition in repetitions]
    sequences = [repetition.sequence for repetition in repetitions]
    predictor = Predictor(release)
    beside = None
    if n_baseline:
        found = (
            exercises if exercise_known else [exercise_of(f.code) for f, _ in predictor.predict(sequences)]
        )
        beside = [baselines.get((r.person, e), []) for r, e in zip(repetitions, found, strict=True)]
    told = exercises if exercise_known else [None] * len(exercises)
    results = predictor.predict(sequences, told, baselines=beside, correct_always=True)
    own = own_judge(release)
    motions, verdicts = [], []
    for sequence, exercise, (_, correction) in zip(sequences, exercises, results, strict=True):
        assert correction is not None
        motions.append(sequence.with_positions(correction.positions.astype(np.float64)))
        verdicts.append({own: _accepts(correction.judged, exercise)} if own else {})
    for name, judge in (judges or {}).items():
        for verdict, accepted in zip(verdicts, judge.accepts(motions, exercises), strict=True):
            verdict[name] = accepted
    yardsticks = [
        _accepted_by(predictor, judges or {}, known, exercises, told)
        for known in (
            [repetition.truth for repetition in repetitions],
            [None if is_correct(one.labels[0]) else one.sequence for one in repetitions],
        )
    ]
    return [
        Row(
            source=repetition.source,
            index=repetition.index,
            person=repetition.person,
            label=repetition.label,
            finding=finding.code,
            probability=finding.probability,
            abstained=finding.abstained,
            shift_m=_mean_shift(repetition.sequence, motion),
            corrected=verdict if not is_correct(repetition.labels[0]) else {},
            off_truth_m=_off(motion, repetition.truth),
            off_before_m=_off(repetition.sequence, repetition.truth),
            joints=correction.joints if correction else (),
            truth_accepted_by=of_truth,
            unchanged_accepted_by=of_mistake,
        )
        for repetition, (finding, correction), motion, verdict, of_truth, of_mistake in zip(
            repetitions, results, motions, verdicts, *yardsticks, strict=True
        )
    ]


def _accepted_by(
    predictor: Predictor,
    judges: Mapping[str, Judge],
    motions: Sequence[PoseSequence | None],
    exercises: Sequence[str],
    told: Sequence[str | None],
) -> list[frozenset[str]]:
    """Return for each motion which judges accept it as it is: yardsticks of what they say of corrections."""
    accepted: list[frozenset[str]] = [frozenset()] * len(motions)
    known = [(i, motion) for i, motion in enumerate(motions) if motion is not None]
    if not known:
        return accepted
    places, given = zip(*known, strict=True)
    asked = [exercises[i] for i in places]
    verdicts = {name: judge.accepts(given, asked) for name, judge in judges.items()}
    if (own := own_judge(predictor.release)) and predictor.release.judge is not None:
        judged = predictor.judged(given, [told[i] for i in places])
        verdicts[own] = [_accepts(code, exercise) for code, exercise in zip(judged, asked, strict=True)]
    for name, of_motions in verdicts.items():
        for i, accepts in zip(places, of_motions, strict=True):
            accepted[i] |= {name} if accepts else set()
    return accepted


def set_apart(
    repetitions: Sequence[LabelledRepetition], n_baseline: int
) -> tuple[dict[tuple[str, str], list[PoseSequence]], list[LabelledRepetition]]:
    """Return the first so many correct repetitions by person and exercise, and all the others."""
    baselines: dict[tuple[str, str], list[PoseSequence]] = {}
    others = []
    for repetition in repetitions:
        own = baselines.setdefault((repetition.person, exercise_of(repetition.labels[0])), [])
        if len(own) < n_baseline and all(is_correct(label) for label in repetition.labels):
            own.append(repetition.sequence)
        else:
            others.append(repetition)
    return baselines, others


def scorable(
    release: Release, repetitions: Sequence[LabelledRepetition], *, same_person: bool = False
) -> list[LabelledRepetition]:
    """Return the repetitions that the release never learned from, or refuse the data before any work.

    Parameters
    ----------
    release : Release
    repetitions : sequence of LabelledRepetition
    same_person : bool
        Whether other repetitions of a person whom the release has learned from may be scored; the figures
        then say nothing of new people.

    Raises
    ------
    DatasetError
        `unknown_label` for a class that the release does not know; `learned_from` where a person is in both
        training and test, or where nothing is left.
    """
    known = set(release.classes)
    for repetition in repetitions:
        if lacking := [label for label in repetition.labels if label not in known]:
            raise DatasetError(
                "unknown_label",
                f"{repetition.source} is labelled {lacking[0]!r}, a class that the release {release.name!r} "
                "does not know. Correct the label, or teach the class with python -m ml.adapt.",
            )
    learned = release.manifest.learned_from
    people, motions = set(learned.get("people", ())), set(learned.get("repetitions", ()))
    both = sorted({r.person for r in repetitions if r.named} & people)
    if both and not same_person:
        raise DatasetError(
            "learned_from",
            f"The release {release.name!r} has learned from {', '.join(both)}, who would be in both training "
            "and test. Leave them out with --without-person, or adapt without them. With --same-person their "
            "other repetitions are scored, which says nothing of new people.",
        )
    others = [r for r in repetitions if r.fingerprint not in motions] if motions else list(repetitions)
    if not others:
        raise DatasetError(
            "learned_from", f"The release {release.name!r} has learned from all of these repetitions."
        )
    return others


def own_judge(release: Release) -> str | None:
    """Return the name of a release's own judge; weights that judge themselves are `published`."""
    if release.kind == PUBLISHED:
        return "published"
    return "judge" if release.judge is not None else None


def _accepts(judged: str, exercise: str) -> bool:
    return bool(judged) and is_correct(judged) and exercise_of(judged) == exercise


def _off(motion: PoseSequence, truth: PoseSequence | None) -> float | None:
    if truth is None:
        return None
    off = motion.positions - truth.positions
    # Prepared motions begin with the pelvis at the origin, elsewhere in each of the two: lay them together.
    off[..., :2] -= off[..., :2].mean(axis=(0, 1))
    return float(np.linalg.norm(off, axis=-1).mean())


def _mean_shift(performed: PoseSequence, corrected: PoseSequence) -> float:
    return float(np.linalg.norm(corrected.positions - performed.positions, axis=-1).mean())


def chosen_release(name: str | None) -> Release:
    """Return the release of a name, a folder, or `published:FILE.pt`; the default one of None.

    Raises
    ------
    ReleaseError
    """
    if name is None:
        return load_release(DEFAULT_RELEASE)
    if name.startswith("published:"):
        with tempfile.TemporaryDirectory() as folder:
            return import_published(Path(name.partition(":")[2]), Path(folder) / "published")
    return load_release(Path(name) if Path(name).is_dir() else name)


def chosen_judges(wanted: Sequence[str]) -> dict[str, Judge]:
    """Return the judges asked for beside the release's own; raises ReleaseError where one cannot be had."""
    judges: dict[str, Judge] = {}
    for name in wanted:
        kind, _, place = name.partition(":")
        if kind == "published":
            judges["published"] = PublishedJudge(read_published(Path(place)))
        elif kind == "release" and place:
            other = chosen_release(place)
            judges[other.name] = ReleaseJudge(other)
        else:
            raise ReleaseError(
                "not_found", f"There is no judge {name!r}; write published:FILE.pt or release:FOLDER."
            )
    return judges


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m ml.evaluate", description=__doc__)
    parser.add_argument(
        "--data",
        action="append",
        required=True,
        help="ec3d:FILE, rmd:FOLDER, uiprmd:FOLDER, recordings:FOLDER, sim:SEED:PEOPLE",
    )
    parser.add_argument("--release", help="name, folder, or published:FILE.pt; else the default release")
    parser.add_argument(
        "--judge", action="append", default=[], help="a further judge: published:FILE.pt or release:FOLDER"
    )
    parser.add_argument("--exercise-known", action="store_true", help="tell the release the exercise")
    parser.add_argument(
        "--baseline", type=int, default=0, metavar="N", help="tell N correct repetitions; they are not scored"
    )
    parser.add_argument("--person", action="append", default=[], help="score these people only")
    parser.add_argument("--without-person", action="append", default=[], help="leave this person out")
    parser.add_argument(
        "--same-person", action="store_true", help="score other repetitions of people it has learned from"
    )
    parser.add_argument("--json", type=Path, help="where to write the figures")
    options = parser.parse_args(arguments)
    if options.baseline < 0:
        parser.error("--baseline takes a number of repetitions, 0 or more")
    try:
        release = chosen_release(options.release)
        judges = chosen_judges(options.judge)
        names = sorted({*judges, *filter(None, [own_judge(release)])})
        data = []
        sets = []
        for source in options.data:
            loaded = of_people(load(source), options.person, options.without_person)
            sets.append((source, loaded, scorable(release, loaded, same_person=options.same_person)))
        for source, loaded, scored in sets:
            if len(scored) < len(loaded):
                n = len(loaded) - len(scored)
                print(f"{source}: {n} repetitions that the release learned from are not scored")  # noqa: T201
            rows = evaluate(
                release,
                scored,
                judges,
                exercise_known=options.exercise_known,
                n_baseline=options.baseline,
            )
            data.append(summarise(source, rows, names))
            print(report(data[-1]))  # noqa: T201
    except (DatasetError, ReleaseError) as error:
        print(error.message, file=sys.stderr)  # noqa: T201
        return 2
    if options.json:
        about = {"name": release.name, "kind": release.kind, "classes": list(release.classes)}
        content = {
            "release": about,
            "exercise_known": options.exercise_known,
            "baseline": options.baseline,
            "data": data,
        }
        options.json.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
