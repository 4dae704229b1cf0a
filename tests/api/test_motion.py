"""The motion of a repetition: numbers, angles, compression, and what a patient is not shown."""

import gzip
import json

import numpy as np
import pytest

from feedback.motions import pack_motion, unpack_motion
from ml.angles import ANGLES, joint_angles
from ml.skeletons import EC3D_19
from tests import factories as make
from tests.motions import squats


@pytest.fixture
def correction(people):
    return make.CorrectionFactory(repetition__analysis__recording__patient=people.patient)


def url_of(correction):
    return f"/api/v1/repetitions/{correction.repetition.uuid}/motion/"


def test_motion_is_whole_millimetres_of_both_bodies(people, as_user, correction):
    body = as_user(people.lead).get(url_of(correction)).json()
    performed, corrected = np.array(body["performed"]), np.array(body["corrected"])
    assert performed.shape == corrected.shape == (body["frames"], 57) == (90, 57)
    assert np.abs(performed.reshape(90, 19, 3) / 1000 - squats(1).positions).max() <= 0.00051
    assert np.array_equal(corrected.reshape(90, 19, 3) / 1000, unpack_motion(correction.motion))
    assert body["joints"] == list(EC3D_19.joints)
    assert body["joints_at_fault"] == ["left_knee", "right_knee"]
    assert (body["unit"], body["axes"]) == ("mm", "x right, y forward, z up")
    assert (body["frame_rate"], body["verified"]) == (30.0, True)


def test_angles_are_those_of_the_published_table_in_degrees(people, as_user, correction):
    angles = as_user(people.lead).get(url_of(correction)).json()["angles"]
    expected = joint_angles(unpack_motion(correction.repetition.motion))
    assert list(angles["performed"]) == [angle.name for angle in ANGLES] == list(angles["corrected"])
    for name, values in expected.items():
        assert np.abs(np.array(angles["performed"][name]) - values).max() <= 0.0501


def test_an_angle_that_is_not_defined_is_null(people, as_user, correction):
    collapsed = squats(1).positions.copy()
    collapsed[:, EC3D_19.index("left_knee")] = collapsed[:, EC3D_19.index("left_hip")]
    correction.repetition.motion = pack_motion(collapsed)
    correction.repetition.save()
    angles = as_user(people.lead).get(url_of(correction)).json()["angles"]
    assert angles["performed"]["left_knee_flexion"] == [None] * 90


def test_the_worst_moment_is_told(people, as_user, correction):
    client = as_user(people.lead)
    worst = client.get(url_of(correction)).json()["worst"]
    assert worst["frame"] == pytest.approx(45, abs=10)  # the correction sinks deeper
    assert worst["sentence"].endswith("less bent than corrected.")
    correction.verified = False
    correction.save()
    own = as_user(people.patient_user).get(url_of(correction)).json()["worst"]
    assert (own["angle"], own["sentence"]) == (None, "")


def test_a_repetition_without_a_correction_has_none(people, as_user):
    repetition = make.RepetitionFactory(analysis__recording__patient=people.patient)
    body = as_user(people.lead).get(f"/api/v1/repetitions/{repetition.uuid}/motion/").json()
    assert (body["corrected"], body["verified"], body["angles"]["corrected"]) == (None, None, None)
    assert body["joints_at_fault"] == []


def test_a_patient_gets_no_unverified_correction(people, as_user, correction):
    correction.verified = False
    correction.save()
    assert as_user(people.patient_user).get(url_of(correction)).json()["corrected"] is None
    seen = as_user(people.lead).get(url_of(correction)).json()
    assert seen["verified"] is False
    assert len(seen["corrected"]) == 90


def test_motion_is_compressed_for_who_accepts_it(people, as_user, correction):
    client = as_user(people.lead)
    plain = client.get(url_of(correction))
    packed = client.get(url_of(correction), HTTP_ACCEPT_ENCODING="gzip")
    assert "Content-Encoding" not in plain
    assert packed["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in packed["Vary"]
    assert json.loads(gzip.decompress(packed.content)) == plain.json()
    assert len(packed.content) < len(plain.content) / 3


def test_ten_seconds_of_a_trembling_sensor_are_under_100_kb(people, as_user, correction):
    noise = np.random.default_rng(0).normal(0, 0.005, (300, 19, 3))
    positions = squats(1, seconds=10).positions + noise
    repetition = correction.repetition
    repetition.motion, correction.motion = pack_motion(positions), pack_motion(positions + 0.05)
    repetition.save()
    correction.save()
    packed = as_user(people.lead).get(url_of(correction), HTTP_ACCEPT_ENCODING="gzip")
    assert len(json.loads(gzip.decompress(packed.content))["corrected"]) == 300
    assert len(packed.content) < 100_000


def test_unchanged_motion_is_not_sent_again(people, as_user, correction):
    client = as_user(people.lead)
    first = client.get(url_of(correction), HTTP_ACCEPT_ENCODING="gzip")
    again = client.get(url_of(correction), HTTP_IF_NONE_MATCH=first["ETag"])
    assert (again.status_code, again.content) == (304, b"")
    assert first["Cache-Control"] == again["Cache-Control"] == "no-store, private"


def test_a_correction_that_is_withdrawn_from_the_patient_is_not_unchanged(people, as_user, correction):
    client = as_user(people.patient_user)
    etag = client.get(url_of(correction))["ETag"]
    make.VerdictFactory(repetition=correction.repetition, decision="overridden", label="squat.correct")
    again = client.get(url_of(correction), HTTP_IF_NONE_MATCH=etag)
    assert again.status_code == 200
    assert again.json()["corrected"] is None
