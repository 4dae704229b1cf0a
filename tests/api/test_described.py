"""schemathesis over the whole API as each kind of person: no fault, no answer that the schema does not tell.

`script/schema` sends many more than the few of each run of the tests, and prints what came back.
"""

import os
import sys
from collections import Counter, defaultdict
from types import SimpleNamespace

import pytest
import schemathesis
from django.core.cache import cache
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections, transaction
from django.urls import resolve
from drf_spectacular.generators import SchemaGenerator
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from patients.keys import create_api_key
from patients.models import ApiKey
from tests.access import KEYS, PERSONS, make_world
from tests.motions import pose_bytes
from tests.test_access_matrix import ROWS

EXAMPLES = int(os.environ.get("SCHEMA_EXAMPLES", "4"))
FORMS = ("multipart/form-data", "application/x-www-form-urlencoded")
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


def _operations() -> list:
    schema = schemathesis.openapi.from_dict(SchemaGenerator().get_schema(request=None, public=True))
    schema.app = get_wsgi_application()
    return [found.ok() for found in schema.get_all_operations()]


OPERATIONS = _operations()


@pytest.fixture
def world(people) -> SimpleNamespace:
    """With a key of every scope for each person, beside the lead's keys of one scope each."""
    world = make_world(people)
    for name in PERSONS[1:]:
        user = world.users.get(name) or getattr(people, name)
        world.tokens[name] = create_api_key(user=user, name="all", scopes=ApiKey.Scope)[1]
    return world


@pytest.fixture(autouse=True)
def one_connection():
    """A request leaves the test's connection to the database open, as with Django's own test client."""
    ends = (request_started, request_finished)
    for signal in ends:
        signal.disconnect(close_old_connections)
    yield
    for signal in ends:
        signal.connect(close_old_connections)


@pytest.fixture(scope="module")
def answers():
    """How often each kind of person got which status; told at the end where many are sent."""
    counts = defaultdict(Counter)
    yield counts
    if "SCHEMA_EXAMPLES" in os.environ:
        lines = [f"{sum(map(Counter.total, counts.values()))} requests to {len(OPERATIONS)} operations"]
        for kind in (*PERSONS, *KEYS):
            told = "  ".join(f"{status}: {count}" for status, count in sorted(counts[kind].items()))
            lines.append(f"  {kind:<18} {counts[kind].total():>6}   {told}")
        sys.stdout.write("\n" + "\n".join(lines) + "\n")


def make_known(case: Case, world: SimpleNamespace, thing: str) -> None:
    """Let a request name what is there: the ids of the address and the body, and a file that can be read."""
    for name in case.path_parameters or {}:
        case.path_parameters[name] = str(getattr(world, thing))
    if not isinstance(case.body, dict):
        return
    known = {
        "patient": str(world.patient),
        "repetition": str(world.repetition),
        "file": pose_bytes(),
        "label": "squat.knees_inward",
        "cuts": [{"start_frame": 10, "end_frame": 50, "exercise": "squat"}],
    }
    case.body |= {name: value for name, value in known.items() if name in case.body}


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.label)
@pytest.mark.parametrize("mode", GenerationMode, ids=lambda mode: mode.value)
def test_every_answer_is_described(world, operation, mode, answers):
    path = operation.path.replace("{uuid}", str(world.patient)).replace("{name}", "exfb")
    name = resolve(path).view_name
    rows = [row for row in ROWS if (row.method, row.name) == (operation.method.upper(), name)]
    if mode == GenerationMode.NEGATIVE and not (operation.body or operation.query):
        pytest.skip("nothing can be sent wrongly but the id in the address, which is then no address")

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(
        case=operation.as_strategy(mode),
        kind=st.sampled_from((*PERSONS, *KEYS)),
        row=st.sampled_from(rows),
        is_known=st.booleans(),
    )
    def send(case, kind, row, is_known):
        # A form is fields: what is none cannot be sent as one.
        assume(case.media_type not in FORMS or isinstance(case.body, dict))
        if is_known or mode == GenerationMode.NEGATIVE:
            make_known(case, world, row.thing)
        headers = {"Accept-Encoding": "identity"}  # whoever asks for a packed answer must unpack it
        if kind in world.tokens:
            headers["Authorization"] = f"Bearer {world.tokens[kind]}"
        cache.clear()
        with transaction.atomic():
            answer = case.call(headers=headers)
            transaction.set_rollback(True)
        answers[kind][answer.status_code] += 1
        case.validate_response(answer, checks=CHECKS)

    send()
