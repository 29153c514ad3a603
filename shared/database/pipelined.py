"""A pg8000 connection that waits once per statement, and not at all for BEGIN.

pg8000 waits for the server after each of Parse, Describe and Execute, and after BEGIN: a transaction of three
statements waits thirteen times. The protocol lets a client send all of it and read the answers afterwards
(https://www.postgresql.org/docs/current/protocol-flow.html, "Pipelining"); the same transaction then waits four times.
It also reads each statement letter by letter to number its parameters; here that is done once a statement.
"""

import functools
from collections.abc import Sequence
from contextlib import suppress
from io import IOBase
from typing import Any

from pg8000.converters import make_params
from pg8000.core import NULL_BYTE, SYNC_MSG, Context, _flush, _write
from pg8000.dbapi import convert_paramstyle
from pg8000.exceptions import Error, InterfaceError
from pg8000.legacy import Connection, Cursor

BEGIN = "begin transaction"
ENDS = {"commit", "rollback"}
STATEMENTS_REMEMBERED = 500


class _Bound(str):
    """A statement with numbered parameters, and what stands for them."""

    values: Sequence[Any]
    oids: Sequence[int]


@functools.lru_cache(STATEMENTS_REMEMBERED)
def _numbered(statement: str) -> str:
    numbered: str = convert_paramstyle("format", statement, ())[0]
    return numbered


class PipelinedCursor(Cursor):  # type: ignore[misc]
    """A cursor that knows a statement it has numbered before."""

    def execute(self, operation: str, args: Sequence[Any] = (), stream: IOBase | None = None) -> Cursor:
        """As pg8000's own, whose translation of errors it keeps."""
        if not args or stream is not None or self.paramstyle != "format":
            return super().execute(operation, args, stream)
        bound = _Bound(_numbered(operation))
        bound.values, bound.oids = args, self._input_oids
        return super().execute(bound)


class PipelinedConnection(Connection):  # type: ignore[misc]
    """A connection as SQLAlchemy knows it; `round_trips` counts how often it waited for the server."""

    round_trips = 0
    _begin_owed = False

    def __init__(self, *where: Any, **options: Any) -> None:
        """As pg8000's own, which leaves its socket open where the server refuses the session."""
        try:
            super().__init__(*where, **options)
        except BaseException:
            for opened in (getattr(self, "_sock", None), getattr(self, "_usock", None)):
                if opened is not None:
                    with suppress(OSError):
                        opened.close()
            raise

    @property
    def _in_transaction(self) -> bool:
        return self._begin_owed or bool(super()._in_transaction)

    def cursor(self) -> PipelinedCursor:
        """A cursor of this connection."""
        return PipelinedCursor(self)

    def execute_simple(self, statement: str) -> Context:
        """Send one statement without parameters; BEGIN is only noted, and travels with what follows it."""
        if isinstance(statement, _Bound):
            return self.execute_unnamed(statement, statement.values, statement.oids)
        if statement == BEGIN:
            self._begin_owed = True
            return Context(statement)
        if self._ends_nothing(statement):
            return Context(statement)
        contexts = [*self._send_owed_begin(), Context(statement)]
        self.send_QUERY(statement)
        return self._read_answers(contexts)

    def execute_unnamed(
        self, statement: str, vals: Sequence[Any] = (), oids: Sequence[int] = (), stream: IOBase | None = None
    ) -> Context:
        """Send Parse, Bind, Describe, Execute and Sync together, then read the answers."""
        if self._ends_nothing(statement):
            return Context(statement)
        params = self._convert(vals)
        contexts = [*self._send_owed_begin(), Context(statement, stream=stream)]
        self.send_PARSE(NULL_BYTE, statement, oids)
        self.send_DESCRIBE_STATEMENT(NULL_BYTE)
        self.send_BIND(NULL_BYTE, params)
        self.send_EXECUTE()
        _write(self._sock, SYNC_MSG)
        return self._read_answers(contexts)

    def close(self) -> None:
        """End the session and give the socket back at once; pg8000 leaves that to the garbage collector."""
        file = self._sock
        if file is None:
            raise InterfaceError("connection is closed")
        # Nothing is left to do where the server is gone already.
        with suppress(InterfaceError):
            super().close()
        with suppress(OSError):
            file.close()

    def _convert(self, vals: Sequence[Any]) -> tuple[str | None, ...]:
        # Before anything is sent: a value that cannot be converted or encoded must leave the connection usable.
        params: tuple[str | None, ...] = make_params(self.py_types, vals)
        for param in params:
            if param is not None:
                param.encode(self._client_encoding)
        return params

    def _ends_nothing(self, statement: str) -> bool:
        if not (self._begin_owed and statement.lower() in ENDS):
            return False
        self._begin_owed = False
        return True

    def _send_owed_begin(self) -> list[Context]:
        if self._sock is None:
            raise InterfaceError("connection is closed")
        if not self._begin_owed:
            return []
        self._begin_owed = False
        self.send_QUERY(BEGIN)
        return [Context(BEGIN)]

    def _read_answers(self, contexts: list[Context]) -> Context:
        self.round_trips += 1
        _flush(self._sock)
        failure: Error | None = None
        # Every answer is read before any failure is raised, or the next statement would be given this one's answer.
        for context in contexts:
            try:
                self.handle_messages(context)
            except OSError as error:
                raise InterfaceError("network error") from error
            except Error as error:
                if "network error" in str(error):
                    raise
                failure = failure or error
        if failure is not None:
            raise failure
        return contexts[-1]
