"""Codes that people type: as hard to guess as they say, and read forgivingly."""

import re

from patients.codes import ALPHABET, hash_code, make_code, read_code


def test_codes_are_long_enough_and_never_the_same():
    codes = {make_code(groups=2) for _ in range(200)}
    assert len(codes) == 200
    assert all(re.fullmatch(f"[{ALPHABET}]{{4}}-[{ALPHABET}]{{4}}", code) for code in codes)
    assert len(ALPHABET) ** 8 > 2**37


def test_a_code_is_read_however_it_was_typed():
    code = make_code(groups=3)
    for typed in (code.lower(), code.replace("-", ""), f" {code.replace('-', ' ')} ", code.replace("-", "–")):
        assert read_code(typed) == code


def test_what_is_kept_depends_on_the_site_and_the_purpose(settings):
    kept = hash_code("recovery", "K7QM-2XPB")
    assert kept != hash_code("sign in", "K7QM-2XPB")
    settings.SECRET_KEY = "another"
    assert kept != hash_code("recovery", "K7QM-2XPB")
