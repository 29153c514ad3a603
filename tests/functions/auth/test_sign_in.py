"""Signing in opens a session, and only for the right person."""

import statistics
import threading
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
from shared.passwords import password_matches
from shared.roles import Role
from tests.inside import sized
from tests.people import PASSWORD, Person, add_person, rows
from tests.waiting import until

BEARER = {"X-Session-Transport": "bearer"}
ORIGIN = {"Origin": "http://localhost:3000"}


def sign_in(auth: FlaskClient, email: str, password: str = PASSWORD, **headers: str) -> TestResponse:
    return auth.post("/api/auth/sign-in", json={"email": email, "password": password}, headers=headers)


@transaction
def suspend(db: Database, person: Person) -> None:
    db.execute(update(User).where(User.id == person.id).values(status=UserStatus.SUSPENDED, suspended_at=now()))


@transaction
def keep_hash(db: Database, person: Person, password_hash: str | None) -> None:
    db.execute(update(User).where(User.id == person.id).values(password_hash=password_hash))


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


def test_how_long_a_refusal_takes_tells_nothing(auth: FlaskClient, environment: Callable[..., None]) -> None:
    environment(bcrypt_cost="8")
    wrong, locked, without, old = add_person(), add_person(), add_person(), add_person()
    keep_hash(without, None)
    keep_hash(old, bcrypt.hashpw(b"x", bcrypt.gensalt(5)).decode())  # made when hashes were to cost less
    for _ in range(10):
        sign_in(auth, locked.email, "wrong password")

    def seconds(email: str, password: str) -> float:
        started = time.perf_counter()
        assert sign_in(auth, email, password).status_code == 401
        return time.perf_counter() - started

    asked = [
        (wrong.email, "wrong password"),
        ("nobody@people.test", "wrong password"),
        (locked.email, PASSWORD),
        (without.email, PASSWORD),
        (old.email, "wrong password"),
    ]
    rounds = [[seconds(*one) for one in asked] for _ in range(sized(21, 101))]
    medians = [statistics.median(column) for column in zip(*rounds, strict=True)]
    print("medians in milliseconds:", [round(median * 1000, 1) for median in medians])
    assert all(0.75 < median / medians[0] < 1.33 for median in medians)


def test_other_threads_go_on_while_a_password_is_checked() -> None:
    stored = bcrypt.hashpw(b"x", bcrypt.gensalt(12)).decode()
    over, steps, standstills = threading.Event(), [0], [0.0]

    def go_on() -> None:
        last = time.perf_counter()
        while not over.is_set():
            steps[0] += 1
            last, before = time.perf_counter(), last
            standstills[0] = max(standstills[0], last - before)

    other = threading.Thread(target=go_on)
    other.start()
    until(lambda: steps[0])
    standstills[0], started = 0.0, time.perf_counter()
    password_matches("wrong password", stored)
    took = time.perf_counter() - started
    over.set()
    other.join()
    assert standstills[0] < took / 2  # with the interpreter's lock held, it would be all of it


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
    [entry] = rows(select(AuditEvent).where(AuditEvent.action == "password.rehashed"))
    assert (entry.subject_id, entry.actor_id) == (person.id, person.id)


def test_a_session_is_kept_as_a_digest_with_its_device(auth: FlaskClient) -> None:
    sign_in(auth, add_person().email, **{"User-Agent": "x" * 500})
    [kept] = rows(select(Session).where(Session.user_agent != "a test"))
    assert len(kept.token_hash) == 32
    assert (kept.user_agent, kept.ip, kept.transport) == ("x" * 200, "127.0.0.1", Transport.COOKIE)


def test_signing_in_works_without_redis(auth: FlaskClient, product: LocalCloud) -> None:
    person = add_person()
    product.stop_part("redis")
    try:
        answer = sign_in(auth, person.email)
        assert answer.status_code == 200
        assert auth.get("/api/auth/session").status_code == 200
    finally:
        product.start_part("redis")
