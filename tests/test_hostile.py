"""Hostile requests by every kind of person: no 500, nothing to strangers. `script/hostile` sends many."""

import logging
import os
import random
import sys
import time
from collections import Counter, defaultdict

import pytest
from django.core.cache import cache
from django.db import transaction

from tests.access import KINDS, client_of, make_world
from tests.hostile import hostile_request
from tests.test_access_matrix import ROWS

NUMBER = int(os.environ.get("HOSTILE", "100"))
SEED = int(os.environ.get("HOSTILE_SEED", "1"))
#: Who has nothing to do with the patient.
_STRANGERS = ("anonymous", "clinic_mate", "other_patient_user", "unassigned", "stranger", "key_revoked")


@pytest.fixture
def world(people):
    """With a patient whose name is part of no other word."""
    people.patient.name = "Xylia Quorn"
    people.patient.save()
    return make_world(people)


@pytest.fixture
def quiet():
    """Every refusal is a line of the log."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


def test_no_hostile_request_does_harm(world, quiet):
    chance = random.Random(SEED)
    clients = {kind: client_of(kind, world) for kind in KINDS}
    cookies = {kind: client.cookies.output() for kind, client in clients.items()}
    statuses, slowest, faults = defaultdict(Counter), defaultdict(float), []
    for number in range(NUMBER):
        kind = chance.choice(KINDS)
        if clients[kind].cookies.output() != cookies[kind]:  # it signed out, or was signed out
            clients[kind] = client_of(kind, world)
            cookies[kind] = clients[kind].cookies.output()
        request = hostile_request(chance, ROWS, world)
        clients[kind].raise_request_exception = False
        cache.clear()
        began = time.perf_counter()
        with transaction.atomic():
            answer = clients[kind].generic(
                request.method, request.url, request.body, request.content_type, headers=request.headers
            )
            content = b"".join(answer.streaming_content) if answer.streaming else answer.content
            if chance.random() < 0.5:  # half of what was done stays, so that later requests find it
                transaction.set_rollback(True)
        took = time.perf_counter() - began
        statuses[request.oddity][answer.status_code] += 1
        slowest[request.oddity] = max(slowest[request.oddity], took)
        leaks = kind in _STRANGERS and (b"Xylia" in content or b"Quorn" in content)
        if answer.status_code >= 500 or leaks or b"Traceback" in content or took > 20:
            faults.append(
                (
                    number,
                    kind,
                    answer.status_code,
                    round(took, 1),
                    request.method,
                    request.url[:200],
                    request.body[:200],
                )
            )
    write_table(statuses, slowest, faults)
    assert faults == []


def write_table(statuses, slowest, faults) -> None:
    """What `script/hostile` shows."""
    lines = [f"{NUMBER} requests, seed {SEED}, {len(faults)} faults"]
    for oddity, counts in sorted(statuses.items()):
        told = "  ".join(f"{status}: {count}" for status, count in sorted(counts.items()))
        lines.append(f"  {oddity:<8} {sum(counts.values()):>6}   slowest {slowest[oddity]:.2f} s   {told}")
    lines += [f"  fault: {fault}" for fault in faults]
    sys.stdout.write("\n" + "\n".join(lines) + "\n")
