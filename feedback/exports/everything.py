"""All that is kept about a patient: every row for programs, the original files, and a page to read."""

import json
from collections.abc import Iterator
from typing import Any
from zipfile import ZipFile

from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import BinaryField, Field, FileField, ForeignKey, Model
from django.template.loader import render_to_string
from django.utils import timezone

from feedback.access_words import lines_of
from feedback.exports.content import of_current_analyses
from feedback.models import Analysis, Report
from feedback.selectors import judged_repetitions
from feedback.shown import ShownRepetition, shown_repetition
from patients.models import AccessLogEntry, Patient, Recording, User
from patients.permissions import Access
from patients.selectors import access_log_of, names_told
from patients.subject import files_of, rows_of

#: What patients who take out their own data get whole. Of repetitions they get what they are shown
#: (`findings.csv` and the motions); notes and verdicts are the clinicians', who give them out themselves.
OWN = (
    "patients.patient",
    "patients.careassignment",
    "patients.prescription",
    "patients.recording",
    "patients.accesslogentry",
    "feedback.exercisesession",
    "feedback.analysis",
    "feedback.export",
)
_ACCOUNT = ("email", "first_name", "last_name", "date_joined", "last_login")


def write_everything(archive: ZipFile, patient: Patient, access: Access) -> None:
    """Write `data.json`, the original files and `index.html` into the ZIP that holds the motions."""
    archive.writestr("data.json", json.dumps(_data(patient, access), cls=DjangoJSONEncoder, indent=1))
    for row, storage, name in files_of(patient):
        if place := _place(row, access):
            with storage.open(name) as original, archive.open(place, "w") as copy:
                for chunk in original.chunks():
                    copy.write(chunk)
    archive.writestr("index.html", render_to_string("exports/everything.html", _page(patient, access)))


def _place(row: Model, access: Access) -> str | None:
    """Where the file of a row is in the ZIP; None for exports, and for what this person does not get."""
    if isinstance(row, Recording):
        return f"originals/{row.uuid}.{row.format}"
    if isinstance(row, Report) and not access.is_own:
        return f"reports/{row.uuid}.pdf"
    return None


def _data(patient: Patient, access: Access) -> dict[str, Any]:
    names = names_told(patient)
    rows = {
        label: [_plain(row, access, names) for row in query.select_related(*_named(model)).iterator()]
        for model, query in rows_of(patient).items()
        for label in [model._meta.label_lower]
        if not access.is_own or label in OWN
    }
    account = {name: getattr(patient.user, name) for name in _ACCOUNT} if patient.user else None
    return {
        "format": "exfb.patient",
        "version": 1,
        "made_at": timezone.now(),
        "account": account,
        "rows": rows,
    }


def _named(model: type[Model]) -> list[str]:
    """The foreign keys of a model, so that each row does not ask for whom they name."""
    return [field.name for field in model._meta.concrete_fields if isinstance(field, ForeignKey)]


def _plain(row: Model, access: Access, names: dict[int, str]) -> dict[str, Any]:
    """A row by field: people by name, other rows by their id, files by their place in the ZIP.

    The access log also names people from elsewhere, who may be patients: they stay nameless.

    Motions are left out: they are files of their own.
    """
    plain = {
        field.name: _value(row, field, access)
        for field in row._meta.concrete_fields
        if not isinstance(field, BinaryField)
    }
    if isinstance(row, AccessLogEntry):
        plain["user"] = names.get(row.user_id)
    return plain


def _value(row: Model, field: Field, access: Access) -> Any:
    if isinstance(field, FileField):
        return _place(row, access)
    value = getattr(row, field.name)
    if isinstance(field, ForeignKey) and value is not None:
        return str(value) if isinstance(value, User) else getattr(value, "uuid", value.pk)
    return value


def _page(patient: Patient, access: Access) -> dict[str, Any]:
    return {
        "patient": patient,
        "access": access,
        "made_at": timezone.now(),
        "team": patient.care_assignments.select_related("membership__user"),
        "prescriptions": patient.prescriptions.select_related("prescribed_by"),
        "recordings": [(one, _place(one, access)) for one in patient.recordings.order_by("recorded_at")],
        "repetitions": list(_repetitions(patient, access)),
        "log": lines_of(patient, access_log_of(patient)),
    }


def _repetitions(patient: Patient, access: Access) -> Iterator[tuple[Analysis, ShownRepetition]]:
    shown = judged_repetitions().filter(of_current_analyses(), analysis__recording__patient=patient)
    for repetition in shown.select_related("correction", "baseline_mark", "analysis__session").order_by(
        "analysis__session__day", "analysis__recording__recorded_at", "index"
    ):
        yield repetition.analysis, shown_repetition(repetition, access)
