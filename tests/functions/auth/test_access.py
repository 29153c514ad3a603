"""Every endpoint of the auth function lets in exactly whom it states, and says 401 or 403 to everyone else."""

from uuid import uuid4

import pytest
from flask.testing import FlaskClient

from shared.roles import Role
from tests.people import As, add_person

ANYONE = {
    "POST /api/auth/sign-up": 422,
    "POST /api/auth/verify-email": 422,
    "POST /api/auth/verify-email/resend": 422,
    "POST /api/auth/sign-in": 422,
    "POST /api/auth/two-factor/verify": 422,
    "POST /api/auth/password/forgot": 422,
    "POST /api/auth/password/reset": 422,
    "POST /api/auth/passkeys/sign-in/options": 200,
    "POST /api/auth/passkeys/sign-in": 422,
    "GET /api/auth/oauth/{provider}": 302,
    "GET /api/auth/oauth/{provider}/callback": 302,
}
SIGNED_IN = {
    "GET /api/auth/session": 200,
    "POST /api/auth/sign-out": 204,
    "GET /api/auth/sessions": 200,
    "DELETE /api/auth/sessions": 204,
    "DELETE /api/auth/sessions/{id}": 404,
    "POST /api/auth/step-up": 422,
    "GET /api/auth/two-factor": 200,
    "POST /api/auth/two-factor/enroll": 200,
    "POST /api/auth/two-factor/confirm": 422,
    "POST /api/auth/two-factor/disable": 422,
    "POST /api/auth/two-factor/backup-codes": 409,
    "GET /api/auth/trusted-devices": 200,
    "DELETE /api/auth/trusted-devices/{id}": 404,
    "GET /api/auth/passkeys": 200,
    "DELETE /api/auth/passkeys/{id}": 404,
    "POST /api/auth/passkeys/register/options": 200,
    "POST /api/auth/passkeys/register": 422,
    "POST /api/auth/passkeys/step-up/options": 404,
    "POST /api/auth/passkeys/step-up": 422,
    "POST /api/auth/password/change": 422,
    "GET /api/auth/accounts": 200,
    "POST /api/auth/accounts/{provider}/link": 404,
    "DELETE /api/auth/accounts/{provider}": 404,
    "GET /api/user/profile": 200,
    "PATCH /api/user/profile": 200,
    "GET /api/user/settings": 200,
    "PATCH /api/user/settings": 200,
    "GET /api/user/consents": 200,
    "PUT /api/user/consents": 200,
    "GET /api/user/access-log": 200,
    "GET /api/user/export": 200,
    "GET /api/user/erasure": 200,
    "DELETE /api/user": 202,
    "POST /api/user/erasure/cancel": 409,
}
THERAPISTS = {"GET /api/user/credentials": 200, "POST /api/user/credentials": 422}
INTERNAL = {"POST /api/internal/auth/events": 401, "POST /api/internal/auth/erasures": 401}


def ask(auth: FlaskClient, role: Role | None, route: str) -> int:
    method, path = route.split()
    asking = As(auth, add_person(role) if role else None)
    path = path.replace("{id}", str(uuid4())).replace("{provider}", "google")
    return int(getattr(asking, method.lower())(path).status_code)


def test_the_tables_here_name_every_public_route(auth: FlaskClient) -> None:
    paths = auth.get("/openapi.json").get_json()["paths"]
    assert {f"{method.upper()} {path}" for path in paths for method in paths[path]} == {
        *ANYONE,
        *SIGNED_IN,
        *THERAPISTS,
    }


@pytest.mark.parametrize("role", [*Role, None])
@pytest.mark.parametrize("route", ANYONE)
def test_anyone_is_heard_where_nobody_is_signed_in_yet(auth: FlaskClient, route: str, role: Role | None) -> None:
    assert ask(auth, role, route) == ANYONE[route]


@pytest.mark.parametrize("role", [*Role, None])
@pytest.mark.parametrize("route", SIGNED_IN)
def test_a_session_is_asked_for_where_it_is_about_one(auth: FlaskClient, route: str, role: Role | None) -> None:
    add_person(Role.ADMINISTRATOR)  # so that nobody is the last one
    assert ask(auth, role, route) == (SIGNED_IN[route] if role else 401)


@pytest.mark.parametrize("role", [*Role, None])
@pytest.mark.parametrize("route", THERAPISTS)
def test_a_licence_is_a_therapists_alone(auth: FlaskClient, route: str, role: Role | None) -> None:
    refused = 403 if role else 401
    assert ask(auth, role, route) == (THERAPISTS[route] if role is Role.THERAPIST else refused)


@pytest.mark.parametrize("role", [*Role, None])
@pytest.mark.parametrize("route", INTERNAL)
def test_no_person_calls_an_internal_route(auth: FlaskClient, route: str, role: Role | None) -> None:
    assert ask(auth, role, route) == INTERNAL[route]
