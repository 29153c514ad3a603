"""The pipelined connection answers as pg8000's own does, also after something went wrong in the middle."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any
from uuid import uuid4

import pytest
from pg8000.exceptions import DatabaseError, InterfaceError
from sqlalchemy import make_url

from infra.migrations.local import LocalDatabase
from shared.database.pipelined import PipelinedConnection


@pytest.fixture
def connection(database: LocalDatabase) -> Iterator[PipelinedConnection]:
    url = make_url(database.app_url)
    opened = PipelinedConnection(user="bloom_app", database=url.database, unix_sock=url.query["unix_sock"])
    yield opened
    if opened._usock is not None:
        opened.close()


def ask(connection: PipelinedConnection, statement: str, *parameters: Any) -> Any:
    cursor = connection.cursor()
    cursor.execute(statement, parameters)
    return cursor.fetchall() if cursor.description else cursor.rowcount


@pytest.mark.parametrize(
    "value",
    [
        "",
        "Ωμέγα 🌼",
        7,
        2**40,
        0.5,
        True,
        None,
        b"\x00\xff",
        uuid4(),
        date(2026, 2, 28),
        datetime(2026, 1, 1, tzinfo=UTC),
    ],
)
def test_values_come_back_as_they_went(connection: PipelinedConnection, value: Any) -> None:
    kinds = {str: "text", int: "int8", float: "float8", bool: "bool", bytes: "bytea", date: "date"}
    kind = kinds.get(type(value), "uuid" if not isinstance(value, datetime) else "timestamptz")
    assert ask(connection, f"SELECT %s::{kind}", value)[0][0] == value


def test_a_rollback_takes_everything_since_begin_away(connection: PipelinedConnection) -> None:
    ask(connection, "CREATE TEMPORARY TABLE note (line text)")
    connection.commit()
    assert ask(connection, "INSERT INTO note VALUES (%s), (%s)", "a", "b") == 2
    connection.rollback()
    assert ask(connection, "SELECT count(*) FROM note WHERE line <> %s", "c") == ([0],)


def test_nothing_is_sent_for_a_transaction_in_which_nothing_was_asked(connection: PipelinedConnection) -> None:
    connection.execute_simple("begin transaction")
    connection.commit()
    connection.execute_simple("begin transaction")
    connection.rollback()
    connection.rollback()
    assert connection.round_trips == 0


@pytest.mark.parametrize("statement", ["SELECT nonsense WHERE %s = 1", "SELECT 1 / (%s::int - 1)", "SELECT %s::uuid"])
def test_after_a_failed_statement_the_next_gets_its_own_answer(connection: PipelinedConnection, statement: str) -> None:
    with pytest.raises(DatabaseError):
        ask(connection, statement, "1")
    with pytest.raises(DatabaseError, match="25P02"):
        ask(connection, "SELECT %s::int", 2)
    connection.rollback()
    assert ask(connection, "SELECT %s::int", 3) == ([3],)


def test_a_value_that_cannot_be_encoded_leaves_the_connection_usable(connection: PipelinedConnection) -> None:
    with pytest.raises(UnicodeEncodeError):
        ask(connection, "SELECT %s::text", "\ud800")
    assert ask(connection, "SELECT %s::int", 3) == ([3],)


def test_a_large_statement_and_a_large_answer_pass(connection: PipelinedConnection) -> None:
    text = "x" * 3_000_000
    assert ask(connection, "SELECT %s::text, repeat('y', %s::int)", text, 3_000_000)[0] == [text, "y" * 3_000_000]


def test_a_closed_connection_says_so(connection: PipelinedConnection) -> None:
    connection.close()
    with pytest.raises(InterfaceError, match="connection is closed"):
        ask(connection, "SELECT %s::int", 1)
    with pytest.raises(InterfaceError, match="connection is closed"):
        ask(connection, "SELECT 1")


def test_a_silent_server_is_a_network_error(database: LocalDatabase) -> None:
    url = make_url(database.app_url)
    impatient = PipelinedConnection(
        user="bloom_app", database=url.database, unix_sock=url.query["unix_sock"], timeout=0.2
    )
    with pytest.raises(InterfaceError, match="network error"):
        ask(impatient, "SELECT pg_sleep(%s::float8)", 5.0)
    impatient.close()
