"""The band of a patient's correct repetitions: which ones make it, its numbers, and what lies outside."""

import gzip
import json

import numpy as np
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from feedback.bands import FEWEST, MOST, POINTS, band_basis, band_json
from feedback.motions import pack_motion, unpack_motion
from ml.angles import joint_angles
from ml.simulate import Person, simulate_repetition
from patients.models import AccessLogEntry
from tests import factories as make
from tests.motions import squats


def correct_ones(patient, number, *, finding="squat.correct", day=1, **fields):
    """One analysed recording with that many repetitions, each a little deeper than the last."""
    recording = make.RecordingFactory(patient=patient, recorded_at=make.days_ago(day))
    analysis = make.AnalysisFactory(recording=recording, status="done")
    return [
        make.RepetitionFactory(
            analysis=analysis,
            finding=finding,
            motion=pack_motion(squats(1, depth=0.30 + 0.02 * (i % 5), seconds=2 + 0.2 * (i % 3)).positions),
            **fields,
        )
        for i in range(number)
    ]


@pytest.fixture
def shallow(people):
    """A repetition that sinks by 10 cm only."""
    return make.RepetitionFactory(
        analysis__recording__patient=people.patient, motion=pack_motion(squats(1, depth=0.1).positions)
    )


def band_of(client, repetition, **headers):
    return client.get(f"/api/v1/repetitions/{repetition.uuid}/band/", **headers)


def test_the_band_is_mean_and_two_deviations_over_normalised_time(people, as_user, shallow):
    others = correct_ones(people.patient, 5)
    body = band_of(as_user(people.lead), shallow).json()
    curves = []
    for one in others:
        curve = joint_angles(unpack_motion(one.motion))["left_knee_flexion"]
        curves.append(np.interp(np.linspace(0, 1, POINTS), np.linspace(0, 1, len(curve)), curve))
    band = body["angles"]["left_knee_flexion"]
    assert np.allclose(band["low"], np.mean(curves, 0) - 2 * np.std(curves, 0, ddof=1), atol=0.051)
    assert np.allclose(band["high"], np.mean(curves, 0) + 2 * np.std(curves, 0, ddof=1), atol=0.051)
    assert (body["repetitions"], body["reviewed"]) == (5, 0)


def test_it_says_where_the_repetition_lies_outside(people, as_user, shallow):
    correct_ones(people.patient, 5)
    angles = band_of(as_user(people.lead), shallow).json()["angles"]
    ((start, end),) = angles["left_knee_flexion"]["outside"]
    assert start < 45 < end  # at the bottom it is not deep enough
    assert angles["left_knee_flexion"]["sentence"].startswith(
        f"Left knee bend: outside the band of 5 correct repetitions for {(end - start) / 30:.1f} s, by up to"
    )
    straight = angles["left_knee_valgus"]
    assert straight["outside"] or "never outside" in straight["sentence"]


def test_lunges_that_the_other_leg_leads_are_mirrored(people):
    rng = np.random.default_rng(3)
    lunges = [simulate_repetition(Person.sample(7), "lunge.correct", rng).performed for _ in range(5)]
    lunges = [one if leads_left(one) else one.mirrored() for one in lunges]

    def band(patient, motions):
        rows = [
            make.RepetitionFactory(
                analysis__recording__patient=patient,
                exercise="lunge",
                finding="lunge.correct",
                motion=pack_motion(one.positions),
            )
            for one in motions
        ]
        return band_json(rows[0], band_basis(rows[0]))["angles"]

    others = [one.mirrored() if i % 2 else one for i, one in enumerate(lunges)]
    alike, mixed = band(people.patient, lunges), band(people.other_patient, others)
    for name, angle in alike.items():
        np.testing.assert_allclose(mixed[name]["low"], angle["low"], atol=0.3)
        np.testing.assert_allclose(mixed[name]["high"], angle["high"], atol=0.3)


def leads_left(lunge):
    angles = joint_angles(lunge.positions)
    return np.nanmean(angles["left_hip_flexion"] - angles["right_hip_flexion"]) > 0


def test_one_of_the_band_itself_lies_inside(people, as_user):
    others = correct_ones(people.patient, 10)
    body = band_of(as_user(people.lead), others[2]).json()
    assert body["repetitions"] == 9  # never compared with itself
    assert body["angles"]["left_knee_flexion"]["outside"] == []
    assert body["angles"]["left_knee_flexion"]["sentence"] == (
        "Left knee bend: never outside the band of 9 correct repetitions."
    )


def test_reviewed_ones_come_first_where_there_are_enough(people, as_user, shallow):
    others = correct_ones(people.patient, 6)
    for one in others[:2]:
        make.VerdictFactory(repetition=one, clinician=people.lead)
    body = band_of(as_user(people.lead), shallow).json()
    assert (body["repetitions"], body["reviewed"]) == (6, 2)
    assert body["basis"] == "6 repetitions found correct, 2 reviewed"
    make.VerdictFactory(
        repetition=correct_ones(people.patient, 1, finding="squat.front_bent")[0],
        decision="overridden",
        label="squat.correct",
    )
    body = band_of(as_user(people.lead), shallow).json()
    assert (body["repetitions"], body["reviewed"]) == (3, 3)
    assert body["basis"] == "3 reviewed correct repetitions"


def test_what_is_not_surely_correct_does_not_count(people, as_user, shallow):
    correct_ones(people.patient, 4, abstained=True)
    correct_ones(people.patient, 4, finding="squat.knees_inward")
    correct_ones(people.patient, 4, finding="lunge.correct", exercise="lunge")
    correct_ones(people.other_patient, 4)
    for one in correct_ones(people.patient, 4):
        make.VerdictFactory(repetition=one, decision="overridden", label="squat.front_bent")
    for one in correct_ones(people.patient, 4):
        make.VerdictFactory(repetition=one, decision="not_a_repetition", label="")
    body = band_of(as_user(people.lead), shallow).json()
    assert (body["repetitions"], body["angles"], body["basis"]) == (0, None, "")


def test_too_few_make_no_band_and_only_the_newest_count(people, as_user, shallow):
    correct_ones(people.patient, FEWEST - 1)
    assert band_of(as_user(people.lead), shallow).json()["angles"] is None
    correct_ones(people.patient, MOST + 3)
    assert band_of(as_user(people.lead), shallow).json()["repetitions"] == MOST


def test_an_angle_that_is_not_defined_has_no_band(people, as_user, shallow):
    for one in correct_ones(people.patient, 3):
        one.motion = pack_motion(np.zeros((60, 19, 3)))
        one.save()
    angles = band_of(as_user(people.lead), shallow).json()["angles"]
    assert angles["left_knee_flexion"] is None


def test_unchanged_is_not_sent_again_until_a_verdict_changes_the_band(people, as_user, shallow):
    others = correct_ones(people.patient, 4)
    client = as_user(people.lead)
    etag = band_of(client, shallow)["ETag"]
    assert band_of(client, shallow, HTTP_IF_NONE_MATCH=etag).status_code == 304
    make.VerdictFactory(repetition=others[0], decision="overridden", label="squat.front_bent")
    again = band_of(client, shallow, HTTP_IF_NONE_MATCH=etag)
    assert (again.status_code, again.json()["repetitions"]) == (200, 3)


def test_it_is_compressed_and_logged(people, as_user, shallow):
    correct_ones(people.patient, 4)
    client = as_user(people.reader)
    packed = band_of(client, shallow, HTTP_ACCEPT_ENCODING="gzip")
    assert packed["Content-Encoding"] == "gzip"
    assert json.loads(gzip.decompress(packed.content)) == band_of(client, shallow).json()
    assert AccessLogEntry.objects.filter(subject="band", subject_uuid=shallow.uuid).count() == 2


def test_as_many_queries_for_many_as_for_few(people, as_user, shallow):
    client = as_user(people.lead)
    counts = []
    for day in (1, 2, 3):
        correct_ones(people.patient, 8, day=day)
        with CaptureQueriesContext(connection) as queries:
            band_of(client, shallow)
        counts.append(len(queries))
    assert len(set(counts)) == 1
    assert counts[0] <= 11
