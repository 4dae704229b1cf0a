"""Every page of the admin opens for a superuser, and what only services write cannot be changed there."""

import pytest
from django.contrib import admin
from django.urls import reverse

from tests.factories import CorrectionFactory, UserFactory, VerdictFactory, WorkerFactory

_MODELS = sorted(
    (model for model in admin.site._registry if model._meta.app_label in ("patients", "feedback")),
    key=lambda model: model._meta.label,
)
_READ_ONLY = (
    "AccessLogEntry",
    "Analysis",
    "ApiKey",
    "ErasureReceipt",
    "LegalHold",
    "ModelRelease",
    "Recording",
    "Repetition",
    "Report",
    "Verdict",
)


@pytest.fixture
def superuser_client(client, people):
    client.force_login(UserFactory(is_staff=True, is_superuser=True))
    return client


@pytest.mark.parametrize("model", _MODELS, ids=lambda model: model.__name__)
def test_every_list_and_every_row_opens(superuser_client, model):
    CorrectionFactory()
    VerdictFactory()
    WorkerFactory()
    name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
    assert superuser_client.get(reverse(f"{name}_changelist")).status_code == 200
    row = model.objects.first()
    if row is not None:
        assert superuser_client.get(reverse(f"{name}_change", args=[row.pk])).status_code == 200


@pytest.mark.parametrize("model", _MODELS, ids=lambda model: model.__name__)
def test_what_only_services_write_cannot_be_added(superuser_client, model):
    add = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_add")
    expected = 403 if model.__name__ in (*_READ_ONLY, "ExerciseSession", "Worker") else 200
    assert superuser_client.get(add).status_code == expected


def test_a_key_in_the_admin_shows_no_hash(superuser_client, people):
    from patients.keys import create_api_key

    key, _ = create_api_key(user=people.lead, name="key")
    page = superuser_client.get(reverse("admin:patients_apikey_change", args=[key.pk]))
    assert key.key_sha256 not in page.content.decode()
