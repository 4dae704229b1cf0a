"""Whether a finding stays the same when it must: `python -m ml.robustness --data SOURCE`.

The same repetition mirrored, slower and faster, at other frame rates, turned and moved: left and right, pace,
the camera's rate and the place in the room are no part of a mistake.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from ml.datasets import DatasetError, load
from ml.evaluate import chosen_release
from ml.inference import Predictor
from ml.kinematics import turned
from ml.poses.sequence import PoseSequence
from ml.release import ReleaseError
from ml.sensors import at_frame_rate

FRAME_RATES_HZ = (15.0, 20.0, 60.0, 120.0)


VARIANTS: dict[str, Callable[[PoseSequence], PoseSequence]] = {
    "mirrored": PoseSequence.mirrored,
    "half speed": lambda s: replace(s, frame_rate=s.frame_rate / 2),
    "double speed": lambda s: replace(s, frame_rate=s.frame_rate * 2),
    "turned by 100 degrees": lambda s: s.with_positions(turned(s.positions, np.radians(100.0))),
    "moved by 3 m": lambda s: s.with_positions(s.positions + np.array([3.0, -1.0, 0.0])),
    **{f"at {rate:.0f} Hz": lambda s, rate=rate: at_frame_rate(s, rate) for rate in FRAME_RATES_HZ},  # type: ignore[misc]
}


def same_findings(predictor: Predictor, sequences: Sequence[PoseSequence]) -> dict[str, int]:
    """Return for each of `VARIANTS` how many repetitions keep their finding."""
    before = [finding.code for finding, _ in predictor.predict(sequences)]
    kept = {}
    for name, varied in VARIANTS.items():
        after = [finding.code for finding, _ in predictor.predict([varied(s) for s in sequences])]
        kept[name] = sum(a == b for a, b in zip(before, after, strict=True))
    return kept


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m ml.robustness", description=__doc__)
    parser.add_argument("--data", action="append", required=True, help="a source as ml.evaluate takes it")
    parser.add_argument("--release", help="name or folder; else the default release")
    options = parser.parse_args(arguments)
    try:
        predictor = Predictor(chosen_release(options.release))
        for source in options.data:
            sequences = [repetition.sequence for repetition in load(source)]
            print(f"{source}, {len(sequences)} repetitions; the same finding")  # noqa: T201
            for name, kept in same_findings(predictor, sequences).items():
                print(f"  {name:24} {kept} of {len(sequences)} ({kept / len(sequences):.1%})")  # noqa: T201
    except (DatasetError, ReleaseError) as error:
        print(error.message, file=sys.stderr)  # noqa: T201
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
