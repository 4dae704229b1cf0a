"""Codes that a person reads and types: made, written in groups, read back forgivingly, hashed."""

import secrets

from django.utils.crypto import salted_hmac

#: Without letters that look like digits or like each other, nor vowels, which could make words.
ALPHABET = "23456789BCDFGHJKMNPQRSTVWXZ"
GROUP = 4


def make_code(groups: int) -> str:
    """Return a code of so many groups of four characters (19 bits each): `K7QM-2XPB`."""
    return "-".join("".join(secrets.choice(ALPHABET) for _ in range(GROUP)) for _ in range(groups))


def read_code(typed: str) -> str:
    """Return a code as it was made, whatever the case, the spaces and the dashes in which it was typed."""
    kept = "".join(letter for letter in typed.upper() if letter.isascii() and letter.isalnum())
    return "-".join(kept[at : at + GROUP] for at in range(0, len(kept), GROUP))


def hash_code(purpose: str, code: str) -> str:
    """Return what is kept of a code: too short for a plain hash, so keyed with the site's secret."""
    return salted_hmac(f"patients.codes.{purpose}", code, algorithm="sha256").hexdigest()
