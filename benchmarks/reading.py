"""Reads ten minutes at 60 Hz in every text format, on one core: `python -m benchmarks.reading`.

Also the checks before the answer to an upload of a usual file, five repetitions: reading, faults and quality.
"""

import io
import sys
import time

from ml.poses.faults import repair
from ml.poses.formats import read
from ml.poses.limits import Limits
from ml.poses.quality import grade
from tests.ml.poses import samples

FRAMES, USUAL_FRAMES = 36_000, 450
WRITERS = {
    **samples.WRITERS,
    "mediapipe JSON": samples.mediapipe_json,
    "ec3d long CSV": samples.ec3d_csv,
    "kinect_v2 CSV": samples.kinect_csv,
    "kinect_v2 rows": samples.kinect_rows,
}


def main() -> None:
    """Print a row for each format as it is done."""
    formats = sys.argv[1:] or list(WRITERS)
    limits = Limits(size_bytes=2**30, seconds=7200.0)
    sys.stdout.write(f"{'format':16} {'size':>9} {'36,000 frames':>14} {'450 frames, checked':>20}\n")
    for name in formats:
        long = WRITERS[name](samples.squatting(FRAMES, repetitions=FRAMES // 90))
        usual = WRITERS[name](samples.squatting(USUAL_FRAMES, repetitions=5))
        begun = time.process_time()
        read(io.BytesIO(long), limits=limits)
        between = time.process_time()
        grade(repair(read(io.BytesIO(usual), limits=limits)))
        ended = time.process_time()
        sys.stdout.write(
            f"{name:16} {len(long) / 2**20:6.1f} MB {between - begun:12.2f} s "
            f"{(ended - between) * 1000:17.0f} ms\n"
        )
        sys.stdout.flush()


if __name__ == "__main__":
    main()
