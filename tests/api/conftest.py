"""Clients of the API, and no memory of earlier requests between tests."""

from collections.abc import Callable

import pytest
from django.core.cache import cache
from rest_framework.test import APIClient

from patients.models import User


@pytest.fixture(autouse=True)
def _no_throttled_past():
    cache.clear()


@pytest.fixture
def as_user() -> Callable[[User], APIClient]:
    """Return a client that is signed in as a person."""

    def client(user: User) -> APIClient:
        signed_in = APIClient()
        signed_in.force_login(user)
        return signed_in

    return client
