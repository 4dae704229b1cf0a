"""A sample of the corpus of malformed files: each is refused by code and sentence, and nothing is written."""

import io
import itertools
import tempfile
import tracemalloc
import zipfile

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benchmarks import hostile_files as hostile
from ml.poses.errors import PoseFormatError
from ml.poses.formats import read
from tests.ml.poses import samples

GOOD = hostile.whole()
FIXED = {
    "cut": list(hostile._cut(GOOD))[::7],
    "encoded": list(hostile._encoded(GOOD))[::3],
    "promising": list(itertools.islice(hostile._promising(GOOD), 0, None, 23)),
    "numbers": list(hostile._numbers())[::5],
}


def outcome(data: bytes) -> PoseFormatError | None:
    refusal = None
    try:
        read(io.BytesIO(data))
    except PoseFormatError as error:
        refusal = error
    if refusal is not None:
        assert refusal.message[-1] in ".)"
        assert len(refusal.message.split()) > 4
    return refusal


@pytest.mark.parametrize("kind", FIXED)
def test_malformed_files_are_refused_or_read(kind):
    refused = [outcome(data) for _, data in FIXED[kind]]
    assert sum(error is not None for error in refused) > len(refused) / 5


def test_every_format_is_in_the_corpus():
    assert set(samples.WRITERS) <= set(GOOD)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(sorted(GOOD)), st.data())
def test_any_bytes_in_any_place_are_refused_or_read(name, data):
    content = bytearray(GOOD[name])
    for _ in range(data.draw(st.integers(1, 5))):
        place = data.draw(st.integers(0, len(content) - 1))
        content[place : place + data.draw(st.integers(0, 6))] = data.draw(st.sampled_from(hostile.WORDS))
    outcome(bytes(content))


def test_paths_in_archives_lead_nowhere(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    for kind, data in hostile._archives():
        if kind != "paths in archives":
            break
        assert outcome(data) is not None
    assert list(tmp_path.iterdir()) == []


def test_a_bomb_whose_directory_lies_is_not_unpacked():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("f_1.json", bytes(2**26))
    data = bytearray(file.getvalue())
    place = data.index(b"PK\x01\x02")
    data[place + 24 : place + 28] = (100).to_bytes(4, "little")
    tracemalloc.start()
    assert outcome(bytes(data)).code == "truncated"
    assert tracemalloc.get_traced_memory()[1] < 2**24
    tracemalloc.stop()


def test_endless_nesting_is_refused():
    for depth in (10**3, 10**5):
        assert outcome(b"[" * depth).code == "truncated"
        assert outcome(b'{"format": "exfb.pose", "frames": ' + b"[" * depth) is not None


def test_a_million_frames_are_refused():
    assert outcome(hostile._npz_claiming((10**6, 19, 3))).code == "too_many_frames"
    file = io.BytesIO()
    np.savez_compressed(file, positions=np.zeros((10**6, 1, 3), np.float32), joints=["a"], frame_rate=30)
    assert outcome(file.getvalue()).code == "too_many_frames"
