"""The engine: the database URL's scheme chooses the way there, and nothing connects before it is used.

What a session needs (isolation, time zone, time limits) travels with the start-up packet, so that no transaction
spends a round trip on saying it.
"""

import functools
import ssl
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from sqlalchemy import URL, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, InvalidatePoolError
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection

from shared.database.observed import connection_class, observe_pool
from shared.database.pipelined import PipelinedConnection
from shared.settings import SettingsError, settings

Connect = Callable[[], Any]

# A connection that rested longer is asked whether it still lives: an instance sleeps between requests for minutes.
SECONDS_TRUSTED: Final = 30.0
# Shorter than what load balancers and CockroachDB's own proxy leave an idle connection.
SECONDS_KEPT: Final = 25 * 60
SECONDS_WAITING_FOR_A_CONNECTION: Final = 5.0
SECONDS_BEYOND_THE_STATEMENT: Final = 5.0


@functools.cache
def engine() -> Engine:
    """The engine of this process, from the settings."""
    chosen = settings()
    made = build_engine(
        chosen.database_url,
        pool_size=chosen.database_pool_size,
        statement_timeout_ms=chosen.database_statement_timeout_ms,
    )
    observe_pool(made)
    return made


def build_engine(url: str, *, pool_size: int = 1, statement_timeout_ms: int = 0) -> Engine:
    """An engine for a URL of one of the three schemes; 0 milliseconds is no limit (migrations).

    Raises SettingsError for a URL that none of the adapters can read.
    """
    parsed = _parse(url)
    dialect, connect = ADAPTERS[parsed.drivername](parsed, _session_options(statement_timeout_ms))
    made = create_engine(
        dialect,
        creator=connect,
        pool_size=pool_size,
        max_overflow=0,
        pool_use_lifo=True,
        pool_recycle=SECONDS_KEPT,
        pool_timeout=SECONDS_WAITING_FOR_A_CONNECTION,
        hide_parameters=True,
    )
    _ask_rested_connections(made)
    return made


def _parse(url: str) -> URL:
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise SettingsError("DATABASE_URL: not a URL") from None
    if parsed.drivername not in ADAPTERS:
        raise SettingsError(f"DATABASE_URL: the scheme must be one of {', '.join(ADAPTERS)}")
    return parsed


def _session_options(statement_timeout_ms: int) -> dict[str, Any]:
    """Arguments of pg8000's connect that are the same whatever the way to the database."""
    limit = {
        "statement_timeout": str(statement_timeout_ms),
        "idle_in_transaction_session_timeout": str(statement_timeout_ms),
    }
    patience = statement_timeout_ms / 1000 + SECONDS_BEYOND_THE_STATEMENT
    return {
        "application_name": "bloom",
        "timeout": patience if statement_timeout_ms else None,
        "startup_params": {
            "default_transaction_isolation": "serializable",
            "TimeZone": "UTC",
            **(limit if statement_timeout_ms else {}),
        },
    }


def _postgresql(url: URL, options: dict[str, Any]) -> tuple[str, Connect]:
    where: dict[str, Any] = {"user": url.username, "password": url.password, "database": url.database}
    if socket := url.query.get("unix_sock"):
        # Said outright: pg8000 would otherwise load every authority's certificate first, for 40 ms a connection.
        where |= {"unix_sock": socket, "ssl_context": False}
    else:
        where |= {"host": url.host, "port": url.port or 5432, **_tls(url)}
    return "postgresql+pg8000://", lambda: connection_class(PipelinedConnection)(**where, **options)


def _cockroachdb(url: URL, options: dict[str, Any]) -> tuple[str, Connect]:
    from shared.database import cockroachdb as _registers  # noqa: F401 - 40 ms, only where this scheme asks

    where = {
        "user": url.username,
        "password": url.password,
        "database": url.database,
        "host": url.host,
        "port": url.port or 26257,
        **_tls(url),
    }
    return "cockroachdb+pg8000://", lambda: connection_class(PipelinedConnection)(**where, **options)


def _cloud_sql(url: URL, options: dict[str, Any]) -> tuple[str, Connect]:
    instance = url.query.get("instance")
    if not isinstance(instance, str) or instance.count(":") != 2:
        raise SettingsError("DATABASE_URL: cloudsql+pg8000 wants ?instance=PROJECT:REGION:INSTANCE")
    address = url.query.get("ip_type", "private")

    @functools.cache
    def connector() -> Any:
        from google.cloud.sql.connector import Connector  # 340 ms, only where this scheme asks

        # Lazy: a background refresh stops with the CPU between requests.
        return Connector(refresh_strategy="lazy")

    def connect() -> Any:
        who = {"user": url.username, "db": url.database, "password": url.password}
        iam = url.password is None
        return connector().connect(instance, "pg8000", ip_type=address, enable_iam_auth=iam, **who, **options)

    return "postgresql+pg8000://", connect


ADAPTERS: Final[dict[str, Callable[[URL, dict[str, Any]], tuple[str, Connect]]]] = {
    "cockroachdb+pg8000": _cockroachdb,
    "postgresql+pg8000": _postgresql,
    "cloudsql+pg8000": _cloud_sql,
}


def _tls(url: URL) -> dict[str, Any]:
    """pg8000's `ssl_context` for `sslmode`: verify-full checks the certificate and the host's name in it."""
    mode = url.query.get("sslmode", "verify-full")
    if mode == "disable":
        return {"ssl_context": False}
    if mode != "verify-full":
        raise SettingsError("DATABASE_URL: sslmode must be verify-full, or disable on this machine")
    context = ssl.create_default_context(cafile=_certificate(url))
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    return {"ssl_context": context}


def _certificate(url: URL) -> str | None:
    path = url.query.get("sslrootcert", "system")
    if path == "system":
        return None
    if not isinstance(path, str) or not Path(path).is_file():
        raise SettingsError("DATABASE_URL: sslrootcert names no file")
    return path


def _ask_rested_connections(made: Engine) -> None:
    """Ask a connection whether it lives when it rested, instead of (pool_pre_ping) at each transaction."""

    @event.listens_for(made, "connect")
    @event.listens_for(made, "checkin")
    def note(_: Any, entry: ConnectionPoolEntry) -> None:
        entry.info["used"] = time.monotonic()

    @event.listens_for(made, "checkout")
    def ask(connection: Any, entry: ConnectionPoolEntry, _: PoolProxiedConnection) -> None:
        if time.monotonic() - entry.info["used"] < SECONDS_TRUSTED:
            return
        try:
            connection.execute_simple("select 1")
        except Exception as error:
            raise InvalidatePoolError from error
