"""Requests that nobody well-meaning sends: odd sizes, encodings, ids, headers and methods, in any order."""

import json
import random
import uuid
from types import SimpleNamespace
from typing import Any, NamedTuple
from urllib.parse import quote

from django.urls import reverse

from tests.access import Row

_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "BREW", "get")
_ODD = (
    "",
    " ",
    "0",
    "-1",
    "1e309",
    "NaN",
    "null",
    "true",
    "9" * 40,
    "9" * 5000,
    "x" * 3000,
    "%00",
    "\x00",
    "\ud800",
    "../../etc/passwd",
    "..%2f..%2f",
    "' OR 1=1 --",
    "<script>alert(1)</script>",
    "{{7*7}}",
    "${7*7}",
    "é",
    "\u202e",
    "🦵" * 50,
    "2026-02-30",
    "0000-00-00",
    "2026-11-27T25:61:00Z",
    "a,b",
    "[]",
    "{}",
    "\r\nX: y",
    "\ufeff",
    "¼",
)
_TYPES = (
    "application/json",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "multipart/form-data",
    "multipart/form-data; boundary=" + "x" * 300,
    "text/plain",
    "application/json; charset=utf-16",
    "",
    "nonsense",
    "application/json; charset=no-such",
    "application/octet-stream",
    "text/xml",
    "multipart/mixed; boundary=x",
)
_HEADERS = (
    "Accept",
    "Accept-Language",
    "Authorization",
    "Cookie",
    "Content-Encoding",
    "If-None-Match",
    "If-Match",
    "Range",
    "Idempotency-Key",
    "X-CSRFToken",
    "X-Forwarded-For",
    "X-Forwarded-Proto",
    "X-HTTP-Method-Override",
    "Referer",
    "If-Modified-Since",
    "Sec-Fetch-Mode",
    "Origin",
    "X-Requested-With",
    "Accept-Encoding",
)
_FIELDS = (
    "patient",
    "file",
    "exercise",
    "pain",
    "recorded_at",
    "decision",
    "label",
    "second_label",
    "reason",
    "note",
    "uuid",
    "seen",
    "page",
    "q",
    "name",
    "day_after",
    "severity",
    "unreviewed",
    "start",
    "end",
    "repetition",
    "format",
    "part",
    "email",
    "code",
    "username",
    "password",
    "scopes",
    "days",
    "revoke",
    "next",
    "answer",
    "text",
    "frame",
)
_FILES = ("a.json", "..", "")


class Request(NamedTuple):
    """One request, and what is odd about it."""

    oddity: str
    method: str
    url: str
    body: bytes
    content_type: str
    headers: dict[str, str]


def hostile_request(chance: random.Random, rows: list[Row], world: SimpleNamespace) -> Request:
    """Make one request to an address of the site, with one thing wrong with it, or several."""
    row = chance.choice(rows)
    thing = getattr(world, row.thing) if row.thing else None
    url = reverse(row.name, args=[thing] if thing else [])
    oddity = chance.choice(["id", "query", "body", "type", "header", "method", "size", "plain"])
    method, body, content_type, headers = row.method, b"", "application/json", {}
    if row.method == "POST":
        body = json.dumps({field: _odd(chance) for field in chance.sample(_FIELDS, 6)}).encode()
    if oddity == "id":
        wrong = chance.choice(
            [quote(_text(chance)), str(uuid.uuid4()), str(thing).upper(), "0" * 32, "/" * 40]
        )
        url = url.replace(str(thing), wrong) if thing else url + wrong
    elif oddity == "query":
        pairs = [f"{chance.choice(_FIELDS)}={quote(_text(chance))}" for _ in range(chance.randint(1, 6))]
        url += (
            "?"
            + chance.choice(["&", "&&", ";"]).join(pairs)
            + chance.choice(["", "&=", "&%", "&a[b]=c", "&%ff=%fe"])
        )
    elif oddity == "body":
        method, body = chance.choice(["POST", "PUT", "PATCH"]), _body(chance)
    elif oddity == "type":
        method, content_type, body = "POST", chance.choice(_TYPES), _body(chance)
    elif oddity == "header":
        headers = {name: _latin(_text(chance)) for name in chance.sample(_HEADERS, 3)}
    elif oddity == "method":
        method = chance.choice(_METHODS)
    elif oddity == "size":
        method, body = (
            "POST",
            chance.choice([b"[" * 50_000, b'{"a":' * 20_000, b"0" * 3_000_000, b"a=b&" * 2_000]),
        )
        content_type = chance.choice(_TYPES[:3])
    return Request(oddity, method, url, body, content_type, headers)


def _text(chance: random.Random) -> str:
    """An odd text that can be sent: a lone surrogate cannot."""
    return chance.choice(_ODD).encode("utf-8", "replace").decode()


def _latin(text: str) -> str:
    """What a server lets through in a header: Latin-1, without line breaks."""
    return (
        text.encode("latin-1", "replace")
        .decode("latin-1")
        .replace("\r", "")
        .replace("\n", "")
        .replace("\x00", "")
    )


def _odd(chance: random.Random, depth: int = 0) -> Any:
    kind = chance.randrange(8)
    if kind == 0 and depth < 3:
        return [_odd(chance, depth + 1) for _ in range(3)]
    if kind == 1 and depth < 3:
        return {chance.choice(_ODD): _odd(chance, depth + 1)}
    if kind == 2:
        return chance.choice([None, True, 0, -1, 2**63, 2**70, 1e308, float("nan"), float("inf"), 0.1])
    return chance.choice(_ODD)


def _body(chance: random.Random) -> bytes:
    fields = {field: _odd(chance) for field in chance.sample(_FIELDS, chance.randint(0, 8))}
    whole = json.dumps(fields).encode()
    parts = [
        f'--x\r\nContent-Disposition: form-data; name="{name}"; filename="{chance.choice(_FILES)}"\r\n'
        f"Content-Type: {chance.choice(_TYPES)}\r\n\r\n{json.dumps(value)}\r\n"
        for name, value in fields.items()
    ]
    framed = ("".join(parts) + chance.choice(["--x--", "--x", "", "--x--\r\n--x"])).encode()
    noise = chance.randbytes(chance.randint(0, 400))
    bodies = [
        whole,
        whole[: len(whole) // 2],
        whole + b"}",
        framed,
        framed[: len(framed) // 2],
        noise,
        b"\xff\xfe" + whole,
    ]
    return chance.choice([*bodies, b"[]", b"null", b'"text"', b"1", b"\x00", whole.decode().encode("utf-16")])
