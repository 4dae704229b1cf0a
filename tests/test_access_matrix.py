"""Who may do what at every address: one table of address and kind of person. An address not listed fails.

Strangers are told 404, in the very words for what is not there; who may read but not change is told 403; no
refusal holds the patient's name.
"""

import os
import re
import sys
import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import NoReverseMatch, get_resolver, resolve, reverse
from drf_spectacular.generators import SchemaGenerator

from patients.models import User
from tests import factories as make
from tests.access import KINDS, PERSONS, Row, ask, client_of, make_world, patterns

# fmt: off
#                 anon own  mate other lead coll. reader admin unass. stranger super
API_READ       = (401, 200, 404, 404, 200, 200, 200, 200, 404, 404, 404)
API_LIST       = (401, 200, 200, 200, 200, 200, 200, 200, 200, 200, 200)
API_CLINICIANS = (401, 403, 403, 403, 200, 200, 200, 200, 200, 200, 403)
API_UPLOAD     = (401, 202, 404, 404, 202, 202, 403, 403, 404, 404, 404)
API_CANCEL     = (401, 200, 404, 404, 200, 200, 403, 403, 404, 404, 404)
API_NOTES      = (401, 403, 404, 404, 200, 200, 200, 200, 404, 404, 404)
API_MOVED      = (401, 403, 404, 404, 200, 200, 403, 403, 404, 404, 404)
MOVE_FORM      = (302, 403, 404, 404, 200, 200, 403, 403, 404, 404, 404)
MOVED          = (302, 403, 404, 404, 302, 302, 403, 403, 404, 404, 404)
API_OWN_NOTE   = (401, 403, 404, 404, 204, 403, 403, 403, 404, 404, 404)
API_CUT        = (401, 403, 404, 404, 202, 202, 403, 403, 404, 404, 404)
API_REVIEW     = (401, 403, 404, 404, 201, 201, 403, 403, 404, 404, 404)
TEAM_READ      = (302, 403, 404, 404, 200, 200, 200, 200, 404, 404, 404)
REPORT_ASKED   = (302, 403, 404, 404, 302, 302, 403, 403, 404, 404, 404)
API_REPORT     = (401, 403, 404, 404, 202, 202, 403, 403, 404, 404, 404)
API_BASELINE   = (401, 403, 404, 404, 201, 201, 403, 403, 404, 404, 404)
API_TAKEN_OUT  = (401, 403, 404, 404, 204, 204, 403, 403, 404, 404, 404)
API_AGAIN      = (401, 403, 404, 404, 202, 202, 403, 403, 404, 404, 404)
API_ADMIN      = (401, 403, 403, 403, 403, 403, 403, 202, 403, 403, 403)
API_NOBODY     = (401,) + (403,) * 10  # a clinic admin may who has a staff account too
API_EXPORT     = (401, 202, 404, 404, 202, 202, 202, 202, 404, 404, 404)
API_EVERYTHING = (401, 202, 404, 404, 202, 403, 403, 202, 404, 404, 404)
API_OWN_EXPORT = (401, 404, 404, 404, 200, 404, 404, 404, 404, 404, 404)  # the lead asked for it
OPEN           = (200,) * 11
NOWHERE        = (404,) * 11
SIGN_IN        = (200, 302, 302, 302, 302, 302, 302, 302, 302, 302, 302)
TO_OWN_PLACE   = (302, 302, 302, 302, 302, 302, 302, 302, 302, 302, 200)
SIGN_OUT       = (302,) * 11
READ           = (302, 200, 404, 404, 200, 200, 200, 200, 404, 404, 404)
CARE_READ      = (302, 302, 404, 404, 200, 200, 200, 200, 404, 404, 404)  # patients: to their own page
CLINICIANS     = (302, 403, 403, 403, 200, 200, 200, 200, 200, 200, 403)
STAFF_TOO      = (302, 403, 403, 403, 200, 200, 200, 200, 200, 200, 200)
AGAIN          = (302, 403, 404, 404, 302, 302, 403, 403, 404, 404, 404)
ADMIN          = (302, 403, 403, 403, 403, 403, 403, 302, 403, 403, 403)
NOBODY         = (302,) + (403,) * 10
UPLOAD_FORM    = (302, 200, 404, 404, 200, 200, 403, 403, 404, 404, 404)
UPLOADED       = (302, 302, 404, 404, 302, 302, 403, 403, 404, 404, 404)
PRESCRIBE_FORM = (302, 403, 404, 404, 200, 403, 403, 403, 404, 404, 404)
PRESCRIBED     = (302, 403, 404, 404, 302, 403, 403, 403, 404, 404, 404)
ADDED          = (302, 403, 403, 403, 302, 302, 302, 302, 302, 422, 403)  # 422: not a clinic of theirs
REVOKED        = (302, 403, 403, 403, 302, 404, 404, 302, 404, 404, 403)
PLAN_DELETED   = (302, 403, 403, 403, 302, 302, 302, 302, 302, 404, 403)
EXPORTED       = (302, 302, 404, 404, 302, 302, 302, 302, 404, 404, 404)
ALL_READ       = (302, 200, 404, 404, 200, 403, 403, 200, 404, 404, 404)
API_ALL_READ   = (401, 200, 404, 404, 200, 403, 403, 200, 404, 404, 404)
EVERYTHING     = (302, 302, 404, 404, 302, 403, 403, 302, 404, 404, 404)
OWN_EXPORT     = (302, 404, 404, 404, 200, 404, 404, 404, 404, 404, 404)
ADMINS_FORM    = (302, 403, 404, 404, 403, 403, 403, 200, 404, 404, 404)
ADMINS_DONE    = (302, 403, 404, 404, 403, 403, 403, 302, 404, 404, 404)
ADMINS         = (302, 403, 403, 403, 403, 403, 403, 200, 403, 403, 403)
OWN_PLACE      = (302, 200, 200, 200, 404, 404, 404, 404, 404, 404, 404)
OWN_UPLOADED   = (302, 302, 302, 302, 404, 404, 404, 404, 404, 404, 404)
STILL_HERE     = (401, 200, 200, 200, 200, 200, 200, 200, 200, 200, 200)
SIGNED_IN      = (302, 200, 200, 200, 200, 200, 200, 200, 200, 200, 200)
STAFF          = (302, 403, 403, 403, 200, 200, 200, 200, 200, 200, 200)
FACTOR         = (302, 404, 404, 404, 422, 404, 404, 404, 404, 404, 404)  # 422: no password was given
CODES          = (302, 403, 403, 403, 422, 403, 403, 403, 403, 403, 403)
OWN_READ       = (302, 200, 404, 404, 404, 404, 404, 404, 404, 404, 404)
# fmt: on

ROWS = [
    Row("GET", "api:patients", "", "", API_LIST),
    Row("GET", "api:patient", "patient", "", API_READ),
    Row("GET", "api:access_log", "patient", "", API_ALL_READ),
    Row("GET", "api:history", "patient", "", API_READ),
    Row("GET", "api:recordings", "", "", API_LIST),
    Row("POST", "api:recordings", "", "upload_form", API_UPLOAD, "upload"),
    Row("GET", "api:recording", "recording", "", API_READ),
    Row("POST", "api:reading", "recording", "swapped", API_CANCEL, "upload"),
    Row("GET", "api:recording_file", "recording", "", API_READ),
    Row("GET", "api:sessions", "", "", API_LIST),
    Row("GET", "api:session", "session", "", API_READ),
    Row("GET", "api:analysis", "analysis", "", API_READ),
    Row("GET", "api:cuts", "analysis", "", API_READ),
    Row("PUT", "api:cuts", "analysis", "cuts_form", API_CUT, "review"),
    Row("POST", "api:retry", "failed", "", API_UPLOAD, "upload"),
    Row("POST", "api:cancel", "analysis", "", API_CANCEL, "upload"),
    Row("GET", "api:repetition", "repetition", "", API_READ),
    Row("GET", "api:motion", "repetition", "", API_READ),
    Row("GET", "api:band", "repetition", "", API_READ),
    Row("GET", "api:verdicts", "repetition", "", API_NOTES),
    Row("POST", "api:verdicts", "repetition", "verdict_form", API_REVIEW, "review"),
    Row("POST", "api:move", "recording", "move_form", API_MOVED, "review"),
    Row("GET", "move", "recording", "", MOVE_FORM),
    Row("POST", "move", "recording", "move_form", MOVED),
    Row("GET", "api:notes", "session", "", API_NOTES),
    Row("POST", "api:notes", "session", "note_form", API_REVIEW, "review"),
    Row("POST", "api:note_delete", "note", "", API_OWN_NOTE, "review"),
    Row("GET", "api:patient_baseline", "patient", "", API_READ),
    Row("PUT", "api:baseline", "correct_repetition", "", API_BASELINE, "review"),
    Row("DELETE", "api:baseline", "correct_repetition", "", API_TAKEN_OUT, "review"),
    Row("POST", "api:patient_again", "patient", "", API_AGAIN, "review"),
    Row("GET", "api:repetition_export", "repetition", "", API_READ),
    Row("GET", "api:session_export", "session", "", API_READ),
    Row("POST", "api:patient_export", "patient", "export_form", API_EXPORT, "read"),
    Row("POST", "api:patient_export", "patient", "everything_form", API_EVERYTHING, "read"),
    Row("GET", "api:export", "export", "", API_OWN_EXPORT),
    Row("GET", "api:export_file", "export", "", API_OWN_EXPORT),
    Row("POST", "api:reports", "patient", "report_form", API_REPORT, "review"),
    Row("GET", "api:report", "report", "", API_NOTES),
    Row("GET", "api:report_file", "report", "", API_NOTES),
    Row("GET", "api:releases", "", "", API_CLINICIANS),
    Row("POST", "api:release_activate", "release_name", "", API_NOBODY),
    Row("GET", "api:comparison", "trial_name", "", API_CLINICIANS),
    Row("POST", "api:comparison", "trial_name", "", API_ADMIN),
    Row("POST", "api:release_again", "trial_name", "", API_ADMIN),
    Row("GET", "api:schema", "", "", OPEN),
    Row("GET", "api:docs", "", "", OPEN),
    Row("GET", "api:no_such_address", "", "", NOWHERE),
    Row("GET", "health_live", "", "", OPEN),
    Row("GET", "health_ready", "", "", OPEN),
    Row("GET", "metrics", "", "", NOWHERE),
    Row("GET", "sign_in", "", "", SIGN_IN),
    Row("GET", "sign_in_by_mail", "", "", SIGN_IN),
    Row("POST", "sign_in_by_mail", "", "mail_form", SIGN_OUT),  # whoever it is: the same answer
    Row("GET", "sign_in_code", "", "", SIGN_IN),
    Row("GET", "second_factor", "", "", SIGN_OUT),
    Row("GET", "admin_sign_in", "", "", SIGN_OUT),
    Row("POST", "sign_out", "", "", SIGN_OUT),
    Row("GET", "still_here", "", "", STILL_HERE),
    Row("POST", "still_here", "", "", STILL_HERE),
    Row("GET", "security", "", "", SIGNED_IN),
    Row("GET", "second_factor_add", "", "", STAFF),
    Row("POST", "second_factor_remove", "factor", "", FACTOR),
    Row("POST", "recovery_codes", "", "", CODES),
    Row("POST", "sign_out_all", "", "", SIGN_OUT),
    Row("GET", "home", "", "", TO_OWN_PLACE),
    Row("GET", "worklist", "", "", CLINICIANS),
    Row("GET", "session", "session", "", CARE_READ),
    Row("GET", "patient_list", "", "", CLINICIANS),
    Row("GET", "patient", "patient", "", CARE_READ),
    Row("GET", "history_csv", "patient", "", READ),
    Row("GET", "reports", "patient", "", TEAM_READ),
    Row("POST", "reports", "patient", "report_form", REPORT_ASKED),
    Row("GET", "report", "report", "", TEAM_READ),
    Row("GET", "report_file", "report", "", TEAM_READ),
    Row("GET", "session_export", "session", "", READ),
    Row("GET", "repetition_export", "repetition", "", READ),
    Row("GET", "patient_export", "patient", "", READ),
    Row("POST", "patient_export", "patient", "export_form", EXPORTED),
    Row("POST", "patient_export", "patient", "everything_form", EVERYTHING),
    Row("GET", "export_file", "export", "", OWN_EXPORT),
    Row("GET", "access_log", "patient", "", ALL_READ),
    Row("GET", "erase", "patient", "", ADMINS_FORM),
    Row("POST", "erase", "patient", "erase_form", ADMINS_DONE),
    Row("POST", "hold", "patient", "hold_form", ADMINS_DONE),
    Row("GET", "erasures", "", "", ADMINS),
    Row("GET", "patient_add", "", "", CLINICIANS),
    Row("POST", "patient_add", "", "patient_form", ADDED),
    Row("GET", "prescribe", "patient", "", PRESCRIBE_FORM),
    Row("POST", "prescribe", "patient", "prescription_form", PRESCRIBED),
    Row("POST", "prescription_end", "prescription", "", PRESCRIBED),
    Row("GET", "plans", "", "", CLINICIANS),
    Row("POST", "plans", "", "plan_form", PLAN_DELETED),
    Row("GET", "upload", "patient", "", UPLOAD_FORM),
    Row("POST", "upload", "patient", "upload_form", UPLOADED),
    Row("GET", "recording", "recording", "", READ),
    Row("POST", "recording", "failed_recording", "", UPLOADED),
    Row("GET", "reading", "recording", "", UPLOAD_FORM),
    Row("POST", "reading", "recording", "", UPLOADED),
    Row("POST", "reading", "recording", "reading_form", UPLOADED),
    Row("POST", "cancel", "analysis", "", UPLOADED),
    Row("GET", "recording_file", "recording", "", READ),
    Row("GET", "agreement", "", "", CLINICIANS),
    Row("GET", "design", "", "", STAFF_TOO),
    Row("GET", "releases", "", "", CLINICIANS),
    Row("GET", "release", "release_name", "", CLINICIANS),
    Row("POST", "release_activate", "release_name", "", NOBODY),
    Row("POST", "release_compare", "trial_name", "", ADMIN),
    Row("POST", "release_again", "trial_name", "", ADMIN),
    Row("POST", "patient_again", "patient", "", AGAIN),
    Row("GET", "api_keys", "", "", CLINICIANS),
    Row("POST", "api_keys", "", "key_form", CLINICIANS),
    Row("POST", "api_keys", "", "revoke_form", REVOKED),
    Row("GET", "my_home", "", "", OWN_PLACE),
    Row("GET", "my_upload", "", "", OWN_PLACE),
    Row("POST", "my_upload", "", "upload_form", OWN_UPLOADED),
    Row("GET", "my_session", "session", "", OWN_READ),
]


#: Ids that may stand in a query string: address, thing of the address, parameter, attribute of `world`.
IDS_IN_QUERIES = [
    ("api:recordings", "", "patient", "patient"),
    ("api:sessions", "", "patient", "patient"),
    ("session", "other_session", "repetition", "repetition"),
]
#: Ids that the bodies of the API hold: address, field. Rows above send them.
IDS_IN_BODIES = {
    ("api:recordings", "patient"),
    ("api:verdicts", "uuid"),
    ("api:verdicts", "seen"),
    ("api:move", "patient"),
    ("api:notes", "repetition"),
    ("api:notes", "uuid"),
}


@pytest.fixture
def world(people):
    return make_world(people)


@pytest.fixture(scope="module")
def walked():
    """What each address answered to each kind of person; `script/access` has it told at the end."""
    lines: list[tuple[str, dict[str, int]]] = []
    yield lines
    if lines and "ACCESS_TABLE" in os.environ:
        sys.stdout.write("\n" + _line("", {kind: kind.replace("_", " ")[:9] for kind in KINDS}))
        sys.stdout.write("".join(_line(name, statuses) for name, statuses in lines))
        sys.stdout.write(f"{len(lines)} requests as {len(KINDS)} kinds of person\n")


def _line(name, cells):
    return f"{name[:44]:<44}" + "".join(f"{cells[kind]:>10}" for kind in KINDS) + "\n"


@pytest.mark.parametrize("row", ROWS, ids=[f"{r.method} {r.name} {r.body}".strip() for r in ROWS])
def test_access(world, row, walked):
    answers = {kind: ask(client_of(kind, world), row, world) for kind in KINDS}
    found = {kind: answer.status_code for kind, answer in answers.items()}
    walked.append((f"{row.method} {row.name} {row.body}".strip(), found))
    assert found == row.expected
    for kind, answer in answers.items():
        if answer.status_code != 200 and not answer.streaming:
            assert world.people.patient.name.encode() not in answer.content, kind


def shown(answer) -> tuple:
    """What a person can tell of an answer, without the token that is new for each page."""
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content
    content = re.sub(rb'(data-csrf|data-seconds|name="csrfmiddlewaretoken" value)="\w+"', b"", content)
    headers = {name: value for name, value in answer.headers.items() if name != "Content-Length"}
    return answer.status_code, content, headers, sorted(answer.cookies)


def work_of(queries: CaptureQueriesContext) -> int:
    """How many queries were made, but for those that keep the session alive, which depend on the time."""
    asked = [query["sql"] for query in queries.captured_queries]
    return sum("django_session" not in sql and "SAVEPOINT" not in sql for sql in asked)


HIDDEN = [row for row in ROWS if 404 in row.statuses and len(set(row.statuses)) > 1]


@pytest.mark.parametrize("row", HIDDEN, ids=[f"{r.method} {r.name} {r.body}".strip() for r in HIDDEN])
def test_what_is_hidden_looks_as_if_it_were_not_there(world, row):
    hidden_from = [kind for kind in PERSONS if row.expected[kind] == 404]
    for kind in hidden_from:
        client = client_of(kind, world)
        with CaptureQueriesContext(connection) as for_there:
            there = ask(client, row, world)
        with CaptureQueriesContext(connection) as for_absent:
            absent = ask(client, row, world, absent=True)
        assert shown(there) == shown(absent), kind
        # Nor does the time tell: both do the same work.
        assert work_of(for_there) == work_of(for_absent), kind


@pytest.mark.parametrize(("name", "thing", "parameter", "wanted"), IDS_IN_QUERIES)
def test_an_id_in_a_query_opens_nothing(world, name, thing, parameter, wanted):
    """A stranger who names a patient's things is answered as if they named nothing that there is."""
    make.RepetitionFactory(analysis__recording__patient=world.people.other_patient)
    world.other_session = world.people.other_patient.sessions.get().uuid
    url = reverse(name, args=[getattr(world, thing)] if thing else [])
    client = client_of("stranger", world)
    answers = [client.get(url, {parameter: value}) for value in (getattr(world, wanted), uuid.uuid4())]
    assert shown(answers[0]) == shown(answers[1])
    assert answers[0].status_code == 200
    lead = client_of("lead", world).get(url, {parameter: getattr(world, wanted)})
    assert shown(lead) != shown(answers[0])


def test_every_id_that_the_api_takes_is_listed():
    schema = SchemaGenerator().get_schema(request=None, public=True)
    queries, bodies = set(), set()
    for path, operations in schema["paths"].items():
        name = resolve(path.replace("{uuid}", str(uuid.uuid4())).replace("{name}", "exfb")).view_name
        for operation in operations.values():
            for parameter in operation.get("parameters", []):
                if parameter["in"] == "query" and parameter["schema"].get("format") == "uuid":
                    queries.add((name, parameter["name"]))
            for content in operation.get("requestBody", {}).get("content", {}).values():
                component = schema["components"]["schemas"][content["schema"]["$ref"].rsplit("/", 1)[1]]
                fields = component["properties"].items()
                bodies |= {(name, field) for field, kind in fields if kind.get("format") == "uuid"}
    assert queries == {(name, parameter) for name, _, parameter, _ in IDS_IN_QUERIES if "api:" in name}
    assert bodies == IDS_IN_BODIES


def test_every_address_is_listed():
    names = {name for name, _ in patterns(get_resolver()) if not name.startswith("admin:")}
    assert names == {row.name for row in ROWS}


def test_every_method_of_the_api_is_listed():
    methods = {
        (method.upper(), name)
        for name, pattern in patterns(get_resolver())
        if name.startswith("api:")
        for method in ("get", "post", "put", "patch", "delete")
        if hasattr(pattern.callback.view_class, method)
    }
    listed = {(row.method, row.name) for row in ROWS if row.name.startswith("api:")}
    assert methods | {("GET", "api:no_such_address")} == listed


def test_the_admin_site_is_for_staff_only(world):
    """Its many addresses are walked instead of listed: all of them lead others to its sign-in."""
    clients = [client_of(kind, world) for kind in KINDS if kind != "superuser"]
    walked = 0
    for name, pattern in patterns(get_resolver()):
        if not name.startswith("admin:") or name in ("admin:login", "admin:logout", "admin:None"):
            continue
        try:
            url = reverse(name, kwargs=dict.fromkeys(pattern.pattern.converters, "1"))
        except NoReverseMatch:  # the page of an app, named by a pattern
            url = reverse(name, kwargs={"app_label": "patients"})
        for client in clients:
            response = client.get(url)
            assert response.status_code in (302, 404), url
            signs_in = response.get("Location", "").startswith(("/admin/login/", "/sign-in/"))
            assert response.status_code == 404 or signs_in, url
        walked += 1
    assert walked > 20


def test_who_left_the_clinic_or_is_inactive_gets_nothing(world):
    row = Row("GET", "api:session", "session", "", ())
    people = world.people
    people.colleague.memberships.update(is_active=False)
    assert ask(client_of("colleague", world), row, world).status_code == 404
    client = client_of("lead", world)
    User.objects.filter(pk=people.lead.pk).update(is_active=False)
    assert ask(client, row, world).status_code == 401
