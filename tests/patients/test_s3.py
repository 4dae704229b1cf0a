"""Recordings in S3-compatible storage: the same services against a small server that speaks its protocol."""

import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace

import pytest

from patients.models import Recording
from patients.services import receive_recording
from tests.environment import exfb_settings
from tests.motions import pose_upload


class _Bucket(BaseHTTPRequestHandler):
    """PUT, GET, HEAD and DELETE of objects; keeps each with the access that was asked for it."""

    def do_PUT(self) -> None:
        if self.headers.get("Transfer-Encoding") == "chunked":
            body = self._chunks()
        else:
            body = self.rfile.read(int(self.headers["Content-Length"]))
        if "aws-chunked" in self.headers.get("Content-Encoding", ""):
            body = _unwrapped(body)
        self.server.objects[self._key()] = body  # type: ignore[attr-defined]
        self.server.access[self._key()] = self.headers.get("x-amz-acl")  # type: ignore[attr-defined]
        self._answer(200)

    def do_GET(self) -> None:
        body = self.server.objects.get(self._key())  # type: ignore[attr-defined]
        self._answer(404 if body is None else 200, body or b"")

    do_HEAD = do_GET

    def do_DELETE(self) -> None:
        self.server.objects.pop(self._key(), None)  # type: ignore[attr-defined]
        self._answer(204)

    def _key(self) -> str:
        return self.path.partition("?")[0]

    def _chunks(self) -> bytes:
        body = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass
        return body

    def _answer(self, status: int, body: bytes = b"") -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("ETag", '"0"')
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *_arguments: object) -> None:
        pass


def _unwrapped(body: bytes) -> bytes:
    """Take the content out of S3's own chunks: size in hexadecimal, line break, bytes, line break."""
    content = b""
    while found := re.match(rb"([0-9a-f]+)(?:;[^\r]*)?\r\n", body):
        size = int(found[1], 16)
        content += body[found.end() : found.end() + size]
        body = body[found.end() + size + 2 :]
    return content


@pytest.fixture
def bucket() -> Iterator[ThreadingHTTPServer]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Bucket)
    server.objects, server.access = {}, {}  # type: ignore[attr-defined]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def in_bucket(bucket: ThreadingHTTPServer, settings: SimpleNamespace) -> ThreadingHTTPServer:
    found = exfb_settings(
        S3_BUCKET="recordings",
        S3_ENDPOINT_URL=f"http://127.0.0.1:{bucket.server_port}",
        S3_REGION="eu-central-1",
        S3_ACCESS_KEY="key",
        S3_SECRET_KEY="secret",
    )
    settings.STORAGES = settings.STORAGES | {"default": found["STORAGES"]["default"]}
    return bucket


@pytest.mark.django_db
def test_a_recording_is_kept_privately_and_read_back_as_it_came(people, in_bucket) -> None:
    upload = pose_upload()
    sent = upload.read()
    upload.seek(0)
    recording, created = receive_recording(
        patient=people.patient, user=people.lead, file=upload, name=upload.name
    )
    assert created
    (path,) = in_bucket.objects
    assert in_bucket.objects[path] == sent
    assert in_bucket.access[path] == "private"
    assert people.patient.name not in path
    assert upload.name not in path
    with Recording.objects.get(pk=recording.pk).file.open("rb") as kept:
        assert kept.read() == sent


@pytest.mark.django_db
def test_no_file_stays_behind_without_its_row(people, in_bucket, monkeypatch) -> None:
    def broken(*_arguments: object, **_named: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(Recording, "save", broken)
    with pytest.raises(RuntimeError):
        receive_recording(patient=people.patient, user=people.lead, file=pose_upload(), name="squat.json")
    assert in_bucket.objects == {}
