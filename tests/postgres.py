"""A real PostgreSQL for the tests: one server per worker, migrated once, real commits, emptied before each test.

Rows are really committed, because functions, the relay and threads look at them over connections of their own; a
test that rolled back would show them nothing. Emptying all tables takes a few milliseconds.
"""

import itertools
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from dev.postgres import database_url, is_ready
from infra.migrations.local import LocalDatabase, prepare, ways_into
from infra.migrations.tables import metadata
from shared.database.engine import build_engine, engine
from tests.waiting import until

TEMPLATE = "bloom_template"
FASTER_THAN_SAFE = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off", "autovacuum": "off"}


class Cluster:
    """The worker's PostgreSQL server, the local cloud's own, in a folder that goes with it; it dies with its parent."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="bloom-tests-", dir="/tmp"))
        self.admin_url = database_url(self.folder, "postgres", "postgres")
        self._names = (f"bloom_{number}" for number in itertools.count(1))
        self._server = self._start()
        self._admin = build_engine(self.admin_url)
        self._execute(*(f"ALTER SYSTEM SET {name} = {value}" for name, value in FASTER_THAN_SAFE.items()))
        self._execute("SELECT pg_reload_conf()")
        prepare(self.admin_url, TEMPLATE)

    def _start(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "dev.postgres", "--data", str(self.folder)]
        with (self.folder / "log").open("wb") as log:
            server = subprocess.Popen(command, stdout=log, stderr=log)
        until(lambda: server.poll() is not None or is_ready(self.folder, server.pid))
        assert server.poll() is None, (self.folder / "log").read_text()
        return server

    def clone(self) -> LocalDatabase:
        """A new database with the migrated schema and no rows."""
        name = next(self._names)
        self._execute(
            f"CREATE DATABASE {name} TEMPLATE {TEMPLATE} STRATEGY file_copy",
            f"ALTER DATABASE {name} SET enable_seqscan = off",
        )
        return ways_into(self.admin_url, name)

    def drop(self, database: LocalDatabase) -> None:
        """End every connection to a clone and remove it."""
        self._execute(f"DROP DATABASE {database.admin_url.split('?')[0].rsplit('/', 1)[1]} WITH (FORCE)")

    def stop(self) -> None:
        """End the server and remove its folder."""
        self._admin.dispose()
        self._server.send_signal(signal.SIGINT)
        self._server.wait(10)
        shutil.rmtree(self.folder)

    def _execute(self, *statements: str) -> None:
        with self._admin.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            for statement in statements:
                connection.execute(text(statement))


class CockroachCluster(Cluster):
    """The CockroachDB that BLOOM_TEST_COCKROACH names, in place of a server of the worker's own."""

    def __init__(self, admin_url: str) -> None:
        self.admin_url = admin_url
        self._names = (f"bloom_test_{os.getpid()}_{number}" for number in itertools.count(1))
        self._admin = build_engine(admin_url)

    def clone(self) -> LocalDatabase:
        """A new database, migrated from nothing: CockroachDB copies none."""
        return prepare(self.admin_url, next(self._names))

    def drop(self, database: LocalDatabase) -> None:
        """Remove a database."""
        self._execute(f"DROP DATABASE {database.admin_url.split('?')[0].rsplit('/', 1)[1]} CASCADE")

    def stop(self) -> None:
        """Leave the server as it is."""
        self._admin.dispose()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Cluster]:
    """The worker's server."""
    named = os.environ.get("BLOOM_TEST_COCKROACH")
    cluster = CockroachCluster(named) if named else Cluster()
    yield cluster
    cluster.stop()


@pytest.fixture(scope="session")
def _worker_database(postgres: Cluster) -> Iterator[tuple[LocalDatabase, Engine]]:
    database = postgres.clone()
    admin = build_engine(database.admin_url)
    yield database, admin
    admin.dispose()
    forget_engine()


@pytest.fixture
def database(_worker_database: tuple[LocalDatabase, Engine], environment: Callable[..., None]) -> LocalDatabase:
    """The worker's database, empty, and the one that `engine()` and the settings name."""
    ways, admin = _worker_database
    empty(admin)
    environment(database_url=ways.app_url)
    return ways


@pytest.fixture
def fresh_database(postgres: Cluster, environment: Callable[..., None]) -> Iterator[LocalDatabase]:
    """A database of the test's own, for what must not touch the worker's: DDL, broken servers, other settings."""
    ways = postgres.clone()
    forget_engine()
    environment(database_url=ways.app_url)
    yield ways
    forget_engine()
    postgres.drop(ways)


def empty(admin: Engine) -> None:
    """Delete every row of every table, in one round trip."""
    name = admin.dialect.identifier_preparer.format_table
    deletes = ";".join(f"DELETE FROM {name(table)}" for table in reversed(metadata.sorted_tables))
    # Without foreign keys' triggers where they can be left out: all rows go anyway.
    quickly = "SET LOCAL session_replication_role = replica;" if admin.dialect.name == "postgresql" else ""
    with admin.begin() as connection:
        connection.exec_driver_sql(quickly + deletes)


def forget_engine() -> None:
    """Close the engine of this process's settings, if there is one."""
    if engine.cache_info().currsize:
        engine().dispose()
        engine.cache_clear()
