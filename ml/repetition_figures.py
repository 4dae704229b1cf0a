"""`python -m ml.repetition_figures --data SOURCE ...`: how well repetitions are found, as a table."""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np

from ml.datasets import DatasetError
from ml.repetitions import Span, find_repetitions
from ml.whole_recordings import WholeRecording, load_whole

#: A repetition is matched where it and the one found share this much of what both cover.
LEAST_OVERLAP = 0.5
COLUMNS = (
    "source",
    "recordings",
    "repetitions",
    "right number",
    "right exercise",
    "matched",
    "edge error",
    "refused",
)


@dataclass(frozen=True)
class RepetitionFigures:
    """How well the repetitions of a source are found; None where the source cannot tell.

    Parameters
    ----------
    recordings, repetitions : int
    right_number : float or None
        Share of the recordings with as many repetitions as there are.
    right_exercise : float or None
        Share of the recordings in which every repetition found is of the right exercise.
    matched : float or None
        Share of the repetitions that one found overlaps by `LEAST_OVERLAP`.
    edge_error_s : float or None
        Median over the edges of those matched, seconds.
    refused : float or None
        Share of the recordings of something else in which nothing is found.
    wrong : tuple of str
        Names of the recordings with another number, another exercise, or something where nothing is.
    """

    recordings: int
    repetitions: int
    right_number: float | None
    right_exercise: float | None
    matched: float | None
    edge_error_s: float | None
    refused: float | None
    wrong: tuple[str, ...]


def measure(recordings: Sequence[WholeRecording]) -> RepetitionFigures:
    """Find the repetitions of each recording and compare them with what is known."""
    right, exercise, refused, matched, errors, wrong = [], [], [], [], [], []
    for recording in recordings:
        found = find_repetitions(recording.sequence)
        if not recording.exercises:
            refused.append(not found)
            is_right = refused[-1]
        else:
            right.append(len(found) == len(recording.exercises))
            exercise.append(_right_exercises(found, recording.exercises))
            is_right = right[-1] and exercise[-1]
        if not is_right:
            wrong.append(recording.name)
        for edges in recording.edges or ():
            best = max(found, key=lambda span: _overlap(span, edges), default=None)
            matched.append(best is not None and _overlap(best, edges) >= LEAST_OVERLAP)
            if best is not None and matched[-1]:
                rate = recording.sequence.frame_rate
                errors += [abs(best.start_frame - edges[0]) / rate, abs(best.end_frame - edges[1]) / rate]
    return RepetitionFigures(
        recordings=len(recordings),
        repetitions=sum(len(recording.exercises) for recording in recordings),
        right_number=_mean(right),
        right_exercise=_mean(exercise),
        matched=_mean(matched),
        edge_error_s=float(np.median(errors)) if errors else None,
        refused=_mean(refused),
        wrong=tuple(wrong),
    )


def _right_exercises(found: Sequence[Span], exercises: Sequence[str]) -> bool:
    """Whether each one found has its exercise, in order; with another number, one that occurs at all."""
    named = [span.exercise for span in found]
    return named == list(exercises) if len(named) == len(exercises) else set(named) == set(exercises)


def _overlap(span: Span, edges: tuple[int, int]) -> float:
    shared = min(span.end_frame, edges[1]) - max(span.start_frame, edges[0])
    return max(0, shared) / (max(span.end_frame, edges[1]) - min(span.start_frame, edges[0]))


def _mean(values: Sequence[bool]) -> float | None:
    return float(np.mean(values)) if values else None


def table(rows: dict[str, RepetitionFigures]) -> str:
    """Return the figures as a Markdown table, a row a source."""

    def percent(value: float | None) -> str:
        return "" if value is None else f"{value:.1%}"

    lines = [
        f"| {' | '.join(COLUMNS)} |",
        f"|---{'|--:' * (len(COLUMNS) - 1)}|",
    ]
    for source, row in rows.items():
        error = "" if row.edge_error_s is None else f"{row.edge_error_s:.2f} s"
        shares = [percent(value) for value in (row.right_number, row.right_exercise, row.matched)]
        cells = [source, str(row.recordings), str(row.repetitions), *shares, error, percent(row.refused)]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; 2 where a source cannot be read."""
    parser = argparse.ArgumentParser(prog="python -m ml.repetition_figures", description=__doc__)
    parser.add_argument("--data", nargs="+", action="extend", required=True, metavar="SOURCE")
    parser.add_argument(
        "--json", action="store_true", help="with the names of the recordings that went wrong"
    )
    options = parser.parse_args(arguments)
    try:
        rows = {source: measure(load_whole(source)) for source in options.data}
    except DatasetError as error:
        sys.stderr.write(f"{error.message}\n")
        return 2
    text = (
        json.dumps({key: asdict(row) for key, row in rows.items()}, indent=2) if options.json else table(rows)
    )
    sys.stdout.write(text + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
