"""A model release's figures in a clinician's words: what was measured on unseen people, then the rest."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.utils.formats import number_format
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from feedback.shares import share_text
from ml.catalogue import CODES

Metrics = Mapping[str, Any]
#: How a network, then its correction branch, was trained says nothing of how well it does: it comes last.
#: Each with what its figures are named by.
_TRAINING = {"training": "", "correction": "correction, "}
#: The loss after each epoch is for who trains.
_COURSE = "epochs"
_RECALLS = "recall_by_class"
_COUNTS = ("n", "people")


class Measure(NamedTuple):
    """One figure: what was measured, the value with its unit, and what it means."""

    name: str
    value: str
    meaning: str


class Recall(NamedTuple):
    """How many of the repetitions with one finding are named so."""

    code: str
    share: str
    bar: float


@dataclass(frozen=True)
class Group:
    """What was measured on one set of people."""

    name: str
    counts: str
    caution: str
    measures: tuple[Measure, ...]
    recalls: tuple[Recall, ...]


@dataclass(frozen=True)
class Figures:
    """All figures of a release: groups of people first, then how it was trained."""

    groups: tuple[Group, ...]
    training: tuple[tuple[str, str], ...]


def _centimetres(metres: float) -> str:
    return _("{number} cm").format(number=number_format(round(100 * metres, 1), 1))


def _points(share: float) -> str:
    return _("{number} percentage points").format(number=number_format(round(100 * share, 1), 1))


def _score(value: float) -> str:
    return str(number_format(round(value, 1), 1))


_EASIER = gettext_lazy("Simulated motion is easier than that of patients: expect less on real recordings.")
_GROUPS = {
    "unseen_simulated_people": (gettext_lazy("On simulated people whom it had never seen"), _EASIER),
    "unseen_simulated_people_with_baseline": (
        gettext_lazy("On simulated people of whom it knew correct repetitions"),
        _EASIER,
    ),
    "simulated_people_before_and_after": (
        gettext_lazy("On simulated people, mild mistakes beside correct repetitions among them"),
        _EASIER,
    ),
    "each_person_left_out": (
        gettext_lazy("On the people whom it was taught with, each judged by what the others taught"),
        "",
    ),
    "repetitions_left_out": (
        gettext_lazy("On the one person whom it was taught with"),
        gettext_lazy("It was taught with one person: this says nothing of other people."),
    ),
}
#: In the order in which a clinician asks: is it right, does it say when it is not, is the correction good?
_MEASURES: dict[str, tuple[object, Callable[[float], str], object]] = {
    "macro_recall": (
        gettext_lazy("Named rightly"),
        share_text,
        gettext_lazy("Average over all findings; each counts the same, however frequent."),
    ),
    "macro_recall_exercise_known": (
        gettext_lazy("Named rightly when told the exercise"),
        share_text,
        gettext_lazy("The upload stated squat, lunge or plank."),
    ),
    "macro_recall_exercise_and_baseline_known": (
        gettext_lazy("Named rightly when told the exercise and what is right for the person"),
        share_text,
        gettext_lazy("Up to three correct repetitions of the person were known."),
    ),
    # Releases that earlier versions adapted have it.
    "strictness": (
        gettext_lazy("Leans towards mistakes by"),
        _score,
        gettext_lazy(
            "In exercises that it was taught: what is added to the score of a mistake, so that those of "
            "people left out are found as often as correct repetitions. 0 is nothing, 1 is much."
        ),
    ),
    "macro_recall_before": (
        gettext_lazy("Named rightly before"),
        share_text,
        gettext_lazy("By the release that it was made from."),
    ),
    "kept": (
        gettext_lazy("Commits itself"),
        share_text,
        gettext_lazy("Share of repetitions; of the others it says that it is not sure."),
    ),
    "kept_right": (
        gettext_lazy("Right where it commits itself"),
        share_text,
        gettext_lazy("Share of the repetitions that it commits itself on."),
    ),
    "calibration_error": (
        gettext_lazy("Probabilities are off by"),
        _points,
        gettext_lazy("How far a stated probability is from the share that is right, on average."),
    ),
    "distance_to_true_correction_m": (
        gettext_lazy("Corrected motion is off by"),
        _centimetres,
        gettext_lazy("Distance of the joints from the true correction of the same person, on average."),
    ),
    "distance_before_m": (
        gettext_lazy("Performed motion was off by"),
        _centimetres,
        gettext_lazy("The same distance before correcting."),
    ),
    "distance_at_fault_m": (
        gettext_lazy("At the joints at fault, corrected motion is off by"),
        _centimetres,
        gettext_lazy("The same over the joints that the mistake moves; each mistake counts the same."),
    ),
    "distance_at_fault_before_m": (
        gettext_lazy("At the joints at fault, performed motion was off by"),
        _centimetres,
        gettext_lazy("The same distance before correcting."),
    ),
    "change_of_correct_m": (
        gettext_lazy("Correct repetitions are moved by"),
        _centimetres,
        gettext_lazy("What the correction would do where there is nothing to correct."),
    ),
    "judge_macro_recall": (
        gettext_lazy("The judge names rightly"),
        share_text,
        gettext_lazy("A second, separate network that checks every correction."),
    ),
}


def release_figures(metrics: Metrics) -> Figures:
    """Return a release's figures, known ones in words, unknown ones under the name that they came with."""
    in_order = [*(key for key in _GROUPS if key in metrics), *(key for key in metrics if key not in _GROUPS)]
    groups = [_group(key, metrics[key]) for key in in_order if _is_group(key, metrics[key])]
    loose = {
        key: value for key, value in metrics.items() if not isinstance(value, Mapping) and key != _COURSE
    }
    if loose:
        groups.append(_group(_("Other figures"), loose))
    training = [(metrics.get(key), prefix) for key, prefix in _TRAINING.items()]
    rows = [row for one, prefix in training if isinstance(one, Mapping) for row in _flat(one, prefix)]
    return Figures(tuple(sorted(groups, key=lambda group: not group.caution)), tuple(rows))


def _is_group(key: str, value: object) -> bool:
    return isinstance(value, Mapping) and key not in _TRAINING


def _group(key: str, metrics: Metrics) -> Group:
    name, caution = _GROUPS.get(key, (capfirst(key.replace("_", " ")), ""))
    recalls = metrics.get(_RECALLS)
    by_class = recalls if isinstance(recalls, Mapping) and all(map(_is_share, recalls.values())) else {}
    told = {code for code in _COUNTS if isinstance(metrics.get(code), int)} | (
        {_RECALLS} if by_class else set()
    )
    known = [
        Measure(str(title), written(metrics[code]), str(meaning))
        for code, (title, written, meaning) in _MEASURES.items()
        if isinstance(metrics.get(code), float | int)
    ]
    rest = {
        code: value
        for code, value in metrics.items()
        if code not in told and not (code in _MEASURES and isinstance(value, float | int))
    }
    return Group(
        name=str(name),
        counts=_counts(metrics),
        caution=str(caution),
        measures=(*known, *(Measure(title, value, "") for title, value in _flat(rest))),
        recalls=tuple(
            Recall(code, share_text(share), round(100 * share, 1))
            for code, share in sorted(by_class.items(), key=_place)
        ),
    )


def _place(recall: tuple[str, object]) -> int:
    """Return where a class stands in the catalogue: correct ones before mistakes; learned classes last."""
    return CODES.index(recall[0]) if recall[0] in CODES else len(CODES)


def _is_share(value: object) -> bool:
    return isinstance(value, float | int) and 0 <= value <= 1


def _counts(metrics: Metrics) -> str:
    """Return on how many repetitions, and of how many people, something was measured."""
    number, people = metrics.get("n"), metrics.get("people")
    parts = []
    if isinstance(number, int):
        parts.append(ngettext("{n} repetition", "{n} repetitions", number).format(n=number))
    if isinstance(people, int):
        parts.append(ngettext("{n} person", "{n} people", people).format(n=people))
    return ", ".join(parts)


def _flat(metrics: Metrics, prefix: str = "") -> Iterator[tuple[str, str]]:
    """Return figures that have no words here, each named by where it stands: "rmd, identification"."""
    for key, value in metrics.items():
        name = f"{prefix}{key.replace('_', ' ')}"
        if isinstance(value, Mapping):
            yield from _flat(value, f"{name}, ")
        else:
            yield name, _figure(value)


def _figure(value: object) -> str:
    if isinstance(value, list):
        return " – ".join(map(_figure, value))
    return f"{value:.3g}" if isinstance(value, float) else str(value)
