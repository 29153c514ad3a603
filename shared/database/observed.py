"""What is seen of the database: connections, statements by what they do, transactions, commits; never a value."""

import functools
import re
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager
from io import IOBase
from types import TracebackType
from typing import Any, Final

from pg8000.legacy import Cursor
from sqlalchemy import Engine
from sqlalchemy.pool import QueuePool

from shared.database.pipelined import PipelinedConnection, PipelinedCursor
from shared.telemetry import metrics, traces
from shared.telemetry.traces import NOTHING

STATEMENTS_REMEMBERED: Final = 500
OPERATION: Final = re.compile(r"\s*(SELECT|INSERT|UPDATE|DELETE)\b", re.IGNORECASE)
TABLE: Final = re.compile(r'\b(?:FROM|INTO|UPDATE)\s+"?([a-z_]+)"?', re.IGNORECASE)


def observe_pool(engine: Engine) -> None:
    """The gauge of connections is this engine's."""

    def stand() -> metrics.Readings:
        pool = engine.pool
        assert isinstance(pool, QueuePool)
        return {("in_use",): pool.checkedout(), ("idle",): pool.checkedin()}

    metrics.watch(metrics.DATABASE_CONNECTIONS, stand)


def connection_class(plain: type[PipelinedConnection]) -> type[PipelinedConnection]:
    """What connects: where anything is recorded at all, a connection whose statements are timed."""
    return ObservedConnection if metrics.is_counting() or traces.is_recording() else plain


class ObservedCursor(PipelinedCursor):
    """A cursor whose statements are timed: SQLAlchemy's events would cost as much as a small statement's own work."""

    def execute(self, operation: str, args: Sequence[Any] = (), stream: IOBase | None = None) -> Cursor:
        """As any other."""
        what, name = _named(operation)
        started = time.perf_counter()
        try:
            with traces.span(name, "client"):
                return super().execute(operation, args, stream)
        finally:
            metrics.observe(metrics.STATEMENT_SECONDS, time.perf_counter() - started, what)


class ObservedConnection(PipelinedConnection):
    """A connection whose statements are timed."""

    def cursor(self) -> ObservedCursor:
        """A cursor of this connection."""
        return ObservedCursor(self)


def transacting(name: str, away: type[Exception]) -> AbstractContextManager[object]:
    """Within the block a transaction of this name runs, with all of its attempts."""
    if not (metrics.is_counting() or traces.is_recording()):
        return NOTHING
    return _Transaction(name, away)


def committing() -> AbstractContextManager[object]:
    """Within the block it commits."""
    return traces.span("COMMIT", "client")


@functools.lru_cache(STATEMENTS_REMEMBERED)
def _named(statement: str) -> tuple[str, str]:
    """What a statement does, and that with the first table that it names."""
    operation, table = OPERATION.match(statement), TABLE.search(statement)
    if operation is None:
        return metrics.OTHER, "statement"
    return operation[1].lower(), f"{operation[1].upper()} {table[1]}" if table else operation[1].upper()


class _Transaction:
    """One that runs."""

    __slots__ = ("_away", "_span", "_started")

    def __init__(self, name: str, away: type[Exception]) -> None:
        self._away = away
        self._span = traces.span(name)
        self._started = time.perf_counter()

    def __enter__(self) -> "_Transaction":
        self._span.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        took, end = time.perf_counter() - self._started, "committed"
        if kind is not None:
            end = "away" if issubclass(kind, self._away) else "raised"
        metrics.observe(metrics.TRANSACTION_SECONDS, took, end)
        self._span.__exit__(kind, error, trace)
