"""Who may do what in the admin function: every public route, for every role."""

from datetime import timedelta
from typing import Final
from uuid import uuid4

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from shared.clock import held_at, now
from shared.database.models.audit_trail import AuditEvent, AuditOutcome
from shared.roles import Role
from tests.people import As, Person, add_person, rows

# What an administrator is answered who names nothing and sends an empty body; everybody else gets 403, nobody 401.
ROUTES: Final[dict[str, int]] = {
    "GET /api/admin/stats": 200,
    "GET /api/admin/timeseries": 422,
    "POST /api/admin/users/search": 200,
    "PATCH /api/admin/users/{id}": 422,
    "GET /api/admin/therapists/credentials": 200,
    "POST /api/admin/therapists/{id}/credentials": 422,
    "POST /api/admin/impersonations": 422,
    "GET /api/admin/impersonations": 200,
    "DELETE /api/admin/impersonations/{id}": 404,
    "POST /api/admin/break-glass": 422,
    "GET /api/admin/break-glass": 200,
    "POST /api/admin/break-glass/{id}/end": 404,
    "POST /api/admin/break-glass/{id}/review": 422,
    "GET /api/admin/audit": 200,
    "GET /api/admin/audit/verify": 200,
    "GET /api/admin/grafana": 503,  # where no Grafana is set up
}
FOR_EVERYBODY: Final = {"GET /api/openapi.json": 200, "POST /api/vitals": 422}
FRESH: Final = (
    "PATCH /api/admin/users/{id}",
    "POST /api/admin/therapists/{id}/credentials",
    "POST /api/admin/impersonations",
    "POST /api/admin/break-glass",
    "POST /api/admin/break-glass/{id}/review",
)


def ask(client: FlaskClient, person: Person | None, route: str) -> int:
    method, path = route.split()
    asking = As(client, person)
    return int(getattr(asking, method.lower())(path.replace("{id}", str(uuid4()))).status_code)


def test_the_table_here_names_every_public_route(admin: FlaskClient) -> None:
    paths = admin.get("/openapi.json").get_json()["paths"]
    assert {f"{method.upper()} {path}" for path in paths for method in paths[path]} == set(ROUTES) | set(FOR_EVERYBODY)


@pytest.mark.parametrize("role", [*Role, None])
@pytest.mark.parametrize("route", ROUTES)
def test_administrators_alone_are_heard(admin: FlaskClient, route: str, role: Role | None) -> None:
    expected = ROUTES[route] if role is Role.ADMINISTRATOR else 403 if role else 401
    assert ask(admin, add_person(role) if role else None, route) == expected


@pytest.mark.parametrize("role", [*Role, None])
@pytest.mark.parametrize("route", FOR_EVERYBODY)
def test_what_is_nobodys_is_heard_from_everybody(admin: FlaskClient, route: str, role: Role | None) -> None:
    assert ask(admin, add_person(role) if role else None, route) == FOR_EVERYBODY[route]


@pytest.mark.parametrize("role", [Role.PATIENT, Role.THERAPIST])
def test_who_is_refused_is_written_down(admin: FlaskClient, role: Role) -> None:
    person = add_person(role)
    ask(admin, person, "GET /api/admin/stats")
    [entry] = rows(select(AuditEvent).where(AuditEvent.action == "GET /api/admin/stats"))
    assert (entry.actor_id, entry.outcome) == (person.id, AuditOutcome.DENIED)


@pytest.mark.parametrize("route", FRESH)
def test_what_changes_something_asks_for_a_proof_of_the_last_minutes(admin: FlaskClient, route: str) -> None:
    person = add_person(Role.ADMINISTRATOR)
    later = now() + timedelta(minutes=11)
    with held_at(lambda: later):
        assert ask(admin, person, route) == 403
