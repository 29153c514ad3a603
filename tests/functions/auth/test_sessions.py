"""A session is known by cookie or token until it ends, and a sign-out ends it everywhere at once."""

from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update
from sqlalchemy.orm import Session as Database

from dev.cloud import LocalCloud
from shared.clock import held_at, now
from shared.database.models.accounts import Session, User, UserStatus
from shared.database.models.audit_trail import AuditEvent
from shared.database.transaction import transaction
from shared.redis import ask
from shared.roles import Role
from tests.doubles import forget, function_client
from tests.functions.auth.test_sign_in import ORIGIN, sign_in
from tests.functions.internal_calls import InternalCalls, outbox_events
from tests.functions.listening import listening
from tests.people import Person, add_person, rows

SESSION, SIGN_OUT = "/api/auth/session", "/api/auth/sign-out"


@pytest.mark.parametrize("role", list(Role))
def test_whoever_is_signed_in_sees_their_own_session(auth: FlaskClient, role: Role) -> None:
    person = add_person(role)
    shown = auth.get(SESSION, headers=person.bearer).get_json()
    [kept] = rows(select(Session))
    assert shown["sessionId"] == str(kept.id)
    assert shown["user"] == {"id": str(person.id), "email": person.email, "name": person.name, "role": role.value}
    assert shown["expiresAt"].endswith("Z")


@pytest.mark.parametrize("header", [{}, {"Authorization": "Bearer wrong"}, {"Cookie": "bloom-session=wrong"}])
def test_nobody_is_signed_in_without_a_session(auth: FlaskClient, header: dict[str, str]) -> None:
    answer = auth.get(SESSION, headers=header)
    assert answer.status_code == 401
    assert answer.content_type == "application/problem+json"
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert auth.post(SIGN_OUT, headers={**header, **ORIGIN}).status_code == 401


def test_a_sign_out_removes_the_cookie_and_ends_the_session(auth: FlaskClient) -> None:
    answer = sign_in(auth, add_person().email, **ORIGIN)
    token = answer.headers["Set-Cookie"].partition("=")[2].partition(";")[0]
    assert auth.get(SESSION).status_code == 200
    out = auth.post(SIGN_OUT, headers=ORIGIN)
    assert out.status_code == 204
    assert out.headers["Set-Cookie"].startswith("bloom-session=;")
    assert "Max-Age=0" in out.headers["Set-Cookie"]
    refused = function_client("auth")
    refused.set_cookie("bloom-session", token)
    assert refused.get(SESSION).status_code == 401
    assert refused.get(SESSION, headers={"Authorization": f"Bearer {token}"}).status_code == 401


def test_a_signed_out_session_is_refused_at_once_though_it_was_cached(auth: FlaskClient) -> None:
    person = add_person()
    assert [auth.get(SESSION, headers=person.bearer).status_code for _ in range(2)] == [200, 200]
    assert auth.post(SIGN_OUT, headers=person.bearer).status_code == 204
    assert auth.get(SESSION, headers=person.bearer).status_code == 401
    assert auth.post(SIGN_OUT, headers=person.bearer).status_code == 401


def test_a_sign_out_leaves_others_and_other_devices_signed_in(auth: FlaskClient) -> None:
    one, other = add_person(), add_person()
    on_the_phone = sign_in(auth, one.email, **{"X-Session-Transport": "bearer"}).get_json()["token"]
    auth.post(SIGN_OUT, headers=one.bearer)
    assert auth.get(SESSION, headers={"Authorization": f"Bearer {on_the_phone}"}).status_code == 200
    assert auth.get(SESSION, headers=other.bearer).status_code == 200


def test_a_sign_out_tells_the_relay_without_the_tokens_digest(auth: FlaskClient, product: LocalCloud) -> None:
    person = add_person()
    [kept] = rows(select(Session))
    with listening(product) as relay:
        auth.post(SIGN_OUT, headers=person.bearer)
        [(channel, payload)] = relay.all()
    assert channel == f"session:{person.id}"
    assert payload["sessionIds"] == [str(kept.id)]
    assert kept.token_hash.hex() not in str(payload)
    assert "tokenHashes" not in payload
    assert outbox_events("sessions-revoked")[0].delivered_at is not None


def test_a_sign_out_without_redis_reaches_the_relay_later(
    auth: FlaskClient, product: LocalCloud, internal: InternalCalls
) -> None:
    person = add_person()
    product.stop_part("redis")
    try:
        assert auth.post(SIGN_OUT, headers=person.bearer).status_code == 204
        assert auth.get(SESSION, headers=person.bearer).status_code == 401
    finally:
        product.start_part("redis")
    [event] = outbox_events("sessions-revoked")
    assert event.delivered_at is None
    forget()
    with listening(product) as relay:
        assert internal.push("/api/internal/auth/events", event.id).status_code == 204
        assert [channel for channel, _ in relay.all()] == [f"session:{person.id}"]


def test_a_sign_out_leaves_an_audit_entry(auth: FlaskClient) -> None:
    person = add_person()
    auth.post(SIGN_OUT, headers=person.bearer)
    [entry] = rows(select(AuditEvent).where(AuditEvent.action == "session.signed-out"))
    assert (entry.actor_id, entry.subject_id, entry.resource_type) == (person.id, person.id, "session")


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 403),
        ({"Origin": "https://elsewhere.test"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "same-origin"}, 204),
        ({"Origin": "http://localhost:3000"}, 204),
    ],
)
def test_a_cookie_signs_out_only_from_our_own_pages(auth: FlaskClient, headers: dict[str, str], status: int) -> None:
    sign_in(auth, add_person().email)
    assert auth.post(SIGN_OUT, headers=headers).status_code == status
    assert auth.get(SESSION).status_code == (401 if status == 204 else 200)


@pytest.mark.parametrize(("role", "minutes"), [(Role.PATIENT, 30), (Role.THERAPIST, 15), (Role.ADMINISTRATOR, 15)])
def test_a_session_that_is_not_used_ends(auth: FlaskClient, role: Role, minutes: int) -> None:
    used, unused = add_person(role), add_person(role)
    for share, status in ((0.9, 200), (1.8, 200)):
        moment = now() + timedelta(minutes=minutes * share)
        _forget_cached_sessions()
        with held_at(lambda moment=moment: moment):  # type: ignore[misc]
            assert auth.get(SESSION, headers=used.bearer).status_code == status
    with held_at(lambda: moment):
        assert auth.get(SESSION, headers=unused.bearer).status_code == 401


def test_a_session_ends_at_its_limit_though_it_is_used(auth: FlaskClient) -> None:
    person, begun = add_person(Role.THERAPIST), now()
    for hours in range(1, 13):
        moment = begun + timedelta(minutes=60 * hours - 1)
        _touch(person, moment)
        _forget_cached_sessions()
        with held_at(lambda moment=moment: moment):  # type: ignore[misc]
            assert auth.get(SESSION, headers=person.bearer).status_code == 200
    over = begun + timedelta(hours=12, seconds=1)
    with held_at(lambda: over):  # still in the cache
        assert auth.get(SESSION, headers=person.bearer).status_code == 401


@transaction
def _touch(db: Database, person: Person, moment: Any) -> None:
    db.execute(update(Session).where(Session.user_id == person.id).values(last_seen_at=moment - timedelta(minutes=5)))


def _forget_cached_sessions() -> None:
    ask(lambda client: client.flushall())


def test_a_suspended_account_is_signed_out_where_the_cache_does_not_know_it(auth: FlaskClient) -> None:
    person = add_person()
    suspend(person)
    assert auth.get(SESSION, headers=person.bearer).status_code == 401


@transaction
def suspend(db: Database, person: Person) -> None:
    db.execute(update(User).where(User.id == person.id).values(status=UserStatus.SUSPENDED, suspended_at=now()))
