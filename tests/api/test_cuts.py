"""Where repetitions are, through the API: read, changed, and refused where others changed them meanwhile."""

import uuid

import pytest

from feedback.models import Analysis
from tests import factories as make

FIRST, SECOND = ({"start_frame": a, "end_frame": b, "exercise": "squat"} for a, b in ((0, 30), (30, 60)))


@pytest.fixture
def analysis(people):
    found = make.AnalysisFactory(recording__patient=people.patient, status=Analysis.Status.DONE)
    for number, cut in enumerate((FIRST, SECOND), start=1):
        make.RepetitionFactory(analysis=found, index=number, **cut)
    return found


def test_cuts_are_read_and_changed(people, as_user, analysis):
    client, url = as_user(people.lead), f"/api/v1/analyses/{analysis.uuid}/cuts/"
    told = client.get(url).json()
    assert told["cuts"] == [FIRST, SECOND]
    assert told["exercises"] == ["squat", "lunge", "plank"]
    assert told["repetitions"] == [str(one.uuid) for one in analysis.repetitions.all()]
    form = {"seen": [str(uuid.uuid4())], "cuts": told["cuts"][:1]}
    refused = client.put(url, form, format="json")
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (409, "cut_meanwhile")
    form["seen"] = told["repetitions"]
    overlapping = client.put(url, {**form, "cuts": [FIRST, FIRST]}, format="json")
    assert (overlapping.status_code, overlapping.json()["errors"][0]["code"]) == (400, "cuts_overlap")
    accepted = client.put(url, form, format="json")
    assert accepted.status_code == 202
    assert accepted.json()["cuts"] == [FIRST]
    verdicts = f"/api/v1/repetitions/{told['repetitions'][1]}/verdicts/"
    late = client.post(verdicts, {"decision": "confirmed"}, format="json")
    assert (late.status_code, late.json()["errors"][0]["code"]) == (409, "cut_anew")
