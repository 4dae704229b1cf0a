"""Tables and lists of numbers are read as Python reads them, only many at once."""

import json
import math
import struct
import zipfile
from io import BytesIO

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ml.poses.errors import PoseFormatError
from ml.poses.formats import json_text
from ml.poses.formats.fields import fields_of
from ml.poses.formats.source import Source

_FLOATS = st.floats(allow_nan=False, allow_infinity=False)
_WRITTEN = st.one_of(
    _FLOATS.map(repr),
    st.floats(-1e6, 1e6).map(lambda value: f"{value:+.6f}"),
    st.integers(-(10**25), 10**25).map(str),
    st.sampled_from(["", " 1.5 ", "\t-0.0", ".5", "5.", "1e-3", "nan", "-inf", "     7     "]),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.lists(_WRITTEN, min_size=3, max_size=3), min_size=1, max_size=20))
def test_numbers_are_those_that_python_reads(rows):
    fields, counts = fields_of("\n".join(map(",".join, rows)), ",")

    assert counts.tolist() == [3] * len(rows)
    expected = [float(field) if field.strip() else math.nan for row in rows for field in row]
    np.testing.assert_allclose(fields.numbers(), expected, rtol=4e-16, atol=0)


@pytest.mark.parametrize("field", ["1.2.3", "--1", "-", ".", "1,5".replace(",", ";"), "x", "é", "1 2"])
def test_what_is_no_number_is_refused(field):
    with pytest.raises(PoseFormatError):
        fields_of(f"1,{field},2", ",")[0].numbers()


def test_fields_between_blanks_are_never_empty():
    fields, counts = fields_of("  1 2\t3\n4   5 \n", None)

    assert counts.tolist() == [3, 2]
    assert fields.numbers().tolist() == [1, 2, 3, 4, 5]


def test_words_are_found_by_their_whole_text():
    fields, _ = fields_of("Head, Neck,Heads\nHea,Head,", ",")

    assert fields.places(["Neck", "Head"]).tolist() == [1, 0, -1, -1, 1, -1]


_THREE = st.lists(_FLOATS | st.none(), min_size=3, max_size=3)
_LISTS = st.one_of(
    _THREE.map(lambda values: values * 25),
    _THREE.map(lambda values: [values] * 30),
    _THREE.map(lambda values: [[values, values]] * 15),
    st.lists(st.lists(_FLOATS, max_size=3), min_size=2, max_size=3).map(lambda lists: lists * 30),
    st.just("[" + "1, " * 80 + "1]"),
    st.just(math.nan),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.dictionaries(st.text(max_size=5), st.lists(_LISTS, max_size=2), max_size=3), st.sampled_from([None, 2])
)
def test_json_is_what_python_reads(value, indent):
    def plain(read):
        if isinstance(read, np.ndarray):
            return plain(read.tolist())
        if isinstance(read, dict):
            return {key: plain(one) for key, one in read.items()}
        if isinstance(read, list):
            return [plain(one) for one in read]
        return "nothing" if read is None or read != read else read

    text = json.dumps(value, indent=indent)

    assert _close(plain(json_text.loads(text)), plain(json.loads(text)))


def _close(one, other):
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=4e-16, abs_tol=0)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_close, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_close(one[key], other[key]) for key in one)
    return one == other


def test_long_lists_come_as_arrays():
    frames = [[[0.5, None, -2]] * 19] * 20

    read = json_text.loads(json.dumps({"frames": frames, "rate": 30}))["frames"]

    assert isinstance(read, np.ndarray)
    assert read.shape == (20, 19, 3)


@pytest.mark.parametrize("damage", ["1.2.3", "", "1 2", "-"])
def test_a_long_list_with_something_else_in_it_is_refused(damage):
    with pytest.raises(ValueError, match=r"Expecting|delimiter"):
        json_text.loads("[" + "1.5, " * 100 + damage + "]")


def test_an_archive_that_lies_about_a_file_is_damaged():
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.json", "x" * 1000)
    data = packed.getvalue()
    wrong = data.replace(struct.pack("<I", zipfile.crc32(b"x" * 1000)), struct.pack("<I", 1))

    assert Source(data).member(Source(data).archive.infolist()[0], 1000) == b"x" * 1000
    for bytes_, most in ((wrong, 1000), (data, 999)):
        source = Source(bytes_)
        with pytest.raises(PoseFormatError, match="damaged"):
            source.member(source.archive.infolist()[0], most)
