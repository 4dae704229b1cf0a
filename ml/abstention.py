"""Whether nothing is said of other movements: `python -m ml.abstention --data irds:FOLDER`.

Each recording of something else is analysed as an upload is. It should be answered with "no squat, lunge or
plank found", or every finding in it abstained from. Beside that the network alone is asked, with the whole
recording given to it as one repetition, which no upload does.
"""

import argparse
import sys
from collections.abc import Sequence
from typing import NamedTuple

from tqdm import tqdm

from ml.datasets import DatasetError
from ml.evaluate import chosen_release
from ml.figures import percent, wilson
from ml.inference import AnalysisError, Predictor
from ml.poses.errors import PoseFormatError
from ml.poses.sequence import PoseSequence
from ml.release import ReleaseError
from ml.whole_recordings import load_whole


class Silence(NamedTuple):
    """Of `n` recordings: nothing found, all that was found abstained from, a finding given.

    `alone` counts those that the network by itself abstains from.
    """

    n: int
    refused: int
    abstained: int
    said: int
    alone: int


def silence(predictor: Predictor, recordings: Sequence[PoseSequence]) -> Silence:
    """Analyse prepared recordings of something else."""
    refused = abstained = 0
    for recording in tqdm(recordings, unit="recording", leave=False):
        try:
            found = predictor.analyse(recording).repetitions
        except (AnalysisError, PoseFormatError):
            refused += 1
            continue
        abstained += all(repetition.finding.abstained for repetition in found)
    alone = sum(finding.abstained for finding, _ in predictor.predict(recordings))
    n = len(recordings)
    return Silence(n, refused, abstained, n - refused - abstained, alone)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m ml.abstention", description=__doc__)
    parser.add_argument("--data", action="append", required=True, help="as python -m ml.repetition_figures")
    parser.add_argument("--release", help="name or folder; else the default release")
    options = parser.parse_args(arguments)
    try:
        predictor = Predictor(chosen_release(options.release))
        for source in options.data:
            others = [whole.sequence for whole in load_whole(source) if not whole.exercises]
            if not others:
                raise DatasetError("bad_source", f"{source} holds no recording of something else.")
            row = silence(predictor, others)
            silent, alone = (
                percent(k / row.n, wilson(k, row.n)) for k in (row.refused + row.abstained, row.alone)
            )
            print(  # noqa: T201
                f"{source}: {row.n} recordings, nothing said of {silent} ({row.refused} without a "
                f"repetition, {row.abstained} abstained from); by the network alone {alone}"
            )
    except (DatasetError, ReleaseError) as error:
        print(error.message, file=sys.stderr)  # noqa: T201
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
