"""A session lives as long as it may and is used, and once revoked it is refused everywhere at once."""

import hashlib
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from threading import Barrier

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
from tests.doubles import forget
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
def renew(db: Database, person: Person) -> tuple[session.NewSession, SessionsRevoked] | None:
    [session_id] = db.scalars(select(Session.id).where(Session.user_id == person.id))
    return session.renew_token(db, session.Caller(person.id, person.role, session_id))


def renew_everywhere(person: Person) -> Person:
    """The same person with the new token; where the session has ended, with one that nobody was given."""
    renewed = renew(person)
    if renewed is None:
        return replace(person, token="none")
    session.deliver_revocation(renewed[1])
    return replace(person, token=renewed[0].token)


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


def test_one_late_answer_of_redis_does_not_leave_a_revoked_session_in_the_cache(
    gate: RedisGate, client: FlaskClient, environment: Callable[..., None]
) -> None:
    environment(redis_timeout_ms="500")
    forget()
    person = add_person()
    assert status(client, person) == 200
    gate.hold(f'"{session.REVOKED}"')
    with ThreadPoolExecutor(1) as thread:
        revocation = thread.submit(revoke_everywhere, person)
        assert gate.arrived.wait(10)
        gate.arrived.clear()
        assert gate.arrived.wait(10), "it was given up, and is tried again"
        gate.let_through()
        revocation.result(10)
    assert status(client, person) == 401


def test_a_fill_that_started_before_a_renewal_does_not_revive_the_old_token(
    gate: RedisGate, client: FlaskClient
) -> None:
    person = add_person()
    gate.hold('"NX"')
    with ThreadPoolExecutor(1) as thread:
        slow = thread.submit(status, client, person)
        assert gate.arrived.wait(10), "the session was read under its old token, and is about to be cached"
        renewed = renew_everywhere(person)
        gate.let_through()
        assert slow.result(10) == 200
    assert [status(client, person) for _ in range(2)] == [401, 401]
    assert ask(lambda redis: redis.get(session.cache_key(person.token))) == session.REVOKED
    assert [status(client, renewed) for _ in range(2)] == [200, 200]


def test_the_old_token_is_refused_before_the_cache_learns_of_the_renewal(gate: RedisGate, client: FlaskClient) -> None:
    person = add_person()
    gate.hold(f'"{session.REVOKED}"')
    with ThreadPoolExecutor(1) as thread:
        renewal = thread.submit(renew_everywhere, person)
        assert gate.arrived.wait(10), "the renewal is committed, and Redis is about to learn it"
        assert status(client, person) == 401, "it is not in the cache, and the database says no"
        gate.let_through()
        renewed = renewal.result(10)
    assert status(client, person) == 401
    assert status(client, renewed) == 200


def test_a_session_that_is_renewed_and_revoked_at_once_is_over_under_both_tokens(client: FlaskClient) -> None:
    for _ in range(10):
        person, together = add_person(), Barrier(2)

        def renewal(person: Person = person, together: Barrier = together) -> Person:
            together.wait(10)
            return renew_everywhere(person)

        with ThreadPoolExecutor(2) as threads:
            renewing = threads.submit(renewal)
            together.wait(10)
            revoke_everywhere(person)
            renewed = renewing.result(10)
        assert [status(client, one) for one in (person, renewed)] == [401, 401]


def test_a_renewal_leaves_open_sockets_alone(client: FlaskClient) -> None:
    person = add_person()
    renewed = renew(person)
    assert renewed is not None
    new, event = renewed
    assert (new.session_id, event.session_ids) == (row().id, ())
    assert event.token_hashes == (hashlib.sha256(person.token.encode()).hexdigest(),)


def test_a_session_that_has_ended_is_not_renewed(client: FlaskClient) -> None:
    person = add_person()
    revoke_everywhere(person)
    assert renew(person) is None


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


IDLE = [(Role.PATIENT, 30), (Role.THERAPIST, 15), (Role.ADMINISTRATOR, 15)]
A_SECOND, A_MINUTE = timedelta(seconds=1), timedelta(minutes=1)


@pytest.mark.parametrize("cached", [True, False])
@pytest.mark.parametrize(("role", "minutes"), IDLE)
def test_it_ends_when_nobody_uses_it(
    client: FlaskClient, redis_away: Callable[[], None], role: Role, minutes: int, cached: bool
) -> None:
    if not cached:
        redis_away()
    used, unused = opened_at_noon(role), opened_at_noon(role)
    limit = timedelta(minutes=minutes)
    assert status_at(client, used, NOON + limit) == 200
    assert status_at(client, unused, NOON + limit + A_MINUTE) == 401
    assert status_at(client, used, NOON + 2 * limit) == 200
    assert status_at(client, used, NOON + 3 * limit + A_MINUTE) == 401


@pytest.mark.parametrize("cached", [True, False])
@pytest.mark.parametrize(("role", "minutes"), IDLE)
def test_it_never_ends_early_though_its_use_is_noted_once_a_minute(
    client: FlaskClient, redis_away: Callable[[], None], role: Role, minutes: int, cached: bool
) -> None:
    if not cached:
        redis_away()
    person, limit = opened_at_noon(role), timedelta(minutes=minutes)
    last_use = NOON
    for seconds in (30, 59, 118, 177, 200, 259):
        last_use = NOON + timedelta(seconds=seconds)
        assert status_at(client, person, last_use) == 200
    noted = row().last_seen_at
    assert last_use - A_MINUTE < noted < last_use, "what is tested here is a use that was not noted"
    assert is_open_at(last_use + limit - A_SECOND)
    assert not is_open_at(last_use + limit + A_MINUTE)
    assert status_at(client, person, last_use + limit - A_SECOND) == 200


def is_open_at(moment: datetime) -> bool:
    with clock.held_at(lambda: moment):
        return session.still_open([row().id]) == {row().id}


def test_an_entry_of_the_cache_is_believed_until_the_next_use_has_to_be_noted(client: FlaskClient) -> None:
    person = opened_at_noon(Role.PATIENT)
    key = session.cache_key(person.token)
    assert status_at(client, person, NOON + timedelta(seconds=45)) == 200
    assert 0 < ask(lambda redis: redis.pttl(key)) <= 15_000
    end_quietly(person)
    assert status_at(client, person, NOON + timedelta(seconds=59)) == 200, "the cache answered"
    assert status_at(client, person, NOON + A_MINUTE) == 401, "the database did"


@transaction
def end_quietly(db: Database, person: Person) -> None:
    db.execute(update(Session).where(Session.user_id == person.id).values(revoked_at=NOON))


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
