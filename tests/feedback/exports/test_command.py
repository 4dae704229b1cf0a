"""`manage.py export`: a repetition, a session or a patient, by the account that is named."""

from zipfile import ZipFile

import pytest
from django.core.management import CommandError, call_command

from patients.models import AccessLogEntry
from tests.site.pages import analysed


@pytest.fixture
def session(people):
    return analysed(people.patient, ["squat.knees_inward", "squat.correct"], corrected=True)


@pytest.mark.parametrize(("kind", "motions"), [("repetition", 2), ("session", 3), ("patient", 3)])
def test_it_writes_what_is_named(people, session, tmp_path, kind, motions, capsys):
    named = {
        "patient": people.patient,
        "session": session,
        "repetition": session.analyses.get().repetitions.order_by("index")[0],
    }
    out = tmp_path / "out.zip"
    call_command(
        "export", str(named[kind].uuid), "--as", "lead@example.org", "--format", "c3d", "--out", str(out)
    )
    with ZipFile(out) as archive:
        assert len([name for name in archive.namelist() if name.endswith(".c3d")]) == motions
    entry = AccessLogEntry.objects.get(action="export")
    assert (entry.user, entry.subject, entry.subject_uuid) == (people.lead, kind, named[kind].uuid)
    assert str(out) in capsys.readouterr().out


@pytest.mark.parametrize(
    ("email", "more", "says"),
    [
        ("stranger@example.org", [], "may not read"),
        ("nobody@example.org", [], "no such account"),
        ("colleague@example.org", ["--everything"], "everything"),
    ],
)
def test_it_opens_nothing_that_the_account_may_not_read(people, session, tmp_path, email, more, says):
    out = tmp_path / "out.zip"
    with pytest.raises(CommandError, match=says):
        call_command("export", str(people.patient.uuid), "--as", email, "--out", str(out), *more)
    assert not out.exists()


def test_everything_has_the_original_files(people, session, tmp_path):
    out = tmp_path / "out.zip"
    call_command(
        "export", str(people.patient.uuid), "--as", "lead@example.org", "--everything", "--out", str(out)
    )
    with ZipFile(out) as archive:
        assert {"data.json", "index.html"} <= set(archive.namelist())
