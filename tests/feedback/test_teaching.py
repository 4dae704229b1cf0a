"""What clinicians said, as labelled recordings: complete, without who it is, and read by the adaptation."""

import csv

import pytest
from django.core.management import CommandError, call_command

from feedback.teaching import ExportError, clinic_of, export_verdicts, person_code
from ml.datasets import load
from tests.factories import (
    AnalysisFactory,
    ModelReleaseFactory,
    RecordingFactory,
    RepetitionFactory,
    VerdictFactory,
)


def reviewed(patient, *labels, release=None, recording=None, **verdict):
    """A recording whose repetitions were judged so; None of one that was not."""
    recording = recording or RecordingFactory(patient=patient)
    values = {"release": release} if release else {}
    analysis = AnalysisFactory(recording=recording, status="done", **values)
    for label in labels:
        repetition = RepetitionFactory(analysis=analysis)
        if label:
            VerdictFactory(repetition=repetition, label=label, **verdict)
    return recording


def rows_of(folder):
    with (folder / "labels.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_reviewed_repetitions_are_labelled_recordings(people, tmp_path):
    reviewed(people.patient, "squat.front_bent", "squat.correct")
    reviewed(people.other_patient, "squat.knees_inward")
    done = export_verdicts(clinic=people.clinic, out=tmp_path / "out")
    assert done == (2, 1, 1, 0)
    read = load(f"recordings:{tmp_path / 'out'}")
    assert [r.label for r in read] == ["squat.front_bent", "squat.correct"]
    assert [len(r.sequence) for r in read] == [90, 90]
    assert {r.person for r in read} == {person_code(people.patient)}


def test_nothing_tells_who_it_is(people, tmp_path):
    recording = reviewed(people.patient, "squat.front_bent", note="Mrs Miller")
    export_verdicts(clinic=people.clinic, out=tmp_path / "out")
    written = b"".join(path.name.encode() + path.read_bytes() for path in (tmp_path / "out").iterdir())
    for secret in (people.patient.name, str(people.patient.uuid), str(recording.uuid), "Miller"):
        assert secret.encode() not in written
    assert person_code(people.patient) == person_code(people.patient) != person_code(people.other_patient)


def test_only_standing_verdicts_that_name_a_class_count(people, tmp_path):
    recording = reviewed(people.patient, "squat.front_bent", "squat.correct", "squat.correct", None)
    first, second, third, _ = recording.analyses.get().repetitions.all()
    VerdictFactory(repetition=first, decision="undone", label="")
    VerdictFactory(repetition=second, decision="not_a_repetition", label="")
    VerdictFactory(repetition=third, decision="overridden", label="squat.front_bent")
    assert export_verdicts(clinic=people.clinic, out=tmp_path / "out").repetitions == 1
    assert [row["label"] for row in rows_of(tmp_path / "out")] == ["squat.front_bent"]


def test_a_recording_that_was_analysed_twice_is_told_once(people, tmp_path):
    recording = reviewed(people.patient, "squat.front_bent")
    other = ModelReleaseFactory(name="other", is_active=False)
    reviewed(people.patient, "squat.correct", release=other, recording=recording)
    assert [
        row["label"]
        for _ in [export_verdicts(clinic=people.clinic, out=tmp_path / "out")]
        for row in rows_of(tmp_path / "out")
    ] == ["squat.correct"]


def test_two_mistakes_at_once_are_one_label(people, tmp_path):
    reviewed(people.patient, "squat.front_bent", second_label="squat.knees_inward")
    export_verdicts(clinic=people.clinic, out=tmp_path / "out")
    (read,) = load(f"recordings:{tmp_path / 'out'}")
    assert read.labels == ("squat.front_bent", "squat.knees_inward")


def test_a_recording_that_cannot_be_read_is_left_out_and_said(people, tmp_path, capsys):
    reviewed(people.patient, "squat.front_bent")
    lost = reviewed(people.patient, "squat.correct")
    lost.file.storage.delete(lost.file.name)
    call_command("export_verdicts", clinic=people.clinic.name, out=tmp_path / "out")
    said = capsys.readouterr().out
    assert "1 repetitions of 1 recordings of 1 people" in said
    assert "1 recordings could not be read" in said


def test_what_cannot_be_exported_is_named_and_leaves_nothing(people, tmp_path):
    with pytest.raises(CommandError, match="No repetition"):
        call_command("export_verdicts", clinic=str(people.clinic.uuid), out=tmp_path / "out")
    with pytest.raises(ExportError, match=people.clinic.name):
        clinic_of("nowhere")
    reviewed(people.patient, "squat.front_bent")
    (tmp_path / "there").mkdir()
    with pytest.raises(ExportError, match="already a folder"):
        export_verdicts(clinic=people.clinic, out=tmp_path / "there")
    with pytest.raises(RuntimeError):
        export_verdicts(clinic=people.clinic, out=tmp_path / "out", progress=_stopped)
    assert [path.name for path in tmp_path.iterdir() if path.name != "recordings"] == ["there"]


def _stopped(recordings):
    raise RuntimeError("stopped")
