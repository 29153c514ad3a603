"""A session is known by cookie or token until it ends, and a sign-out ends it everywhere at once."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

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

SESSION, SESSIONS, SIGN_OUT = "/api/auth/session", "/api/auth/sessions", "/api/auth/sign-out"


@pytest.mark.parametrize("role", list(Role))
def test_whoever_is_signed_in_sees_their_own_session(auth: FlaskClient, role: Role) -> None:
    person = add_person(role)
    shown = auth.get(SESSION, headers=person.bearer).get_json()
    [kept] = rows(select(Session))
    assert shown["sessionId"] == str(kept.id)
    assert shown["user"] == {"id": str(person.id), "email": person.email, "name": person.name, "role": role.value}
    assert shown["expiresAt"].endswith("Z")
    assert shown["absoluteExpiresAt"].endswith("Z")


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


LIMITS = [(Role.PATIENT, 30, 168), (Role.THERAPIST, 15, 12), (Role.ADMINISTRATOR, 15, 12)]


@pytest.mark.parametrize("cached", [True, False])
@pytest.mark.parametrize(("role", "minutes", "hours"), LIMITS)
def test_a_client_is_told_when_the_session_ends_if_nothing_more_is_done(
    auth: FlaskClient, product: LocalCloud, role: Role, minutes: int, hours: int, cached: bool
) -> None:
    if not cached:
        product.stop_part("redis")
    try:
        begun = now().replace(microsecond=0)
        with held_at(lambda: begun):
            person = add_person(role)
        told = ends = begun
        for seconds in (0, 30, 59, 90):
            moment = begun + timedelta(seconds=seconds)
            told, ends = told_at(auth, person, moment)
            assert (told, ends) == (moment + timedelta(minutes=minutes), begun + timedelta(hours=hours))
        assert told_at(auth, person, told)[0] == told + timedelta(minutes=minutes), "it ended early"
        over = told + timedelta(minutes=minutes + 1)
        with held_at(lambda: over):
            assert auth.get(SESSION, headers=person.bearer).status_code == 401
    finally:
        if not cached:
            product.start_part("redis")


def told_at(auth: FlaskClient, person: Person, moment: datetime) -> tuple[datetime, datetime]:
    with held_at(lambda: moment):
        answer = auth.get(SESSION, headers=person.bearer)
    assert answer.status_code == 200, answer.text
    shown = answer.get_json()
    return datetime.fromisoformat(shown["expiresAt"]), datetime.fromisoformat(shown["absoluteExpiresAt"])


def test_near_its_limit_a_session_ends_with_that(auth: FlaskClient) -> None:
    person, moment = add_person(Role.THERAPIST), now() + timedelta(hours=11, minutes=50)
    _touch(person, moment)
    told, ends = told_at(auth, person, moment)
    assert told == ends < moment + timedelta(minutes=15)


def test_a_client_is_told_what_it_can_do_without_a_step_up(auth: FlaskClient) -> None:
    person, begun = add_person(), now()
    for minutes, fresh in ((9, True), (11, False)):
        moment = begun + timedelta(minutes=minutes)
        with held_at(lambda moment=moment: moment):  # type: ignore[misc]
            shown = auth.get(SESSION, headers=person.bearer).get_json()
        assert shown["fresh"] is fresh
        assert abs(datetime.fromisoformat(shown["freshUntil"]) - begun - timedelta(minutes=10)) < timedelta(seconds=5)


@pytest.mark.parametrize(("role", "owed"), [(Role.PATIENT, False), (Role.THERAPIST, True), (Role.ADMINISTRATOR, True)])
def test_staff_are_told_that_they_owe_a_second_factor_and_can_sign_out(
    auth: FlaskClient, environment: Callable[..., None], role: Role, owed: bool
) -> None:
    environment(two_factor_for_staff="true")
    person = add_person(role)
    assert auth.get(SESSION, headers=person.bearer).get_json()["secondFactorOwed"] is owed
    assert auth.get(SESSIONS, headers=person.bearer).status_code == (403 if owed else 200)
    assert auth.post(SIGN_OUT, headers=person.bearer).status_code == 204


# The list.


FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0"


def test_everywhere_that_somebody_is_signed_in_is_listed(auth: FlaskClient) -> None:
    person = add_person()
    answer = sign_in(auth, person.email, **ORIGIN, **{"User-Agent": FIREFOX})
    assert answer.status_code == 200
    listed = auth.get(SESSIONS).get_json()
    assert listed["nextCursor"] is None
    here, there = listed["items"]
    assert set(here) == {
        "id", "device", "network", "transport", "createdAt", "lastSeenAt", "expiresAt", "current",
    }  # fmt: skip
    assert (here["device"], here["network"], here["transport"]) == ("Firefox on Linux", "127.0.0.x", "cookie")
    assert (there["device"], there["network"], there["transport"]) == ("An unknown device", "192.0.2.x", "bearer")
    assert (here["current"], there["current"]) == (True, False)
    assert here["id"] == auth.get(SESSION).get_json()["sessionId"]
    assert datetime.fromisoformat(there["expiresAt"]) - datetime.fromisoformat(there["lastSeenAt"]) == timedelta(
        minutes=30
    )


def test_nothing_that_identifies_a_session_to_us_is_listed(auth: FlaskClient) -> None:
    person = add_person()
    [kept] = rows(select(Session))
    text = auth.get(SESSIONS, headers=person.bearer).text
    assert person.token not in text
    assert bytes(kept.token_hash).hex() not in text
    assert "192.0.2.1" not in text
    assert "a test" not in text


@pytest.mark.parametrize("role", list(Role))
def test_sessions_that_have_ended_are_not_listed(auth: FlaskClient, role: Role) -> None:
    person = add_person(role)
    minutes = 30 if role is Role.PATIENT else 15
    idle, over, revoked, used = (open_elsewhere(auth, person) for _ in range(4))
    moment = now()
    limit = timedelta(minutes=minutes)
    set_session(idle, last_seen_at=moment - limit - timedelta(seconds=61))
    set_session(over, created_at=moment - timedelta(days=9), expires_at=moment - timedelta(seconds=1))
    set_session(revoked, revoked_at=moment)
    set_session(used, last_seen_at=moment - limit + timedelta(seconds=5))
    listed = auth.get(SESSIONS, headers=person.bearer).get_json()["items"]
    assert [item["id"] for item in listed if not item["current"]] == [str(used)]
    for gone in (idle, over, revoked):
        assert auth.delete(f"{SESSIONS}/{gone}", headers=person.bearer).status_code == 404


def test_nobody_elses_sessions_are_listed_or_ended(auth: FlaskClient) -> None:
    person, other = add_person(), add_person()
    [own] = auth.get(SESSIONS, headers=person.bearer).get_json()["items"]
    answer = auth.delete(f"{SESSIONS}/{own['id']}", headers=other.bearer)
    assert (answer.status_code, answer.get_json()["type"]) == (404, "urn:bloom:problem:not-found")
    assert auth.delete(f"{SESSIONS}/{uuid4()}", headers=other.bearer).status_code == 404
    assert auth.delete(f"{SESSIONS}/nonsense", headers=other.bearer).status_code == 404
    assert auth.delete(SESSIONS, headers=other.bearer).status_code == 204
    assert auth.get(SESSION, headers=person.bearer).status_code == 200


def test_an_administrator_who_sees_as_somebody_does_is_none_of_their_sessions(auth: FlaskClient) -> None:
    person, administrator = add_person(), add_person(Role.ADMINISTRATOR)
    seen = open_elsewhere(auth, person)
    set_session(seen, impersonated_by=administrator.id, impersonation_reason="asked-for-help")
    listed = auth.get(SESSIONS, headers=person.bearer).get_json()
    [own], [looking_on] = listed["items"], listed["lookingOn"]
    assert (own["current"], looking_on["id"]) == (True, str(seen))
    assert auth.delete(f"{SESSIONS}/{seen}", headers=person.bearer).status_code == 204
    assert auth.get(SESSIONS, headers=person.bearer).get_json()["lookingOn"] == []


def test_another_device_is_signed_out_at_once_though_it_was_cached(auth: FlaskClient, product: LocalCloud) -> None:
    person = add_person()
    elsewhere = sign_in(auth, person.email, **{"X-Session-Transport": "bearer"}).get_json()["token"]
    bearer = {"Authorization": f"Bearer {elsewhere}"}
    ended = auth.get(SESSION, headers=bearer).get_json()["sessionId"]
    with listening(product) as relay:
        answer = auth.delete(f"{SESSIONS}/{ended}", headers=person.bearer)
        [(channel, payload)] = relay.all()
    assert (answer.status_code, "Set-Cookie" in answer.headers) == (204, False)
    assert (channel, payload["sessionIds"]) == (f"session:{person.id}", [ended])
    assert auth.get(SESSION, headers=bearer).status_code == 401
    assert auth.get(SESSION, headers=person.bearer).status_code == 200
    assert auth.delete(f"{SESSIONS}/{ended}", headers=person.bearer).status_code == 404
    [entry] = rows(select(AuditEvent).where(AuditEvent.action == "session.revoked"))
    assert (entry.actor_id, entry.subject_id, str(entry.resource_id)) == (person.id, person.id, ended)


def test_whoever_ends_the_present_session_in_the_list_loses_the_cookie_too(auth: FlaskClient) -> None:
    sign_in(auth, add_person().email, **ORIGIN)
    present = auth.get(SESSION).get_json()["sessionId"]
    answer = auth.delete(f"{SESSIONS}/{present}", headers=ORIGIN)
    assert answer.status_code == 204
    assert answer.headers["Set-Cookie"].startswith("bloom-session=;")
    assert auth.get(SESSION).status_code == 401


def test_all_other_devices_are_signed_out_at_once(auth: FlaskClient) -> None:
    person, other = add_person(), add_person()
    tokens = [sign_in(auth, person.email, **{"X-Session-Transport": "bearer"}).get_json()["token"] for _ in range(3)]
    others = [{"Authorization": f"Bearer {token}"} for token in tokens]
    assert [auth.get(SESSION, headers=bearer).status_code for bearer in others] == [200] * 3
    assert auth.delete(SESSIONS, headers=person.bearer).status_code == 204
    assert [auth.get(SESSION, headers=bearer).status_code for bearer in others] == [401] * 3
    assert auth.get(SESSION, headers=person.bearer).status_code == 200
    assert auth.get(SESSION, headers=other.bearer).status_code == 200
    assert auth.delete(SESSIONS, headers=person.bearer).status_code == 204
    [entry] = rows(select(AuditEvent).where(AuditEvent.action == "session.others-revoked"))
    assert (entry.actor_id, entry.subject_id) == (person.id, person.id)
    assert len(outbox_events("sessions-revoked")) == 1


@pytest.mark.parametrize("path", ["", "/{id}"])
def test_no_page_of_another_origin_ends_sessions(auth: FlaskClient, path: str) -> None:
    person = add_person()
    elsewhere = open_elsewhere(auth, person)
    sign_in(auth, person.email, **ORIGIN)
    foreign = {"Origin": "https://elsewhere.test"}
    assert auth.delete(SESSIONS + path.format(id=elsewhere), headers=foreign).status_code == 403
    assert auth.delete(SESSIONS + path.format(id=elsewhere)).status_code == 403
    assert auth.delete(SESSIONS + path.format(id=elsewhere), headers=ORIGIN).status_code == 204


def test_without_redis_another_device_is_signed_out_all_the_same(auth: FlaskClient, product: LocalCloud) -> None:
    person = add_person()
    elsewhere = sign_in(auth, person.email, **{"X-Session-Transport": "bearer"}).get_json()["token"]
    product.stop_part("redis")
    try:
        assert auth.delete(SESSIONS, headers=person.bearer).status_code == 204
        assert auth.get(SESSION, headers={"Authorization": f"Bearer {elsewhere}"}).status_code == 401
        assert auth.get(SESSION, headers=person.bearer).status_code == 200
    finally:
        product.start_part("redis")


def open_elsewhere(auth: FlaskClient, person: Person) -> UUID:
    """Another session of the person: its id."""
    before = set(rows(select(Session.id)))
    sign_in(auth, person.email, **{"X-Session-Transport": "bearer"})
    [opened] = set(rows(select(Session.id))) - before
    return opened


@transaction
def set_session(db: Database, /, session_id: UUID, **values: Any) -> None:
    db.execute(update(Session).where(Session.id == session_id).values(**values))


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
