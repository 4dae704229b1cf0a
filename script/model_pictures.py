"""Draw what a release confuses, how far its probabilities can be trusted, and motions that it gets wrong.

For each data set a confusion matrix and a reliability diagram; for simulated people, whose motion anybody
may see, also the surest of the wrong findings as strips of figures.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib import pyplot
from matplotlib.axes import Axes
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from ml.catalogue import CODES
from ml.datasets import DatasetError, LabelledRepetition, load
from ml.evaluate import chosen_release, evaluate, scorable, set_apart
from ml.figures import Row
from ml.inference import Predictor
from ml.release import Release, ReleaseError
from ml.skeletons import EC3D_19

FOLDER = Path("docs/pictures")
#: Findings are put together by their probability in so many steps.
STEPS = 5
#: So many wrong findings are drawn, each at so many instants.
FAILURES, INSTANTS = 4, 7
RED, GREEN = "#b3261e", "#1b6e43"


def confusion(rows: Sequence[Row], title: str, path: Path) -> None:
    """Draw how often each class, a row, was found to be each class, a column."""
    single = [row for row in rows if "+" not in row.label]
    codes = [code for code in CODES if any(code in (row.label, row.finding) for row in single)]
    counts = np.zeros((len(codes), len(codes)), dtype=int)
    for row in single:
        counts[codes.index(row.label), codes.index(row.finding)] += 1
    shares = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    _, axes = pyplot.subplots(figsize=(7.5, 6.5), layout="constrained")
    axes.imshow(shares, cmap="Greens", vmin=0, vmax=1.3)
    for (i, j), count in np.ndenumerate(counts):
        if count:
            axes.text(j, i, str(count), ha="center", va="center", weight="bold" if i == j else "normal")
    names = [code.replace("_", " ") for code in codes]
    axes.set_xticks(range(len(codes)), names, rotation=55, ha="right")
    axes.set_yticks(range(len(codes)), names)
    axes.set(xlabel="found", ylabel="labelled", title=title)
    _save(path)


def reliability(rows: Sequence[Row], title: str, path: Path) -> None:
    """Draw the share of right findings against the probability that they were given."""
    single = [row for row in rows if "+" not in row.label]
    probability = np.array([row.probability for row in single])
    right = np.array([row.right for row in single])
    step = np.minimum((probability * STEPS).astype(int), STEPS - 1)
    _, axes = pyplot.subplots(figsize=(4.5, 4.5), layout="constrained")
    axes.plot([0, 1], [0, 1], color="grey", linestyle="--", linewidth=1)
    for i in range(STEPS):
        inside = step == i
        if inside.any():
            axes.scatter(probability[inside].mean(), right[inside].mean(), s=40, color=GREEN, zorder=2)
            axes.annotate(
                f"{inside.sum()}",
                (probability[inside].mean(), right[inside].mean()),
                xytext=(6, -12),
                textcoords="offset points",
            )
    axes.set(xlim=(0, 1.02), ylim=(-0.02, 1.04), xlabel="probability", ylabel="share right", title=title)
    _save(path)


def failures(
    release: Release, repetitions: Sequence[LabelledRepetition], rows: Sequence[Row], title: str, path: Path
) -> None:
    """Draw the surest wrong finding of each class, at most `FAILURES`: performed in red, corrected dashed."""
    surest: dict[str, int] = {}
    for i, row in sorted(enumerate(rows), key=lambda pair: -pair[1].probability):
        if not row.right:
            surest.setdefault(row.label, i)
    chosen = list(surest.values())[:FAILURES]
    if not chosen:
        return
    motions = Predictor(release).predict([repetitions[i].sequence for i in chosen], correct_always=True)
    figure, many = pyplot.subplots(
        len(chosen), 1, figsize=(9, 2.1 * len(chosen)), layout="constrained", squeeze=False
    )
    figure.suptitle(title)
    for i, (_, correction), axes in zip(chosen, motions, many[:, 0], strict=True):
        assert correction is not None
        _strip(axes, repetitions[i].sequence.positions, correction.positions)
        row = rows[i]
        said = (
            f"{row.label.replace('_', ' ')}, found as {row.finding.replace('_', ' ')} ({row.probability:.0%})"
        )
        axes.set_title(said + (", abstained" if row.abstained else ""), fontsize=10, loc="left")
    _save(path)


def _strip(axes: Axes, performed: NDArray[np.floating], corrected: NDArray[np.floating]) -> None:
    """Draw instants of a repetition beside each other, half turned, so that both sides show."""
    turn = np.array([0.5, 0.866, 0.0]), np.array([0.0, 0.0, 1.0])
    places = [np.stack([motion @ axis for axis in turn], axis=-1) for motion in (performed, corrected)]
    width = 1.1 * max(float(np.ptp(seen[..., 0])) for seen in places)
    for n, frame in enumerate(np.linspace(0, len(performed) - 1, INSTANTS).astype(int)):
        for seen, colour, style in zip(places, (RED, GREEN), ("-", (0, (3, 2))), strict=True):
            for bone in EC3D_19.bones:
                x, z = seen[frame, list(bone)].T
                axes.plot(x + n * width, z, color=colour, linestyle=style, linewidth=1.6)
    axes.set_aspect("equal")
    axes.axis("off")


def _save(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pyplot.savefig(path, metadata={"Date": None})
    pyplot.close()
    print(path)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit status."""
    parser = argparse.ArgumentParser(prog="script/model_pictures", description=__doc__)
    parser.add_argument("--data", action="append", required=True, help="as python -m ml.evaluate takes it")
    parser.add_argument("--release", help="name or folder; else the default release")
    parser.add_argument("--baseline", type=int, default=0, metavar="N")
    parser.add_argument("--out", type=Path, default=FOLDER, help="folder of the pictures")
    options = parser.parse_args(arguments)
    matplotlib.rcParams |= {"svg.hashsalt": "exfb", "svg.fonttype": "none"}
    try:
        release = chosen_release(options.release)
        sets = [(source, scorable(release, load(source))) for source in options.data]
    except (DatasetError, ReleaseError) as error:
        print(error.message, file=sys.stderr)
        return 2
    for source, scored in sets:
        kind = source.partition(":")[0]
        rows = evaluate(release, scored, n_baseline=options.baseline)
        judged = set_apart(scored, options.baseline)[1]
        beside = f", baseline of {options.baseline}" if options.baseline else ""
        title = f"{release.name} on {kind}, n {len(rows)}{beside}"
        confusion(rows, title, options.out / f"confusion-{kind}.svg")
        reliability(rows, title, options.out / f"reliability-{kind}.svg")
        if kind == "sim":
            failures(release, judged, rows, title, options.out / "failures-sim.svg")
    return 0


if __name__ == "__main__":
    sys.exit(main())
