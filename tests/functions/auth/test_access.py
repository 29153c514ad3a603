"""Every endpoint of the auth function lets in exactly whom it states, and says 401 or 403 to everyone else."""

import pytest
from flask.testing import FlaskClient

from shared.roles import Role
from tests.people import As, add_person

ANYONE = {
    "POST /api/auth/sign-up": 422,
    "POST /api/auth/verify-email": 422,
    "POST /api/auth/verify-email/resend": 422,
    "POST /api/auth/sign-in": 422,
}
SIGNED_IN = {"GET /api/auth/session": 200, "POST /api/auth/sign-out": 204}
INTERNAL = {"POST /api/internal/auth/events": 401}


def ask(auth: FlaskClient, role: Role | None, route: str) -> int:
    method, path = route.split()
    asking = As(auth, add_person(role) if role else None)
    return (asking.get(path) if method == "GET" else asking.post(path)).status_code


def test_the_tables_here_name_every_public_route(auth: FlaskClient) -> None:
    paths = auth.get("/openapi.json").get_json()["paths"]
    assert {f"{method.upper()} {path}" for path in paths for method in paths[path]} == set(ANYONE) | set(SIGNED_IN)


@pytest.mark.parametrize("role", [*Role, None])
@pytest.mark.parametrize("route", ANYONE)
def test_anyone_is_heard_where_nobody_is_signed_in_yet(auth: FlaskClient, route: str, role: Role | None) -> None:
    assert ask(auth, role, route) == ANYONE[route]


@pytest.mark.parametrize("role", [*Role, None])
@pytest.mark.parametrize("route", SIGNED_IN)
def test_a_session_is_asked_for_where_it_is_about_one(auth: FlaskClient, route: str, role: Role | None) -> None:
    assert ask(auth, role, route) == (SIGNED_IN[route] if role else 401)


@pytest.mark.parametrize("role", [*Role, None])
@pytest.mark.parametrize("route", INTERNAL)
def test_no_person_calls_an_internal_route(auth: FlaskClient, route: str, role: Role | None) -> None:
    assert ask(auth, role, route) == INTERNAL[route]
