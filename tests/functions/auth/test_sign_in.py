"""Signing in opens a session, and only for the right person."""

import statistics
import time
from collections.abc import Callable
from datetime import datetime, timedelta

import bcrypt
import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update
from sqlalchemy.orm import Session as Database
from werkzeug.test import TestResponse

from dev.cloud import LocalCloud
from shared.clock import now
from shared.database.models.accounts import Session, Transport, User, UserStatus
from shared.database.models.audit_trail import AuditEvent, AuditOutcome
from shared.database.transaction import transaction
from shared.roles import Role
from tests.people import PASSWORD, Person, add_person, rows

BEARER = {"X-Session-Transport": "bearer"}
ORIGIN = {"Origin": "http://localhost:3000"}


def sign_in(auth: FlaskClient, email: str, password: str = PASSWORD, **headers: str) -> TestResponse:
    return auth.post("/api/auth/sign-in", json={"email": email, "password": password}, headers=headers)


@transaction
def suspend(db: Database, person: Person) -> None:
    db.execute(update(User).where(User.id == person.id).values(status=UserStatus.SUSPENDED, suspended_at=now()))


@pytest.mark.parametrize("role", list(Role))
def test_the_right_password_opens_a_session_by_cookie(auth: FlaskClient, role: Role) -> None:
    person = add_person(role)
    answer = sign_in(auth, person.email.upper())
    user = {"id": str(person.id), "email": person.email, "name": person.name, "role": role.value}
    assert answer.status_code == 200
    assert answer.get_json()["user"] == user
    assert set(answer.get_json()) == {"user", "expiresAt"}
    assert auth.get("/api/auth/session").get_json()["user"] == user


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(auth: FlaskClient) -> None:
    cookie = sign_in(auth, add_person().email).headers["Set-Cookie"]
    name, *attributes = cookie.split("; ")
    assert name.startswith("bloom-session=")
    assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= set(attributes)
    assert not any(attribute.startswith("Domain") for attribute in attributes)


def test_over_tls_the_cookie_is_secure_and_bound_to_the_host(
    auth: FlaskClient, environment: Callable[..., None]
) -> None:
    environment(base_url="https://bloom.test")
    cookie = sign_in(auth, add_person().email).headers["Set-Cookie"]
    assert cookie.startswith("__Host-bloom-session=")
    assert {"Secure", "HttpOnly", "SameSite=Lax", "Path=/"} <= set(cookie.split("; "))


@pytest.mark.parametrize(("role", "hours"), [(Role.PATIENT, 168), (Role.THERAPIST, 12), (Role.ADMINISTRATOR, 12)])
def test_a_session_ends_at_last_after_the_limit_of_its_role(auth: FlaskClient, role: Role, hours: int) -> None:
    answer = sign_in(auth, add_person(role).email)
    left = datetime.fromisoformat(answer.get_json()["expiresAt"]) - now()
    assert timedelta(hours=hours) - left < timedelta(minutes=1)
    [age] = [part for part in answer.headers["Set-Cookie"].split("; ") if part.startswith("Max-Age=")]
    assert abs(int(age.removeprefix("Max-Age=")) - hours * 3600) < 60


def test_a_client_that_asks_for_it_gets_a_bearer_token_and_no_cookie(auth: FlaskClient) -> None:
    answer = sign_in(auth, add_person().email, **BEARER)
    assert "Set-Cookie" not in answer.headers
    token = answer.get_json()["token"]
    assert auth.get("/api/auth/session").status_code == 401
    assert auth.get("/api/auth/session", headers={"Authorization": f"Bearer {token}"}).status_code == 200
    assert rows(select(Session.transport).where(Session.user_agent != "a test")) == [Transport.BEARER]


def test_a_page_is_refused_a_bearer_token(auth: FlaskClient) -> None:
    answer = sign_in(auth, add_person().email, **BEARER, **ORIGIN)
    assert answer.status_code == 403
    assert answer.get_json()["type"] == "urn:bloom:problem:bearer-from-page"
    assert "token" not in answer.get_json()


def test_a_page_of_another_origin_is_refused(auth: FlaskClient) -> None:
    answer = sign_in(auth, add_person().email, Origin="https://elsewhere.test")
    assert (answer.status_code, answer.get_json()["type"]) == (403, "urn:bloom:problem:foreign-origin")
    assert sign_in(auth, add_person().email, **ORIGIN).status_code == 200


def test_a_wrong_password_and_an_unknown_address_get_the_same_answer(auth: FlaskClient) -> None:
    person = add_person()
    wrong, unknown = sign_in(auth, person.email, "wrong password"), sign_in(auth, "nobody@people.test")
    problems = [answer.get_json() | {"instance": ""} for answer in (wrong, unknown)]
    assert problems[0] == problems[1]
    assert wrong.status_code == unknown.status_code == 401
    assert problems[0]["type"] == "urn:bloom:problem:wrong-credentials"
    assert list(wrong.headers.keys()) == list(unknown.headers.keys())


def test_a_wrong_password_leaves_an_audit_entry_about_the_account_by_nobody(auth: FlaskClient) -> None:
    person = add_person()
    sign_in(auth, person.email, "wrong password")
    [entry] = rows(select(AuditEvent).where(AuditEvent.action == "session.sign-in"))
    assert (entry.outcome, entry.subject_id, entry.actor_id) == (AuditOutcome.FAILURE, person.id, None)


def test_an_unknown_address_takes_as_long_as_a_wrong_password(
    auth: FlaskClient, environment: Callable[..., None]
) -> None:
    environment(bcrypt_cost="9")  # 25 ms a check: far above the rest of a sign-in
    person = add_person()

    def seconds(email: str) -> float:
        started = time.perf_counter()
        assert sign_in(auth, email, "wrong password").status_code == 401
        return time.perf_counter() - started

    sign_in(auth, "nobody@people.test")  # makes the hash to compare with, once in the life of an instance
    pairs = [(seconds(person.email), seconds("nobody@people.test")) for _ in range(15)]
    wrong, unknown = (statistics.median(column) for column in zip(*pairs, strict=True))
    assert 0.75 < unknown / wrong < 1.33


def test_an_address_that_is_not_proved_yet_cannot_sign_in(auth: FlaskClient) -> None:
    person = add_person(verified=False)
    answer = sign_in(auth, person.email)
    assert (answer.status_code, answer.get_json()["type"]) == (403, "urn:bloom:problem:address-not-verified")
    assert sign_in(auth, person.email, "wrong password").status_code == 401
    assert "Set-Cookie" not in answer.headers


def test_a_suspended_account_cannot_sign_in(auth: FlaskClient) -> None:
    person = add_person()
    suspend(person)
    answer = sign_in(auth, person.email)
    assert (answer.status_code, answer.get_json()["type"]) == (403, "urn:bloom:problem:account-suspended")
    assert sign_in(auth, person.email, "wrong password").status_code == 401
    denied = select(AuditEvent.outcome).where(AuditEvent.action == "session.sign-in")
    assert set(rows(denied)) == {AuditOutcome.DENIED, AuditOutcome.FAILURE}


def test_a_hash_of_a_lower_cost_is_made_anew_at_the_next_sign_in(
    auth: FlaskClient, environment: Callable[..., None]
) -> None:
    person = add_person()
    environment(bcrypt_cost="5")
    for _ in range(2):
        assert sign_in(auth, person.email, **ORIGIN).status_code == 200
        [stored] = rows(select(User.password_hash))
        assert stored is not None
        assert stored.split("$")[2] == "05"
        assert not bcrypt.checkpw(PASSWORD.encode(), stored.encode())  # never over the password itself


def test_a_session_is_kept_as_a_digest_with_its_device(auth: FlaskClient) -> None:
    sign_in(auth, add_person().email, **{"User-Agent": "x" * 500})
    [kept] = rows(select(Session).where(Session.user_agent != "a test"))
    assert len(kept.token_hash) == 32
    assert (kept.user_agent, kept.ip, kept.transport) == ("x" * 200, "127.0.0.1", Transport.COOKIE)


def test_too_many_tries_from_one_address_wait(auth: FlaskClient, environment: Callable[..., None]) -> None:
    environment(limits="")
    answers = [sign_in(auth, "nobody@people.test") for _ in range(11)]
    assert [answer.status_code for answer in answers] == [401] * 10 + [429]
    assert int(answers[-1].headers["Retry-After"]) >= 1
    elsewhere = sign_in(auth, "nobody@people.test", **{"X-Forwarded-For": "198.51.100.7"})
    assert elsewhere.status_code == 401


def test_a_forged_address_changes_nothing(auth: FlaskClient, environment: Callable[..., None]) -> None:
    environment(limits="sign-in=2/60")
    forged = [{"X-Forwarded-For": f"203.0.113.{number}, 198.51.100.7"} for number in range(3)]
    statuses = [sign_in(auth, "nobody@people.test", **headers).status_code for headers in forged]
    assert statuses == [401, 401, 429]


def test_signing_in_works_without_redis(auth: FlaskClient, product: LocalCloud) -> None:
    person = add_person()
    product.stop_part("redis")
    try:
        answer = sign_in(auth, person.email)
        assert answer.status_code == 200
        assert auth.get("/api/auth/session").status_code == 200
    finally:
        product.start_part("redis")
