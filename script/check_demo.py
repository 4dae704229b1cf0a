"""Uses a running site over HTTP as people do: a patient uploads a recording, a clinician reads the result."""

import http.cookiejar
import io
import json
import re
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
from processes import ROOT, DemoError, Site

sys.path.insert(0, str(ROOT))

from feedback.demo_story import LEAD, PASSWORD, PATIENT
from ml.poses.writers.exfb_json import write_exfb_json
from ml.sensors import SENSORS
from ml.simulate import Person, simulate_recording

T = TypeVar("T")
#: An analysis that takes longer than this is a fault, on a busy machine too.
_PATIENCE_SECONDS = 300
_CODES = ("squat.correct", "squat.knees_inward", "squat.knees_inward", "squat.knees_inward")


def check(site: Site) -> None:
    """Go the whole way of a recording and print how long each part took; raises `DemoError`."""
    patient = Browser(site.address)
    timed("signed in as the patient", lambda: patient.sign_in(PATIENT))
    file = simulated_recording()
    page = timed("uploaded a recording", lambda: patient.upload("/me/upload/", file))
    recording = page.rstrip("/").rsplit("/", 1)[-1]
    timed("analysed", lambda: wait_for_result(site, patient, recording))

    clinician = Browser(site.address)
    clinician.sign_in(LEAD)
    analysis = clinician.json(f"/api/v1/recordings/{recording}/")["analysis"]
    session = analysis["session"]
    html = timed("fetched the session page", lambda: clinician.get(f"/sessions/{session}/"))
    repetitions = [
        repetition
        for each in clinician.json(f"/api/v1/sessions/{session}/")["recordings"]
        for repetition in each["repetitions"]
    ]
    expect(len(repetitions) == len(_CODES), f"{len(_CODES)} repetitions, found {len(repetitions)}")
    for repetition in repetitions:
        expect(repetition["uuid"] in html, "the session page shows every repetition")
    address = f"/api/v1/repetitions/{repetitions[-1]['uuid']}/motion/"
    motion = timed("fetched the motion", lambda: clinician.json(address))
    expect(len(motion["performed"]) == motion["frames"] > 10, "a performed motion with its frames")
    for repetition in repetitions:
        print(
            f"  repetition {repetition['index']}: {repetition['finding']} ({repetition['probability']:.2f})"
        )


def simulated_recording() -> bytes:
    """Return a new recording of four squats as a phone sends it; never the same one twice."""
    rng = np.random.default_rng()
    person = Person.sample(int(rng.integers(70_000, 80_000)))
    sequence, _spans = simulate_recording(person, _CODES, rng, sensor=SENSORS[1])
    file = io.BytesIO()
    write_exfb_json(sequence, file)
    return file.getvalue()


def wait_for_result(site: Site, patient: "Browser", recording: str) -> None:
    end = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < end:
        site.tend()
        analysis = patient.json(f"/api/v1/recordings/{recording}/")["analysis"]
        if analysis["status"] == "done":
            return
        expect(analysis["status"] in ("queued", "running"), f"an analysis that ends well: {analysis}")
        time.sleep(0.2)
    raise DemoError(f"No result after {_PATIENCE_SECONDS} s. The logs of the worker:\n{site.tail('worker')}")


class Browser:
    """Pages, forms and cookies of one person, by the standard library alone."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.cookies = http.cookiejar.CookieJar()
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.cookies))

    def get(self, path: str) -> str:
        return self._open(urllib.request.Request(self.address + path))[1]

    def json(self, path: str) -> Any:
        return json.loads(self.get(path))

    def sign_in(self, email: str) -> None:
        fields = {"username": email, "password": PASSWORD, "csrfmiddlewaretoken": self._token("/sign-in/")}
        data = urllib.parse.urlencode(fields).encode()
        url, _ = self._open(urllib.request.Request(self.address + "/sign-in/", data))
        expect("/sign-in/" not in url, f"{email} can sign in")

    def upload(self, path: str, file: bytes) -> str:
        """Send the upload form with a file; return the path of the page that it leads to."""
        boundary = uuid.uuid4().hex
        fields = {
            "csrfmiddlewaretoken": self._token(path),
            "exercise": "squat",
            "pain": "2",
            "recorded_on": "",
        }
        body = io.BytesIO()
        for name, value in fields.items():
            head = f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'
            body.write(f"{head}{value}\r\n".encode())
        body.write(
            f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="squat.json"\r\n'
            "Content-Type: application/json\r\n\r\n".encode()
        )
        body.write(file + f"\r\n--{boundary}--\r\n".encode())
        headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
        url, _ = self._open(urllib.request.Request(self.address + path, body.getvalue(), headers))
        expect("/recordings/" in url, f"the upload leads to the page of its recording, not to {url}")
        return urllib.parse.urlsplit(url).path

    def _token(self, path: str) -> str:
        match = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', self.get(path))
        if match is None:
            raise DemoError(f"{path} has no form")
        return match[1]

    def _open(self, request: urllib.request.Request) -> tuple[str, str]:
        try:
            with self.opener.open(request, timeout=120) as response:
                return response.url, response.read().decode()
        except urllib.error.HTTPError as error:
            text = error.read().decode(errors="replace")
            raise DemoError(f"{request.full_url} answered {error.code}:\n{text[:2000]}") from error


def timed(name: str, action: Callable[[], T]) -> T:
    """Do it, and print how long it took."""
    started = time.monotonic()
    result = action()
    print(f"{name + ' in':<26} {time.monotonic() - started:6.1f} s", flush=True)
    return result


def expect(holds: bool, what: str) -> None:
    if not holds:
        raise DemoError(f"Expected {what}.")
