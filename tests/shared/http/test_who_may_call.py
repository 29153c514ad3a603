"""A route lets in exactly those that it states, and whoever is refused is in the audit trail."""

import uuid

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from shared import audit
from shared.database.models.audit_trail import AuditEvent, AuditOutcome
from shared.roles import Role
from tests.people import add_person, rows

PATIENT, THERAPIST, ADMINISTRATOR = Role
LET_IN = {
    "/api/who": {PATIENT, THERAPIST, ADMINISTRATOR},
    "/api/for-patients": {PATIENT},
    "/api/for-therapists": {THERAPIST},
    "/api/for-both": {PATIENT, THERAPIST},
    "/api/for-administrators": {ADMINISTRATOR},
}


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("path", LET_IN)
def test_each_role_enters_where_it_may(client: FlaskClient, path: str, role: Role) -> None:
    answer = client.get(path, headers=add_person(role).bearer)
    assert answer.status_code in ({200, 204} if role in LET_IN[path] else {403})


@pytest.mark.parametrize("path", LET_IN)
def test_nobody_enters_without_a_session(client: FlaskClient, path: str) -> None:
    assert client.get(path).status_code == 401
    assert client.get(path, headers={"Authorization": f"Bearer {uuid.uuid4()}"}).status_code == 401


def test_a_refused_role_is_in_the_audit_trail(client: FlaskClient) -> None:
    person = add_person(Role.PATIENT)
    answer = client.get("/api/for-therapists", headers=person.bearer | {"X-Forwarded-For": "203.0.113.7"})
    [entry] = rows(select(AuditEvent))
    assert entry.action == "GET /api/for-therapists"
    assert entry.outcome is AuditOutcome.DENIED
    assert entry.actor_id == person.id
    assert entry.ip == "203.0.113.7"
    assert entry.request_id == answer.headers["X-Request-Id"] == answer.get_json()["instance"]


def test_refusals_are_limited_so_that_nobody_floods_the_trail(client: FlaskClient) -> None:
    headers = add_person(Role.PATIENT).bearer
    statuses = [client.get("/api/for-administrators", headers=headers).status_code for _ in range(5)]
    assert statuses == [403, 403, 403, 429, 429]
    assert len(rows(select(AuditEvent))) == 3


def test_a_cookie_and_a_bearer_token_stand_for_the_same_session(client: FlaskClient) -> None:
    person = add_person(Role.THERAPIST)
    shown = {"userId": str(person.id), "role": "THERAPIST"}
    assert client.get("/api/who", headers=person.bearer).get_json() == shown
    client.set_cookie("bloom-session", person.token)
    assert client.get("/api/who").get_json() == shown


@pytest.mark.parametrize("scheme", ["bearer", "BEARER"])
def test_the_scheme_is_read_in_any_case(client: FlaskClient, scheme: str) -> None:
    assert client.get("/api/who", headers={"Authorization": f"{scheme} {add_person().token}"}).status_code == 200


def test_a_bearer_token_goes_before_the_cookie(client: FlaskClient) -> None:
    by_cookie, by_token = add_person(), add_person()
    client.set_cookie("bloom-session", by_cookie.token)
    assert client.get("/api/who", headers=by_token.bearer).get_json()["userId"] == str(by_token.id)


def test_nobody_acts_in_the_name_of_the_request_before(client: FlaskClient) -> None:
    client.get("/api/who", headers=add_person().bearer)
    client.get("/api/visit", headers={"X-Forwarded-For": "203.0.113.9"})
    assert audit.acting.get() == audit.Acting(None, "203.0.113.9")
