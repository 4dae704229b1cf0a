"""From judged repetitions to the figures that are printed and written: recalls, intervals, shares."""

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

import numpy as np

from ml.catalogue import CODES, exercise_of, is_correct
from ml.simulate import JOINTS_AT_FAULT

#: Standard normal quantile of a 95 % interval.
Z = 1.959964
#: How often people (or, of few, repetitions) are drawn again for an interval of the macro recall.
RESAMPLES = 2000
#: The share of findings, the surest, of which it is also told how many are right.
COVERAGE = 0.8
#: With fewer people, to draw them again says nothing.
FEWEST_PEOPLE = 5


class Row(NamedTuple):
    """One repetition as judged: `corrected` by each judge's name, only for mistakes.

    `off_truth_m` is the mean distance of the corrected joints to the true correction where that is known, the
    two laid together on the floor; `off_before_m` is what it was before. `joints` are named to be corrected.
    `truth_accepted_by` names the judges that accept the true correction itself, `unchanged_accepted_by` those
    that accept a mistake as it was performed.
    """

    source: str
    index: int  # type: ignore[assignment]  # hides tuple.index, which nobody asks of a row
    person: str
    label: str
    finding: str
    probability: float
    abstained: bool
    shift_m: float
    corrected: dict[str, bool]
    off_truth_m: float | None = None
    off_before_m: float | None = None
    joints: tuple[str, ...] = ()
    truth_accepted_by: frozenset[str] = frozenset()
    unchanged_accepted_by: frozenset[str] = frozenset()

    @property
    def right(self) -> bool:
        return same_class(self.finding, self.label)

    @property
    def shown_shift_m(self) -> float:
        """How far the correction that people are shown moves: of what is called correct, or of which nothing
        is said, there is none."""
        return 0.0 if self.abstained or is_correct(self.finding) else self.shift_m


def summarise(name: str, rows: Sequence[Row], judges: Sequence[str]) -> dict[str, Any]:
    """Return the figures of one data set, as they are printed and written.

    Repetitions with two mistakes at once have figures of their own (`two_mistakes`) and are in no other.
    """
    single = [row for row in rows if "+" not in row.label]
    double = [row for row in rows if "+" in row.label]
    mistakes = [row for row in single if not is_correct(row.label)]
    correct = [row for row in single if is_correct(row.label)]
    known = [row for row in mistakes if row.off_truth_m is not None]
    kept = [row for row in single if not row.abstained]
    surest = sorted(single, key=lambda row: -row.probability)[: round(COVERAGE * len(single))]
    explained = [row for row in mistakes if row.label in JOINTS_AT_FAULT and row.right]
    by_class = {}
    for code in _in_order({row.label for row in single}):
        of_class = [row for row in single if row.label == code]
        right = sum(row.right for row in of_class)
        by_class[code] = {
            "n": len(of_class),
            "recall": right / len(of_class),
            "interval": wilson(right, len(of_class)),
        }
    found = sum(row.right for row in single)
    return {
        "name": name,
        "n": len(single),
        "people": len({row.person for row in single}),
        "identification": {
            "micro": _share(found, len(single)),
            "micro_interval": wilson(found, len(single)),
            "macro": macro_recall(single),
            "interval": macro_interval(single),
            "by_class": by_class,
            "by_exercise": {
                exercise: macro_recall([row for row in single if exercise_of(row.label) == exercise])
                for exercise in dict.fromkeys(exercise_of(code) for code in by_class)
            },
        },
        "exercise": {
            "n": len(single),
            "right": sum(exercise_of(r.finding) == exercise_of(r.label) for r in single),
        },
        "detection": {
            "sensitivity": _share(sum(not is_correct(row.finding) for row in mistakes), len(mistakes)),
            "specificity": _share(sum(is_correct(row.finding) for row in correct), len(correct)),
        },
        "abstention": {
            "abstained": len(single) - len(kept),
            "kept_right": _share(sum(row.right for row in kept), len(kept)),
            "surest_right": _share(sum(row.right for row in surest), len(surest)),
        },
        "at_fault": {
            "n": len(explained),
            "named": sum(bool(set(JOINTS_AT_FAULT[r.label]) & set(r.joints)) for r in explained),
        },
        "correction": {
            judge: {
                "mistakes": len(mistakes),
                "corrected": sum(row.corrected[judge] for row in mistakes),
                "truths": len(known),
                "truths_accepted": sum(judge in row.truth_accepted_by for row in known),
                "unchanged_accepted": sum(judge in row.unchanged_accepted_by for row in mistakes),
            }
            for judge in judges
        },
        "do_no_harm": {
            "n": len(correct),
            "mean_shift_m": _mean([row.shift_m for row in correct]),
            "mean_shown_shift_m": _mean([row.shown_shift_m for row in correct]),
        },
        "true_correction": {
            "n": len(known),
            "mean_distance_m": _mean([row.off_truth_m for row in known]),
            "mean_distance_before_m": _mean([row.off_before_m for row in known]),
        },
        "two_mistakes": {
            "n": len(double),
            "one_of_them_found": sum(row.finding in row.label.split("+") for row in double),
            "called_correct": sum(is_correct(row.finding) for row in double),
        },
        "repetitions": [
            {
                "source": row.source,
                "index": row.index,
                "label": row.label,
                "finding": row.finding,
                "probability": round(row.probability, 4),
                "abstained": row.abstained,
                "corrected": row.corrected,
            }
            for row in rows
        ],
    }


def _in_order(codes: Collection[str]) -> list[str]:
    """The catalogue's classes in its order, then those that a release learned."""
    return [*(code for code in CODES if code in codes), *sorted(set(codes) - set(CODES))]


def same_class(finding: str, label: str) -> bool:
    """Tell whether a finding is right; the published second correct squat is a correct squat."""
    if is_correct(finding) and is_correct(label):
        return exercise_of(finding) == exercise_of(label)
    return finding == label


def wilson(successes: int, n: int) -> list[float] | None:
    """Return the 95 % score interval of a share (Wilson 1927), or None of nothing."""
    if n == 0:
        return None
    share, z2 = successes / n, Z**2
    centre = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = Z / (1 + z2 / n) * float(np.sqrt(share * (1 - share) / n + z2 / (4 * n * n)))
    return [max(0.0, centre - half), min(1.0, centre + half)]


def macro_recall(rows: Sequence[Row]) -> float | None:
    """Return the mean of the recalls of the classes that occur."""
    recalls = [
        np.mean([row.right for row in rows if row.label == code])
        for code in sorted({row.label for row in rows})
    ]
    return float(np.mean(recalls)) if recalls else None


def macro_interval(rows: Sequence[Row], seed: int = 0) -> list[float] | None:
    """Return a 95 % bootstrap interval of the macro recall.

    People are drawn again where there are at least five; of fewer, repetitions within a class, which leaves
    out how much people differ and is then too narrow.
    """
    if not rows:
        return None
    rng = np.random.default_rng(seed)
    people, classes = sorted({row.person for row in rows}), sorted({row.label for row in rows})
    right = np.zeros((len(people), len(classes)))
    count = np.zeros_like(right)
    for row in rows:
        at = people.index(row.person), classes.index(row.label)
        right[at] += row.right
        count[at] += 1
    if len(people) >= FEWEST_PEOPLE:
        weights = rng.multinomial(len(people), np.full(len(people), 1 / len(people)), RESAMPLES)
        hits, total = weights @ right, weights @ count
        recalls = np.divide(hits, total, out=np.full_like(hits, np.nan), where=total > 0)
    else:
        total = count.sum(0)
        recalls = rng.binomial(total.astype(int), right.sum(0) / total, (RESAMPLES, len(classes))) / total
    low, high = np.percentile(np.nanmean(recalls, axis=1), [2.5, 97.5])
    return [float(low), float(high)]


def report(figures: dict[str, Any]) -> str:
    """Return the figures of one data set as text for people."""
    identification, detection = figures["identification"], figures["detection"]
    exercise, abstention, harm = figures["exercise"], figures["abstention"], figures["do_no_harm"]
    lines = [
        f"{figures['name']}: {figures['n']} repetitions of {figures['people']} people",
        f"  identified   macro {percent(identification['macro'], identification['interval'])}, "
        f"micro {percent(identification['micro'], identification['micro_interval'])}; "
        f"the exercise {exercise['right']} of {exercise['n']}",
    ]
    lines += [
        f"    {exercise:24} macro {percent(macro)}"
        for exercise, macro in identification["by_exercise"].items()
    ]
    lines += [
        f"    {code:24} {percent(row['recall'], row['interval'])} of {row['n']}"
        for code, row in identification["by_class"].items()
    ]
    lines += [
        f"  detected     sensitivity {percent(detection['sensitivity'])}, "
        f"specificity {percent(detection['specificity'])}",
        f"  abstained    {abstention['abstained']}; of the rest {percent(abstention['kept_right'])} right; "
        f"of the surest {COVERAGE:.0%} {percent(abstention['surest_right'])}",
    ]
    lines += [
        f"  corrected    {row['corrected']} of {row['mistakes']} mistakes, by {judge}, who accepts "
        f"{row['unchanged_accepted']} of them unchanged"
        + (f" and {row['truths_accepted']} of {row['truths']} true corrections" if row["truths"] else "")
        for judge, row in figures["correction"].items()
    ]
    if figures["at_fault"]["n"]:
        named, n = figures["at_fault"]["named"], figures["at_fault"]["n"]
        lines.append(f"  explained    a joint at fault is named in {named} of {n} mistakes found")
    if harm["n"]:
        shift_cm, shown_cm = 100 * harm["mean_shift_m"], 100 * harm["mean_shown_shift_m"]
        lines.append(
            f"  do no harm   {harm['n']} correct ones moved by {shift_cm:.2f} cm on average if all were "
            f"corrected, {shown_cm:.2f} cm as shown"
        )
    truth = figures["true_correction"]
    if truth["n"]:
        now, before = 100 * truth["mean_distance_m"], 100 * truth["mean_distance_before_m"]
        lines.append(
            f"  truth        {truth['n']} corrections {now:.2f} cm off the true ones (before: {before:.2f})"
        )
    double = figures["two_mistakes"]
    if double["n"]:
        lines.append(
            f"  two mistakes {double['n']} repetitions: one of them found in {double['one_of_them_found']}, "
            f"called correct {double['called_correct']}"
        )
    return "\n".join(lines)


def _mean(values: Sequence[float | None]) -> float | None:
    return float(np.mean([value for value in values if value is not None])) if values else None


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def percent(share: float | None, interval: Sequence[float] | None = None) -> str:
    """Return a share and its interval in words: `90.9 % (81.8 to 100.0)`."""
    if share is None:
        return "-"
    text = f"{100 * share:.1f} %"
    return text if interval is None else f"{text} ({100 * interval[0]:.1f} to {100 * interval[1]:.1f})"
