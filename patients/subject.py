"""Which rows and files belong to a patient, in whatever app they are: found by the ways of the foreign keys.

A model that a developer adds tomorrow is exported, erased and looked for again without a line here.
"""

from collections.abc import Iterator
from functools import lru_cache, reduce
from operator import or_
from uuid import UUID

from django.apps import apps
from django.core.files.storage import Storage
from django.db.models import FileField, ForeignKey, Model, Q, QuerySet

from patients.models import Patient


@lru_cache(maxsize=1)
def paths_to_patient() -> dict[type[Model], tuple[str, ...]]:
    """Return each model that leads to a patient, with the lookups that do; the patient's own is `pk`."""
    found: dict[type[Model], set[str]] = {Patient: {"pk"}}
    grown = True
    while grown:
        grown = False
        for model in apps.get_models():
            for field in model._meta.concrete_fields:
                if model is Patient or not isinstance(field, ForeignKey):
                    continue
                ways = found.get(field.related_model, ())
                new = {field.name if way == "pk" else f"{field.name}__{way}" for way in ways}
                if not new <= found.get(model, set()):
                    found.setdefault(model, set()).update(new)
                    grown = True
    return {model: tuple(sorted(ways)) for model, ways in found.items()}


def rows_of(patient: Patient) -> dict[type[Model], QuerySet]:
    """Return, by model, a query of all rows that belong to a patient; the patient comes first."""
    return {
        model: model._base_manager.filter(reduce(or_, (Q(**{way: patient.pk}) for way in ways)))
        for model, ways in paths_to_patient().items()
    }


def patient_of(uuid: UUID) -> Patient | None:
    """Return whose it is that has an id: of the patient, or of anything that leads to one.

    It costs the same number of queries for every id.
    """
    found = {0}  # no patient's, so that the last query is made for nothing too
    for model, ways in paths_to_patient().items():
        if any(field.name == "uuid" for field in model._meta.concrete_fields):
            found.update(*model._base_manager.filter(uuid=uuid).values_list(*ways))
    return Patient.objects.filter(pk__in=found - {None}).first()


def counts_of(patient: Patient) -> list[tuple[str, int]]:
    """Return how many rows belong to a patient, by what they are called; kinds with none are left out."""
    counted = [
        (str(model._meta.verbose_name_plural), rows.count()) for model, rows in rows_of(patient).items()
    ]
    return [(name, number) for name, number in counted if number]


def file_fields(model: type[Model]) -> list[FileField]:
    """Return the fields of a model that name files."""
    return [field for field in model._meta.concrete_fields if isinstance(field, FileField)]


def files_of(patient: Patient) -> Iterator[tuple[Model, Storage, str]]:
    """Yield each file of a patient: its row, where it is kept, and its name there."""
    for model, rows in rows_of(patient).items():
        for field in file_fields(model):
            for row in rows.exclude(**{field.name: ""}):
                yield row, field.storage, str(getattr(row, field.name))
