"""A transaction is kept whole or not at all, runs again when the database asks, and says when it cannot tell."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from uuid import UUID, uuid4

import pytest
from pg8000.legacy import Connection
from sqlalchemy import Integer, bindparam, create_engine, func, make_url, select, text, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from sqlalchemy.pool import QueuePool

from infra.migrations.local import LocalDatabase
from shared.database.engine import build_engine, engine
from shared.database.faults import Fault
from shared.database.models.accounts import User
from shared.database.models.messaging import Conversation
from shared.database.pipelined import PipelinedConnection
from shared.database.transaction import (
    Backoff,
    CommitUnknown,
    Retried,
    expect_unique,
    look_up,
    retry_observers,
    transaction,
)
from shared.problems import Conflict, Unavailable
from tests.inside import sized
from tests.postgres import forget_engine
from tests.shared.database import rows


class AddressTaken(Conflict):
    """409 of these tests."""


@pytest.fixture
def retried() -> Iterator[list[Retried]]:
    seen: list[Retried] = []
    retry_observers.append(seen.append)
    yield seen
    retry_observers.remove(seen.append)


@transaction
def open_conversation(db: Session) -> UUID:
    conversation = rows.conversation()
    db.add(conversation)
    return conversation.id


@transaction
def last_seq(db: Session, conversation_id: UUID) -> int:
    return db.scalars(select(Conversation.last_seq).where(Conversation.id == conversation_id)).one()


@transaction
def raise_seq(db: Session, conversation_id: UUID) -> int:
    conversation = db.get_one(Conversation, conversation_id)
    conversation.last_seq += 1
    return conversation.last_seq


@transaction
def users(db: Session) -> int:
    return db.scalars(select(func.count()).select_from(User)).one()


def until_available(act: Callable[[], object]) -> None:
    while True:
        try:
            act()
        except Unavailable:
            continue
        return


@contextmanager
def at_commit(database: LocalDatabase, statement: str) -> Iterator[None]:
    """While the block runs, every COMMIT that changed a conversation executes a statement of PL/pgSQL first."""
    owner = build_engine(database.migrator_url)
    with owner.begin() as connection:
        connection.execute(text("SET ROLE migrator"))
        connection.exec_driver_sql(
            f"CREATE FUNCTION at_commit() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {statement}; RETURN NULL; END $$"
        )
        connection.exec_driver_sql(
            "CREATE CONSTRAINT TRIGGER at_commit AFTER INSERT OR UPDATE ON conversation "
            "DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION at_commit()"
        )
    yield
    with owner.begin() as connection:
        connection.execute(text("SET ROLE migrator"))
        connection.execute(text("DROP FUNCTION at_commit() CASCADE"))
    owner.dispose()


SERIALIZATION_FAILURE = "RAISE EXCEPTION USING ERRCODE = '40001'"


def terminate(database: LocalDatabase, pid: int) -> None:
    admin = build_engine(database.admin_url)
    with admin.connect() as connection:
        connection.execute(text("SELECT pg_terminate_backend(:pid, 2000)"), {"pid": pid})
    admin.dispose()


def test_conflicting_increments_by_eight_threads_are_all_counted(
    fresh_database: LocalDatabase, environment: Callable[..., None], retried: list[Retried]
) -> None:
    environment(database_url=fresh_database.app_url, database_pool_size="8")
    conversation, each = open_conversation(), sized(40, 125)

    def work() -> None:
        for _ in range(each):
            until_available(lambda: raise_seq(conversation))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert last_seq(conversation) == 8 * each
    assert {one.fault for one in retried} == {Fault.CONFLICT}
    print(f"{len(retried)} retries")


def test_transactions_that_share_no_row_do_not_conflict(
    fresh_database: LocalDatabase, environment: Callable[..., None], retried: list[Retried]
) -> None:
    environment(database_url=fresh_database.app_url, database_pool_size="4")
    conversations = [open_conversation() for _ in range(4)]

    def work(conversation: UUID) -> None:
        for _ in range(50):
            raise_seq(conversation)

    threads = [threading.Thread(target=work, args=(one,)) for one in conversations]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [last_seq(one) for one in conversations] == [50] * 4
    assert retried == []


def test_serialization_failures_at_commit_change_nothing_but_the_number_of_attempts(
    fresh_database: LocalDatabase, retried: list[Retried]
) -> None:
    conversation = open_conversation()
    with at_commit(fresh_database, f"IF random() < 0.4 THEN {SERIALIZATION_FAILURE}; END IF"):
        for _ in range(50):
            until_available(lambda: raise_seq(conversation))
    assert last_seq(conversation) == 50
    assert retried


def test_after_its_tries_a_transaction_is_given_up_with_a_time_to_come_back(
    fresh_database: LocalDatabase, retried: list[Retried]
) -> None:
    waits: list[float] = []

    @transaction(tries=4, backoff=Backoff(base=0.01, cap=0.05, sleep=waits.append, jitter=lambda: 0.5))
    def raise_in_vain(db: Session) -> None:
        db.execute(update(Conversation).values(last_seq=Conversation.last_seq + 1))

    conversation = open_conversation()
    with at_commit(fresh_database, SERIALIZATION_FAILURE), pytest.raises(Unavailable) as raised:
        raise_in_vain()

    assert raised.value.retry_after == 1
    assert not isinstance(raised.value, CommitUnknown)
    assert waits == pytest.approx([0.01, 0.02, 0.025])
    assert [one.attempt for one in retried] == [1, 2, 3]
    assert last_seq(conversation) == 0


def test_a_connection_lost_before_the_commit_is_replaced_and_the_work_done_once(
    database: LocalDatabase, retried: list[Retried]
) -> None:
    attempts = []

    @transaction
    def interrupted(db: Session) -> None:
        db.add(rows.user())
        db.flush()
        attempts.append(db.scalar(text("SELECT pg_backend_pid()")))
        if len(attempts) == 1:
            terminate(database, attempts[0])
        db.execute(text("SELECT 1"))

    interrupted()
    assert len(attempts) == 2
    assert [one.fault for one in retried] == [Fault.LOST]
    assert users() == 1


def test_a_connection_lost_while_committing_is_not_tried_again(
    fresh_database: LocalDatabase, retried: list[Retried]
) -> None:
    runs = []

    @transaction
    def doomed(db: Session) -> None:
        runs.append(1)
        db.add(rows.conversation())

    open_conversation()
    disconnect = "PERFORM pg_terminate_backend(pg_backend_pid()), pg_sleep(5)"
    with at_commit(fresh_database, disconnect), pytest.raises(CommitUnknown) as raised:
        doomed()
    assert raised.value.status == 503
    assert raised.value.retry_after
    assert len(runs) == 1
    assert retried == []
    open_conversation()


def test_a_connection_that_rested_and_died_is_noticed_before_it_is_used(
    database: LocalDatabase, retried: list[Retried], monkeypatch: pytest.MonkeyPatch
) -> None:
    @transaction
    def backend(db: Session) -> int:
        return int(db.execute(text("SELECT pg_backend_pid()")).scalar_one())

    first = backend()
    terminate(database, first)
    monkeypatch.setattr("shared.database.engine.SECONDS_TRUSTED", 0)
    assert backend() != first
    assert retried == []


def test_a_transaction_inside_a_transaction_is_refused(database: LocalDatabase) -> None:
    @transaction
    def outer(db: Session) -> None:
        open_conversation()

    with pytest.raises(RuntimeError, match=r"open_conversation .* inside .*outer"):
        outer()
    open_conversation()


def test_nothing_is_kept_of_a_transaction_that_raises(database: LocalDatabase) -> None:
    @transaction
    def failing(db: Session) -> None:
        db.add(rows.user())
        db.flush()
        raise AddressTaken

    with pytest.raises(AddressTaken):
        failing()
    assert users() == 0


def test_what_the_function_raises_is_told_though_the_connection_breaks_meanwhile(database: LocalDatabase) -> None:
    @transaction
    def failing(db: Session) -> None:
        terminate(database, db.execute(text("SELECT pg_backend_pid()")).scalar_one())
        raise AddressTaken

    with pytest.raises(AddressTaken):
        failing()
    assert users() == 0
    pool = engine().pool
    assert isinstance(pool, QueuePool)
    assert pool.checkedout() == 0


def test_what_a_transaction_returns_can_be_read_after_it(database: LocalDatabase) -> None:
    @transaction
    def sign_up(db: Session) -> User:
        user = rows.user(name="Ada")
        db.add(user)
        return user

    assert sign_up().name == "Ada"


def test_parents_are_written_before_children_whatever_the_order_of_adding(database: LocalDatabase) -> None:
    @transaction
    def several(db: Session) -> None:
        patient, therapist = rows.user(), rows.user()
        care = rows.care(patient.id, therapist.id)
        conversation = rows.conversation(care_relationship_id=care.id)
        message = rows.message(conversation.id, patient.id)
        db.add_all([rows.risk(message), rows.analysis(message), message, conversation, care, therapist, patient])

    for _ in range(5):
        several()


def test_a_statement_over_its_time_limit_is_unavailable(
    fresh_database: LocalDatabase, environment: Callable[..., None], retried: list[Retried]
) -> None:
    environment(database_url=fresh_database.app_url, database_statement_timeout_ms="100")

    @transaction
    def slow(db: Session) -> None:
        db.execute(text("SELECT pg_sleep(2)"))

    with pytest.raises(Unavailable):
        slow()
    assert retried == []
    assert users() == 0


def test_a_database_that_is_away_is_unavailable(environment: Callable[..., None]) -> None:
    engine.cache_clear()
    with pytest.raises(Unavailable) as raised:
        users()
    assert raised.value.status == 503
    engine.cache_clear()


def test_the_expected_violation_becomes_its_problem_and_any_other_stays(database: LocalDatabase) -> None:
    @transaction
    def sign_up(db: Session, user: User) -> None:
        with expect_unique(db, "uq_user_email", AddressTaken):
            db.add(user)

    sign_up(rows.user(email="ada@example.org"))
    with pytest.raises(AddressTaken):
        sign_up(rows.user(email="ada@example.org"))
    known = uuid4()
    sign_up(rows.user(id=known))
    with pytest.raises(IntegrityError):
        sign_up(rows.user(id=known))
    assert users() == 2


def test_a_transaction_waits_for_the_server_once_per_statement_and_once_to_commit(database: LocalDatabase) -> None:
    def waits(act: Callable[[], object]) -> int:
        def so_far() -> int:
            with engine().connect() as connection:
                driver = connection.connection.dbapi_connection
                assert isinstance(driver, PipelinedConnection)
                return driver.round_trips

        act()
        before = so_far()
        act()
        return so_far() - before

    conversation = open_conversation()
    assert waits(users) == 2
    assert waits(lambda: raise_seq(conversation)) == 3


def test_pg8000s_own_connection_waits_more(database: LocalDatabase) -> None:
    """The figure that the pipelined connection is for; if pg8000 learns to pipeline, ours can go."""
    waits = 0

    class Counted(Connection):  # type: ignore[misc]
        def handle_messages(self, context: object) -> None:
            nonlocal waits
            waits += 1
            super().handle_messages(context)

    url = make_url(database.app_url)
    stock = create_engine(
        "postgresql+pg8000://",
        creator=lambda: Counted(user=url.username, database=url.database, unix_sock=url.query["unix_sock"]),
    )
    with stock.connect() as connection:
        connection.rollback()
        waits = 0
        connection.execute(select(Conversation.last_seq).where(Conversation.id == uuid4()))
        connection.commit()
    stock.dispose()
    assert waits == 7


BACKEND = select(func.pg_backend_pid().label("pid"), bindparam("given", type_=Integer).label("given"))


def test_one_statement_is_looked_up_without_a_transaction(database: LocalDatabase) -> None:
    [before] = look_up(BACKEND, {"given": 1})
    waits = round_trips()
    [row] = look_up(BACKEND, {"given": 2})
    assert (row.pid, row.given) == (before.pid, 2)
    assert round_trips() - waits == 1
    assert users() == 0, "the connection begins its transactions as before"
    with engine().connect() as connection:
        assert connection.get_isolation_level() == "SERIALIZABLE"


def test_a_look_up_on_a_lost_connection_is_made_again(database: LocalDatabase) -> None:
    [before] = look_up(BACKEND, {"given": 1})
    terminate(database, before.pid)
    [row] = look_up(BACKEND, {"given": 2})
    assert row.given == 2
    assert row.pid != before.pid


def test_a_look_up_in_a_database_that_is_away_is_unavailable(environment: Callable[..., None]) -> None:
    forget_engine()
    with pytest.raises(Unavailable):
        look_up(BACKEND, {"given": 1})
    forget_engine()


def test_a_look_up_inside_a_transaction_is_refused(database: LocalDatabase) -> None:
    @transaction
    def outer(db: Session) -> None:
        look_up(BACKEND, {"given": 1})

    with pytest.raises(RuntimeError, match=r"look_up .* inside .*outer"):
        outer()


def round_trips() -> int:
    with engine().connect() as connection:
        driver = connection.connection.driver_connection
        assert isinstance(driver, PipelinedConnection)
        return driver.round_trips
