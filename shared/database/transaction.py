"""The only place that commits: SERIALIZABLE, from the start again when the database asks for it, then given up.

A function under `@transaction` may run more than once, so it touches nothing but its `db`.
"""

import functools
import random
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Concatenate, Final, ParamSpec, TypeVar, overload

from sqlalchemy import Connection, Row, Select, Table, inspect
from sqlalchemy.exc import DBAPIError, IntegrityError, SQLAlchemyError
from sqlalchemy.orm import Session
from sqlalchemy.schema import sort_tables

from shared.database.engine import engine
from shared.database.faults import Fault, fault_of, violated_constraint
from shared.database.observed import committing, transacting
from shared.problems import Unavailable
from shared.telemetry.metrics import DATABASE_RETRIES, count

P = ParamSpec("P")
R = TypeVar("R")
Selected = TypeVar("Selected", bound=tuple[Any, ...])

TRIES: Final = 5


class CommitUnknown(Unavailable):
    """503: the connection broke while committing, so it may have been kept; a repeat is safe by its own key."""

    title = "We cannot tell whether this was kept; please try again"


@dataclass(frozen=True)
class Retried:
    """One attempt that is made again."""

    function: str
    attempt: int
    """Counted from 1."""
    fault: Fault


retry_observers: Final[list[Callable[[Retried], None]]] = []
"""Called before each new attempt; for telemetry and measurements."""


@dataclass(frozen=True)
class Backoff:
    """How long to wait before the next attempt: a random part of a span that doubles (full jitter). In seconds."""

    base: float = 0.005
    cap: float = 0.25
    sleep: Callable[[float], None] = time.sleep
    jitter: Callable[[], float] = field(default=random.random)

    def wait(self, attempt: int) -> None:
        """Wait after the attempt of this number, counted from 1."""
        self.sleep(min(self.cap, self.base * 2**attempt) * self.jitter())


_running: ContextVar[str | None] = ContextVar("_running", default=None)
_attempt_made: ContextVar[int] = ContextVar("_attempt_made", default=1)


def attempt_made() -> int:
    """Which attempt of the running transaction this is, from 1: who met others before can queue for what they want."""
    return _attempt_made.get()


class OrderedSession(Session):
    """A session that writes parents before children by their foreign keys; SQLAlchemy knows only relationships."""

    def flush(self, objects: Collection[object] | None = None) -> None:
        """Write what is pending, table by table where several are new."""
        if objects is None:
            new: dict[Table, list[object]] = {}
            for row in self.new:
                new.setdefault(inspect(row).mapper.local_table, []).append(row)
            if len(new) > 1:
                for table in sort_tables(new):
                    super().flush(new[table])
        super().flush(objects)  # type: ignore[arg-type]


@overload
def transaction(function: Callable[Concatenate[Session, P], R], /) -> Callable[P, R]: ...


@overload
def transaction(
    *, tries: int = TRIES, backoff: Backoff = ...
) -> Callable[[Callable[Concatenate[Session, P], R]], Callable[P, R]]: ...


def transaction(
    function: Callable[Concatenate[Session, P], R] | None = None, /, *, tries: int = TRIES, backoff: Backoff = Backoff()
) -> Callable[P, R] | Callable[[Callable[Concatenate[Session, P], R]], Callable[P, R]]:
    """Run a function, whose first parameter is the ORM's session, in a transaction that its callers do not see.

    Raises Unavailable when the database is away or asks for another attempt too often, CommitUnknown when nobody can
    tell whether it was kept, RuntimeError inside another transaction, and whatever the function raises; nothing is
    kept then.
    """
    if function is None:
        return lambda decorated: _decorate(decorated, tries, backoff)
    return _decorate(function, tries, backoff)


def _decorate(function: Callable[Concatenate[Session, P], R], tries: int, backoff: Backoff) -> Callable[P, R]:
    @functools.wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        with _alone(function.__qualname__), transacting(function.__qualname__, Unavailable):
            for attempt in range(1, tries + 1):
                _attempt_made.set(attempt)
                try:
                    return _attempt(function, *args, **kwargs)
                except _Again as again:
                    if attempt == tries:
                        raise Unavailable("The database is busy") from again.__cause__
                    _tell(Retried(function.__qualname__, attempt, again.fault))
                    backoff.wait(attempt)
        raise AssertionError("a transaction has at least one try")

    # Callers do not pass `db`, and tools that look at the signature must not ask them to.
    del run.__wrapped__
    return run


def look_up(statement: Select[Selected], parameters: Mapping[str, Any]) -> Sequence[Row[Selected]]:
    """The rows of one statement that reads, which needs no transaction: it sees one moment as it is.

    Columns rather than entities: there is no session that they could belong to. Raises Unavailable, and RuntimeError
    inside a transaction.
    """
    with _alone(look_up.__name__):
        for attempt in range(1, TRIES + 1):
            try:
                return _look_up_once(statement, parameters)
            except _Again as again:
                if attempt == TRIES:
                    raise Unavailable("The database is busy") from again.__cause__
                Backoff().wait(attempt)
    raise AssertionError("there is at least one try")


def _look_up_once(statement: Select[Selected], parameters: Mapping[str, Any]) -> Sequence[Row[Selected]]:
    try:
        connection = engine().connect()
    except (SQLAlchemyError, OSError) as error:
        raise Unavailable("The database is away") from error
    with connection, _translated(connection):
        # SQLAlchemy's own option for this costs two more statements, to set back what a new session has anyway.
        driver: Any = connection.connection.driver_connection
        driver.autocommit = True
        try:
            return connection.execute(statement, parameters).all()
        finally:
            driver.autocommit = False


class _Again(Exception):
    def __init__(self, fault: Fault) -> None:
        super().__init__(fault)
        self.fault = fault


@contextmanager
def _alone(name: str) -> Iterator[None]:
    outer = _running.get()
    if outer is not None:
        raise RuntimeError(f"the transaction {name} was called inside the transaction {outer}")
    token = _running.set(name)
    try:
        yield
    finally:
        _running.reset(token)


def _attempt(function: Callable[Concatenate[Session, P], R], *args: P.args, **kwargs: P.kwargs) -> R:
    with _session() as db:
        _connect(db)
        with _translated(db):
            result = function(db, *args, **kwargs)
            db.flush()
        with committing(), _translated(db, committing=True):
            db.commit()
        return result


@contextmanager
def _session() -> Iterator[Session]:
    db = OrderedSession(engine(), expire_on_commit=False)
    try:
        yield db
    except BaseException:
        # What was raised is what is told, also when the connection is too broken to roll back on.
        with suppress(SQLAlchemyError, OSError):
            db.rollback()
        raise
    finally:
        db.close()


def _connect(db: Session) -> None:
    try:
        db.connection()
    except (SQLAlchemyError, OSError) as error:
        raise Unavailable("The database is away") from error


@contextmanager
def _translated(db: Session | Connection, *, committing: bool = False) -> Iterator[None]:
    """What the driver raises within becomes another attempt, a problem, or stays as it is: then it is our bug."""
    try:
        yield
    except (DBAPIError, OSError) as error:
        fault = fault_of(error)
        if fault is Fault.LOST:
            db.invalidate()
        if fault is Fault.UNKNOWN or (fault is Fault.LOST and committing):
            raise CommitUnknown("It is not known whether this was kept") from error
        if fault in {Fault.CONFLICT, Fault.LOST}:
            raise _Again(fault) from error
        if fault is Fault.AWAY:
            raise Unavailable("The database is away") from error
        raise


def _tell(retried: Retried) -> None:
    count(DATABASE_RETRIES, retried.fault.name.lower())
    for observe in retry_observers:
        observe(retried)


@contextmanager
def expect_unique(db: Session, constraint: str, problem: Callable[[], Exception]) -> Iterator[None]:
    """Within the block, a violation of the named constraint or unique index becomes the problem, a Conflict say.

    The block is flushed at its end, so that the violation comes here; the transaction is over after it.
    """
    try:
        yield
        db.flush()
    except IntegrityError as error:
        if violated_constraint(error) != constraint:
            raise
        raise problem() from None
