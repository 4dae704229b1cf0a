"""Reads 10,000 malformed files and prints how each kind was refused: `python -m benchmarks.hostile_files`.

Every format is cut at every tenth of it, its bytes are flipped and replaced, its header promises what is not
there, and there are bombs, paths that lead out, endless nesting and a million frames besides. Anything but
`PoseFormatError` is a failure, and so is a refusal that takes too long or too much memory.
"""

import argparse
import io
import json
import resource
import sys
import tempfile
import time
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path

import numpy as np

from ml.poses.errors import PoseFormatError
from ml.poses.formats import read
from tests.ml.poses import samples

MOST_SECONDS, MOST_MEGABYTES = 2.0, 512.0
WORDS = (b"nan", b"1e999", b"-inf", b"{", b"\0", b",,", b"9" * 30, b"\xff\xfe", b"\r", b"[[")
Files = Iterator[tuple[str, bytes]]


def whole() -> dict[str, bytes]:
    """One file a layout, of a short recording."""
    positions = samples.squatting(20)
    more: dict[str, Callable[..., bytes]] = {
        "mediapipe_json": samples.mediapipe_json,
        "ec3d_csv": samples.ec3d_csv,
        "kinect_csv": samples.kinect_csv,
        "kinect_rows": samples.kinect_rows,
    }
    return {name: write(positions) for name, write in {**samples.WRITERS, **more}.items()}


def damaged(count: int, seed: int = 0) -> Files:
    """At least `count` files: the name of their kind, and their bytes."""
    good = whole()
    kinds = (_cut(good), _encoded(good), _promising(good), _numbers(), _nested(), _archives(), _long())
    n_made = 0
    for made in chain(*kinds):
        n_made += 1
        yield made
    rng = np.random.default_rng(seed)
    names = sorted(good)
    for i in range(max(0, count - n_made)):
        data = bytearray(good[names[i % len(names)]])
        if rng.random() < 0.5:
            for place in rng.integers(0, len(data), rng.integers(1, 9)):
                data[place] ^= 1 << rng.integers(0, 8)
            yield "bits flipped", bytes(data)
        else:
            for place in rng.integers(0, len(data), rng.integers(1, 5)):
                word = WORDS[rng.integers(0, len(WORDS))]
                data[place : place + int(rng.integers(0, len(word) + 1))] = word
            yield "words put in", bytes(data)


def _cut(good: dict[str, bytes]) -> Files:
    for data in good.values():
        for tenth in range(1, 10):
            for off in (-1, 0, 1):
                yield "cut at a tenth", data[: len(data) * tenth // 10 + off]


def _encoded(good: dict[str, bytes]) -> Files:
    for data in good.values():
        text = data.decode("latin-1")
        yield "other encodings", text.encode("utf-16")
        yield "other encodings", text.encode("utf-32")
        yield "other encodings", b"\xff" + data
        yield "other encodings", data[::-1]


def _promising(good: dict[str, bytes]) -> Files:
    """Headers that promise more than is there."""
    for count in (10**3, 10**6, 10**9, 2**31, 2**63, 10**300):
        yield "counts", samples.trc(samples.squatting(20), promised=count)
        yield "counts", samples.bvh(samples.squatting(20), promised=count)
        yield "counts", samples.bvh(samples.squatting(20)).replace(b"CHANNELS 3", b"CHANNELS %d" % count)
    c3d = good["c3d"]
    for place in range(2, 26):
        for value in (0, 1, 127, 128, 255):
            yield "counts", c3d[:place] + bytes([value]) + c3d[place + 1 :]
            yield "counts", c3d[:place] + bytes([value] * 2) + c3d[place + 2 :]
    for place in range(512, 1400):
        yield "counts", c3d[:place] + b"\xff" + c3d[place + 1 :]
    for shape in ((10**9, 19, 3), (2**40, 1, 3), (20, 2**31, 3), (0, 19, 3), (20, 19), ()):
        yield "counts", _npz_claiming(shape)


def _npz_claiming(shape: tuple[int, ...]) -> bytes:
    """An NPZ whose header states a shape that its bytes do not have."""
    body = io.BytesIO()
    np.lib.format.write_array_header_1_0(body, {"descr": "<f8", "fortran_order": False, "shape": shape})
    body.write(bytes(800))
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("positions.npy", body.getvalue())
    return file.getvalue()


def _numbers() -> Files:
    for value in (np.nan, np.inf, -np.inf, 1e300, -1e300, 1e-300, 0.0):
        for share in (0.01, 0.5, 1.0):
            positions = samples.squatting(20)
            positions[np.random.default_rng(1).random(positions.shape) < share] = value
            for name, write in samples.WRITERS.items():
                with np.errstate(all="ignore"):
                    try:
                        yield "NaN and infinity", write(positions)
                    except (ValueError, OverflowError):
                        yield "NaN and infinity", f"{name} cannot hold {value}".encode()


def _nested() -> Files:
    for depth in (10, 10**3, 10**5, 10**6):
        yield "nested JSON", b"[" * depth
        yield "nested JSON", b"[" * depth + b"]" * depth
        yield "nested JSON", b'{"format": "exfb.pose", "frames": ' + b"[" * depth + b"]" * depth + b"}"
        yield "nested JSON", b'{"a":' * depth + b"1" + b"}" * depth
        yield "nested JSON", b'{"people": ' + b'[{"people": ' * depth
        with io.BytesIO() as file:
            with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
                for frame in range(20):
                    archive.writestr(f"f_{frame}.json", b'{"people": ' + b"[" * depth)
            yield "nested JSON", file.getvalue()


def _archives() -> Files:
    """Bombs, and names that lead out of the archive."""
    marker = str(Path(tempfile.gettempdir()) / "exfb_hostile_marker")
    frame = json.dumps({"people": []}).encode()
    for name in (marker, f"../../../..{marker}", "..\\..\\evil", "/etc/passwd", "a" * 60_000, "CON"):
        for suffix in (".json", ".npy"):
            file = io.BytesIO()
            with zipfile.ZipFile(file, "w") as archive:
                for i in range(20):
                    archive.writestr(f"{name}{i}{suffix}", frame)
            yield "paths in archives", file.getvalue()
    for size in (2**20, 2**24, 2**28):
        for name in ("positions.npy", "f_1.json"):
            file = io.BytesIO()
            with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
                for i in range(3):
                    with archive.open(f"{i}{name}", "w", force_zip64=True) as member:
                        for _ in range(size // 2**20):
                            member.write(bytes(2**20))
            yield "bombs", file.getvalue()
            data = bytearray(file.getvalue())
            # The directory may lie about the size of what is inside.
            for place in range(len(data) - 46):
                if data[place : place + 4] == b"PK\x01\x02":
                    data[place + 24 : place + 28] = (100).to_bytes(4, "little")
            yield "bombs", bytes(data)


def _long() -> Files:
    """A million frames, and lines without end."""
    many = 10**6
    yield "a million frames", b"HIERARCHY\nROOT a\n{\nOFFSET 0 0 0\n}\nMOTION\n" + b"1 2 3\n" * many
    yield "a million frames", samples.trc(samples.squatting(20)) + b"1\t0.1\t1\t2\t3\n" * many
    yield "a million frames", samples.csv_wide(samples.squatting(20)) + b"," * 56 + b"\n" + b"1,2,3\n" * many
    yield "a million frames", b"id,x,y,z\n" + b"11,0.1,0.2,0.3\n" * many
    yield "a million frames", b"JointName,TrackingStatus,X,Y,Z\n" + b"Neck,Tracked,1,2,3\n" * many
    yield "a million frames", b"1,5,18432,(SpineBase,Tracked,1,2,3,4,5)\n" * many
    yield "a million frames", b"frame,x,y,z,joint_name\n" + b"1,1,2,3,nose\n" * many
    yield (
        "a million frames",
        b'{"format":"exfb.pose","version":1,"joints":["nose"],"frame_rate":30,"frames":['
        + (b"[[1,2,3]]," * many)
        + b"[[1,2,3]]]}",
    )
    yield "a million frames", b'[{"id":1,"x":1,"y":2,"z":3}' + b',{"id":1,"x":1,"y":2,"z":3}' * many + b"]"
    yield "a million frames", (b"1.0 " * 117 + b"\n") * 100_000
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for i in range(62_000):
            archive.writestr(f"{i}.json", b'{"people":[]}')
    yield "a million frames", file.getvalue()
    file = io.BytesIO()
    np.savez_compressed(file, positions=np.zeros((many, 2, 3), np.float32), joints=["a", "b"], frame_rate=30)
    yield "a million frames", file.getvalue()
    for line in (b"1 " * 5_000_000, b"," * 10_000_000, b"a" * 20_000_000, b"# a: b\n" * 2_000_000):
        yield "lines without end", line
        yield "lines without end", b"HIERARCHY\n" + line
        yield "lines without end", b"PathFileType\n\n\n" + line
        yield "lines without end", b'"' + line


def main() -> int:
    """Read them all, print the table, and end with 1 where something else than a refusal was raised."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=10_000)
    options = parser.parse_args()
    counts: dict[str, Counter[str]] = {}
    slowest: dict[str, float] = {}
    wrong: list[str] = []
    start = _peak_megabytes()
    for kind, data in damaged(options.count):
        begun = time.process_time()
        try:
            read(io.BytesIO(data))
            outcome = "read"
        except PoseFormatError as error:
            outcome = error.code
        except Exception as error:  # what must never happen is counted, and named below
            outcome = "WRONG"
            wrong.append(f"{kind}: {type(error).__name__}: {str(error)[:100]}")
        taken = time.process_time() - begun
        counts.setdefault(kind, Counter())[outcome] += 1
        slowest[kind] = max(slowest.get(kind, 0.0), taken if outcome != "read" else 0.0)
    sys.stdout.write(
        f"{'kind':20} {'files':>6} {'refused':>8} {'read':>6} {'wrong':>6} {'slowest':>9}  codes\n"
    )
    for kind, codes in counts.items():
        refused = codes.total() - codes["read"] - codes["WRONG"]
        named = ", ".join(f"{code} {n}" for code, n in codes.most_common() if code not in ("read", "WRONG"))
        sys.stdout.write(
            f"{kind:20} {codes.total():6} {refused:8} {codes['read']:6} {codes['WRONG']:6} "
            f"{slowest[kind]:7.2f} s  {named}\n"
        )
    total = sum(codes.total() for codes in counts.values())
    peak = _peak_megabytes()
    sys.stdout.write(
        f"{total} files; slowest refusal {max(slowest.values()):.2f} s; peak memory {peak:.0f} MB "
        f"({start:.0f} MB before the first, with the files themselves); {len(wrong)} wrong\n"
    )
    for line in wrong[:20]:
        sys.stdout.write(line + "\n")
    escaped = list(Path(tempfile.gettempdir()).glob("exfb_hostile_marker*"))
    return int(bool(wrong or escaped or max(slowest.values()) > MOST_SECONDS or peak > MOST_MEGABYTES))


def _peak_megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    sys.exit(main())
