"""What is in a ZIP: tables that agree with the rows, motions that are read again, and what they mean."""

import io

import numpy as np
import pytest

from feedback.exports.answers import repetition_export, session_export
from feedback.exports.content import Choice
from feedback.exports.words import EXPORT_CONVENTIONS, EXPORT_FORMATS
from feedback.motions import unpack_motion
from ml.angles import ANGLES, joint_angles
from ml.poses.formats import read
from ml.poses.writers import WRITERS
from ml.poses.writers.conventions import CONVENTIONS
from ml.skeletons import EC3D_19
from patients.models import AccessLogEntry
from tests import factories as make
from tests.feedback.exports.zips import opened, table
from tests.site.pages import analysed

ALL = Choice(tuple(WRITERS), "opensim")


@pytest.fixture
def session(people):
    return analysed(
        people.patient, ["squat.knees_inward", "squat.correct", "?squat.front_bent"], corrected=True
    )


def repetitions(session):
    return session.analyses.get().repetitions.order_by("index")


def test_a_session_has_its_tables_motions_and_their_description(people, session):
    archive = opened(session_export(people.lead, session.uuid, ALL))
    folder = f"{session.day}/recording-1/"
    kinds = {writer.extension for writer in WRITERS.values()}
    expected = {"README.txt", "findings.csv"}
    for stem, motions in (
        ("01-squat", ["performed", "corrected"]), ("02-squat", ["performed"]), ("03-squat", ["performed"])
    ):  # fmt: skip
        # The table of angles and the motion as CSV have names of their own.
        expected |= {f"{folder}{stem}-angles.csv"}
        expected |= {f"{folder}{stem}-{motion}.{kind}" for motion in motions for kind in kinds}
    assert set(archive.namelist()) == expected


@pytest.mark.parametrize("format", WRITERS)
def test_the_motion_is_the_stored_one(people, session, format):
    repetition = repetitions(session)[0]
    archive = opened(repetition_export(people.lead, repetition.uuid, Choice((format,))))
    for name, kept in (("performed", repetition.motion), ("corrected", repetition.correction.motion)):
        place = f"{session.day}/recording-1/01-squat-{name}.{WRITERS[format].extension}"
        again = read(io.BytesIO(archive.read(place)))
        np.testing.assert_allclose(again.positions, unpack_motion(kept), atol=0.0001)
        assert again.frame_rate == pytest.approx(repetition.frame_rate)


def test_the_findings_are_those_of_the_rows(people, session):
    rows = table(opened(session_export(people.lead, session.uuid, Choice())), "findings.csv")
    for row, repetition in zip(rows, repetitions(session), strict=True):
        assert row["finding"] == repetition.finding
        assert float(row["probability"]) == repetition.probability
        assert (int(row["start_frame"]), int(row["end_frame"])) == (
            repetition.start_frame,
            repetition.end_frame,
        )
        assert row["recording"] == str(repetition.analysis.recording.uuid)
    assert [row["label"] for row in rows] == ["squat.knees_inward", "squat.correct", ""]
    assert [row["abstained"] for row in rows] == ["0", "0", "1"]
    assert [row["correction_verified"] for row in rows] == ["1", "", ""]


def test_the_angles_are_those_of_the_published_table(people, session):
    repetition = repetitions(session)[0]
    archive = opened(repetition_export(people.lead, repetition.uuid, Choice()))
    rows = table(archive, f"{session.day}/recording-1/01-squat-angles.csv")
    assert len(rows) == 90
    for motion, kept in (("performed", repetition.motion), ("corrected", repetition.correction.motion)):
        curves = joint_angles(unpack_motion(kept))
        for angle in ANGLES:
            column = [float(row[f"{motion} {angle.name} (deg)"]) for row in rows]
            np.testing.assert_allclose(column, curves[angle.name], atol=0.006)
    assert float(rows[30]["time (s)"]) == 1.0


def test_the_description_states_units_axes_joints_and_angles(people, session):
    text = opened(session_export(people.lead, session.uuid, ALL)).read("README.txt").decode()
    assert "Unit          mm" in text
    assert "x forward, y up, z right" in text
    for i, joint in enumerate(EC3D_19.joints):
        assert f"{i} {joint}\n" in text
    for angle in ANGLES:
        assert all(words in text for words in angle)
    assert "no medical device" in text
    assert "{" not in text


def test_a_correction_that_is_not_verified_says_so_in_its_name_and_is_not_for_the_patient(people, session):
    repetition = repetitions(session)[0]
    type(repetition.correction).objects.update(verified=False)
    by_lead = opened(repetition_export(people.lead, repetition.uuid, Choice(("bvh",))))
    assert any(name.endswith("01-squat-corrected-not-verified.bvh") for name in by_lead.namelist())
    by_patient = opened(repetition_export(people.patient_user, repetition.uuid, Choice(("bvh",))))
    assert not any("corrected" in name for name in by_patient.namelist())


def test_a_patient_gets_no_probability_and_nothing_that_the_model_did_not_dare_to_say(people, session):
    rows = table(opened(session_export(people.patient_user, session.uuid, Choice())), "findings.csv")
    assert {row["probability"] for row in rows} == {""}
    assert rows[2]["finding"] == ""


def test_taking_out_is_logged_as_exported(people, session):
    repetition_export(people.reader, repetitions(session)[0].uuid, Choice())
    session_export(people.reader, session.uuid, Choice())
    entries = AccessLogEntry.objects.filter(user=people.reader, action="export").order_by("pk")
    assert [entry.subject for entry in entries] == ["repetition", "session"]


def test_no_name_of_a_file_tells_whose_it_is(people, session):
    response = session_export(people.lead, session.uuid, ALL)
    assert str(session.uuid) in response["Content-Disposition"]
    archive = opened(response)
    for name in (*archive.namelist(), response["Content-Disposition"]):
        assert "pat" not in name.lower().replace("path", "")


def test_the_number_of_queries_does_not_grow_with_the_session(people, django_assert_max_num_queries):
    small = analysed(people.patient, ["squat.correct"], day=3)
    large = analysed(people.patient, ["squat.knees_inward"] * 8, day=2, corrected=True)
    for session in (small, large):
        with django_assert_max_num_queries(8):
            session_export(people.lead, session.uuid, Choice())


def test_every_format_and_convention_has_a_name_for_people():
    assert [name for name, _ in EXPORT_FORMATS] == list(WRITERS)
    assert [name for name, _ in EXPORT_CONVENTIONS] == list(CONVENTIONS)
    for name, words in (*EXPORT_FORMATS, *EXPORT_CONVENTIONS):
        assert str(words) != name
    for name, words in EXPORT_CONVENTIONS:
        x, y, z = CONVENTIONS[name].axes
        assert f"x {x}, y {y}, z {z}" in str(words)
        assert {"m": "metres", "mm": "millimetres"}[CONVENTIONS[name].unit] in str(words)


def test_recordings_of_a_day_have_folders_of_their_own(people):
    session = analysed(people.patient, ["squat.correct"])
    again = make.AnalysisFactory(
        recording__patient=people.patient,
        recording__recorded_at=make.days_ago(1),
        session=session,
        status="done",
    )
    make.RepetitionFactory(analysis=again)
    rows = table(opened(session_export(people.lead, session.uuid, Choice())), "findings.csv")
    assert [row["folder"] for row in rows] == [f"{session.day}/recording-{n}/" for n in (1, 2)]
