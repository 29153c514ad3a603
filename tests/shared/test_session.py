"""A session lives as long as it may and is used, and once revoked it is refused everywhere at once."""

import hashlib
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, text, update
from sqlalchemy.orm import Session as Database

from dev.cloud import LocalCloud
from infra.migrations.local import LocalDatabase
from infra.migrations.tables import metadata
from shared import clock, session
from shared.database.engine import build_engine
from shared.database.models.accounts import Session, User, UserStatus
from shared.database.transaction import transaction
from shared.events import SessionsRevoked
from shared.redis import ask
from shared.roles import Role
from tests.people import Person, add_person, rows
from tests.shared.redis_gate import RedisGate

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def status(client: FlaskClient, person: Person) -> int:
    return client.get("/api/who", headers=person.bearer).status_code


def status_at(client: FlaskClient, person: Person, moment: datetime) -> int:
    with clock.held_at(lambda: moment):
        return status(client, person)


def opened_at_noon(role: Role) -> Person:
    with clock.held_at(lambda: NOON):
        return add_person(role)


def row() -> Session:
    [found] = rows(select(Session))
    return found


@transaction
def revoke(db: Database, person: Person) -> SessionsRevoked | None:
    ids = db.scalars(select(Session.id).where(Session.user_id == person.id)).all()
    return session.revoke(db, person.id, ids)


def revoke_everywhere(person: Person) -> None:
    event = revoke(person)
    assert event is not None
    session.deliver_revocation(event)


@transaction
def suspend(db: Database, person: Person) -> None:
    db.execute(update(User).where(User.id == person.id).values(status=UserStatus.SUSPENDED, suspended_at=clock.now()))


def test_a_revoked_session_is_refused_at_once(client: FlaskClient) -> None:
    person = add_person()
    assert status(client, person) == 200
    revoke_everywhere(person)
    assert status(client, person) == 401


def test_a_fill_that_started_before_the_revocation_does_not_revive_the_session(
    gate: RedisGate, client: FlaskClient
) -> None:
    person = add_person()
    gate.hold('"NX"')
    with ThreadPoolExecutor(1) as thread:
        slow = thread.submit(status, client, person)
        assert gate.arrived.wait(10), "the session was read, and is about to be cached"
        revoke_everywhere(person)
        gate.let_through()
        assert slow.result(10) == 200
    assert [status(client, person) for _ in range(2)] == [401, 401]
    assert ask(lambda redis: redis.get(session.cache_key(person.token))) == session.REVOKED


def test_a_tombstone_that_comes_after_the_fill_buries_it(gate: RedisGate, client: FlaskClient) -> None:
    person = add_person()
    gate.hold(f'"{session.REVOKED}"')
    with ThreadPoolExecutor(1) as thread:
        revocation = thread.submit(revoke_everywhere, person)
        assert gate.arrived.wait(10), "the revocation is committed, and Redis is about to learn it"
        assert status(client, person) == 401, "it is not in the cache, and the database says no"
        gate.let_through()
        revocation.result(10)
    assert status(client, person) == 401


def test_a_tombstone_outlives_every_entry(client: FlaskClient) -> None:
    person = add_person()
    status(client, person)
    key = session.cache_key(person.token)
    assert 0 < ask(lambda redis: redis.ttl(key)) <= session.SECONDS_CACHED
    revoke_everywhere(person)
    assert ask(lambda redis: redis.ttl(key)) > 9 * session.SECONDS_CACHED


@pytest.fixture
def second_process(product: LocalCloud) -> Iterator[Callable[[Person], int]]:
    """What another process answers to a person."""
    command = [sys.executable, "-m", "tests.shared.second_process"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin
        assert process.stdout
        tell, hear = process.stdin, process.stdout

        def answer(person: Person) -> int:
            tell.write(f"{person.token}\n")
            tell.flush()
            return int(hear.readline())

        yield answer
        tell.close()


def test_another_process_refuses_it_at_once_though_it_let_it_in_before(
    client: FlaskClient, second_process: Callable[[Person], int]
) -> None:
    person = add_person()
    assert [second_process(person) for _ in range(2)] == [200, 200]
    revoke_everywhere(person)
    assert second_process(person) == 401


def test_without_redis_the_database_answers(client: FlaskClient, redis_away: Callable[[], None]) -> None:
    person = add_person()
    assert status(client, person) == 200
    redis_away()
    assert status(client, person) == 200
    revoke(person)
    assert status(client, person) == 401


def test_revoking_twice_tells_nothing_new(client: FlaskClient) -> None:
    person = add_person()
    assert revoke(person) is not None
    assert revoke(person) is None


def test_nobody_revokes_another_users_session(client: FlaskClient) -> None:
    person, other = add_person(), add_person()

    @transaction
    def revoke_as_other(db: Database) -> SessionsRevoked | None:
        ids = db.scalars(select(Session.id).where(Session.user_id == person.id)).all()
        return session.revoke(db, other.id, ids)

    assert revoke_as_other() is None
    assert status(client, person) == 200


@pytest.mark.parametrize(("role", "minutes"), [(Role.PATIENT, 30), (Role.THERAPIST, 15), (Role.ADMINISTRATOR, 15)])
def test_it_ends_when_nobody_uses_it(client: FlaskClient, role: Role, minutes: int) -> None:
    used, unused = opened_at_noon(role), opened_at_noon(role)
    almost = NOON + timedelta(minutes=minutes) - timedelta(seconds=1)
    assert status_at(client, used, almost) == 200
    assert status_at(client, unused, almost + timedelta(seconds=1)) == 401
    assert status_at(client, used, almost + timedelta(minutes=minutes)) == 401


def test_an_entry_of_the_cache_ends_with_the_session(client: FlaskClient) -> None:
    person = opened_at_noon(Role.PATIENT)
    assert status_at(client, person, NOON) == 200
    assert ask(lambda redis: redis.exists(session.cache_key(person.token))) == 1
    assert status_at(client, person, NOON + timedelta(minutes=30)) == 401


@pytest.mark.parametrize(("role", "hours"), [(Role.PATIENT, 168), (Role.THERAPIST, 12), (Role.ADMINISTRATOR, 12)])
def test_it_ends_for_good_however_much_it_is_used(
    client: FlaskClient, environment: Callable[..., None], role: Role, hours: int
) -> None:
    environment(patient_idle_minutes="100000", staff_idle_minutes="100000")
    person, end = opened_at_noon(role), NOON + timedelta(hours=hours)
    assert status_at(client, person, end - timedelta(seconds=1)) == 200
    assert status_at(client, person, end) == 401
    assert row().expires_at == end


def test_its_last_use_is_noted_once_a_minute(client: FlaskClient) -> None:
    person = opened_at_noon(Role.PATIENT)

    def seen_after(seconds: int) -> timedelta:
        ask(lambda redis: redis.flushall())  # its entry in the cache is over
        assert status_at(client, person, NOON + timedelta(seconds=seconds)) == 200
        return row().last_seen_at - NOON

    assert seen_after(59) == timedelta(0)
    assert seen_after(60) == timedelta(seconds=60)
    assert seen_after(119) == timedelta(seconds=60)
    assert seen_after(120) == timedelta(seconds=120)


def test_a_suspended_user_is_refused(client: FlaskClient) -> None:
    person = add_person()
    suspend(person)
    assert status(client, person) == 401


def test_the_token_is_nowhere_but_with_its_owner(client: FlaskClient, database: LocalDatabase) -> None:
    person = add_person()
    status(client, person)
    kept = everything_in_database(database) + everything_in_redis()
    digest = hashlib.sha256(person.token.encode())
    assert person.token not in kept
    assert digest.hexdigest() in kept
    assert row().token_hash == digest.digest()


def everything_in_database(database: LocalDatabase) -> str:
    admin = build_engine(database.admin_url)
    with admin.connect() as connection:
        kept = [str(connection.execute(text(f'SELECT * FROM "{table}"')).all()) for table in metadata.tables]
    admin.dispose()
    return "".join(kept)


def everything_in_redis() -> str:
    keys = ask(lambda redis: redis.keys("*"))
    return str(keys) + str(ask(lambda redis: redis.mget(*keys)))
