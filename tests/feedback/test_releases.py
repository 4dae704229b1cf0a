"""Releases are checked before they are known, and exactly one is active."""

import contextlib
import hashlib
import json

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError

from feedback import releases
from feedback.models import ModelRelease, ReleaseActivation
from feedback.releases import (
    activate_release,
    folder_of,
    install_release,
    release_before,
    release_in_use,
)
from ml.catalogue import CODES
from ml.manifest import Manifest, ReleaseError
from patients.models import User
from tests.factories import ModelReleaseFactory


def write(folder, name="first", **changes):
    """A release folder that lists one file; its weights are never loaded here."""
    folder = folder / name
    folder.mkdir(parents=True)
    (folder / "network.safetensors").write_bytes(b"weights")
    manifest = Manifest(
        **{
            "name": name,
            "kind": "two_branch",
            "network": {"classes": list(CODES)},
            "created": "2026-01-01T00:00:00+00:00",
            "files": {"network.safetensors": hashlib.sha256(b"weights").hexdigest()},
            "metrics": {"macro": 0.97},
            "trained_on": ("simulated motion",),
        }
        | changes
    )
    (folder / "release.json").write_text(manifest.to_json())
    return folder


def test_a_release_is_known_with_its_figures(db, tmp_path):
    folder = write(tmp_path)
    release = install_release(folder=folder)
    assert (release.name, release.classes, release.metrics) == ("first", list(CODES), {"macro": 0.97})
    assert release.sha256 == hashlib.sha256((folder / "release.json").read_bytes()).hexdigest()
    assert folder_of(release) == folder
    assert not release.is_active


def test_a_shipped_release_is_kept_by_its_relative_folder(db, tmp_path, monkeypatch):
    monkeypatch.setattr(releases, "RELEASES", tmp_path)
    release = install_release(folder=write(tmp_path))
    assert release.folder == "first"
    assert folder_of(release) == tmp_path / "first"


def test_installing_again_refreshes_the_row(db, tmp_path):
    first = install_release(folder=write(tmp_path))
    activate_release(release=first)
    again = install_release(folder=write(tmp_path / "other"))
    assert again.pk == first.pk
    assert again.is_active


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (lambda folder: (folder / "network.safetensors").write_bytes(b"other"), "corrupt"),
        (lambda folder: (folder / "network.safetensors").unlink(), "corrupt"),
        (lambda folder: (folder / "release.json").unlink(), "not_found"),
        (lambda folder: (folder / "release.json").write_text("{"), "bad_manifest"),
        (
            lambda folder: (folder / "release.json").write_text(json.dumps({"format_version": 9})),
            "unsupported_version",
        ),
    ],
)
def test_a_spoilt_release_is_refused(db, tmp_path, spoil, code):
    folder = write(tmp_path)
    spoil(folder)
    with pytest.raises(ReleaseError) as refused:
        install_release(folder=folder)
    assert refused.value.code == code
    assert not ModelRelease.objects.exists()


def test_a_name_that_fits_no_address_is_refused(db, tmp_path):
    with pytest.raises(ReleaseError):
        install_release(folder=write(tmp_path, name="v1.2"))


def test_one_release_is_active(db, tmp_path):
    first, second = install_release(folder=write(tmp_path)), install_release(folder=write(tmp_path, "second"))
    activate_release(release=first)
    activate_release(release=second)
    assert ModelRelease.objects.get(is_active=True) == second
    assert release_in_use() == second
    with pytest.raises(IntegrityError):
        ModelRelease.objects.filter(pk=first.pk).update(is_active=True)


def test_where_none_was_chosen_the_shipped_default_becomes_active(db, tmp_path, monkeypatch):
    monkeypatch.setattr(releases, "RELEASES", tmp_path)
    monkeypatch.setattr(releases, "release_folder", lambda name: write(tmp_path, name))
    assert release_in_use() == ModelRelease.objects.get(is_active=True)


def test_without_a_default_there_is_none(db, tmp_path, monkeypatch):
    monkeypatch.setattr(releases, "release_folder", lambda name: tmp_path / name)
    assert release_in_use() is None


def test_two_processes_that_choose_the_default_at_once_agree(db, tmp_path, monkeypatch):
    first = install_release(folder=write(tmp_path))

    def beaten(**_kwargs):
        ModelRelease.objects.filter(pk=first.pk).update(is_active=True)
        raise IntegrityError

    monkeypatch.setattr(releases, "install_release", lambda **_kwargs: first)
    monkeypatch.setattr(releases, "activate_release", beaten)
    monkeypatch.setattr(releases.transaction, "atomic", contextlib.nullcontext)
    assert release_in_use() == first


@pytest.fixture
def chooser(people):
    """A clinic's admin who has a staff account too."""
    people.clinic_admin.is_staff = True
    people.clinic_admin.save()
    return people.clinic_admin


def test_who_chose_a_release_and_when_is_kept(people, chooser):
    first, second = ModelReleaseFactory(), ModelReleaseFactory(name="exfb-3", is_active=False)
    assert activate_release(release=second, user=chooser)
    assert not activate_release(release=second, user=chooser)
    assert release_before(second) == first
    assert activate_release(release=first, user=chooser)
    activate_release(release=second)
    chosen = [(one.release, one.chosen_by) for one in ReleaseActivation.objects.order_by("pk")]
    assert chosen == [(second, chooser), (first, chooser), (second, None)]
    assert release_in_use() == second


def test_only_a_clinics_admin_with_a_staff_account_may_choose(people, chooser):
    first, second = ModelReleaseFactory(), ModelReleaseFactory(name="exfb-3", is_active=False)
    root = User.objects.create_superuser("root@example.org", "x")
    people.lead.is_staff = True
    people.lead.save()
    chooser.memberships.update(is_active=False)
    for who in (root, people.lead, people.stranger, people.patient_user, chooser):
        with pytest.raises(PermissionDenied):
            activate_release(release=second, user=who)
    assert release_in_use() == first
    assert not ReleaseActivation.objects.exists()
