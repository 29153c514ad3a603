"""A database on this machine: created, brought up to date, with one login for the schema and one for the product."""

from dataclasses import dataclass

from sqlalchemy import URL, Engine, make_url, text

from infra.migrations import upgrade
from shared.database.engine import build_engine

LOGINS = {"bloom_migrator": "migrator", "bloom_app": "app"}


@dataclass(frozen=True)
class LocalDatabase:
    """The ways into one local database, as `DATABASE_URL` wants them."""

    app_url: str
    """Rows only: what functions get."""
    migrator_url: str
    """The schema's owner: what migrations get."""
    admin_url: str
    """The cluster's superuser."""


def prepare(admin_url: str, database: str = "bloom") -> LocalDatabase:
    """Create the database and its logins where they are missing, and migrate it.

    `admin_url` is the superuser's, e.g. `postgresql+pg8000://postgres@/postgres?unix_sock=/path/.s.PGSQL.5432`;
    the cluster must trust local logins, as the embedded PostgreSQL does.
    """
    cluster = build_engine(admin_url)
    try:
        _create_database(cluster, database)
        ways = ways_into(admin_url, database)
        upgrade(ways.admin_url)
        _create_logins(cluster)
    finally:
        cluster.dispose()
    return ways


def ways_into(admin_url: str, database: str) -> LocalDatabase:
    """The URLs of a local database's logins."""
    there = make_url(admin_url).set(database=database)
    return LocalDatabase(_as(there, "bloom_app"), _as(there, "bloom_migrator"), there.render_as_string(False))


def _as(url: URL, login: str) -> str:
    return url.set(username=login).render_as_string(hide_password=False)


def _create_database(cluster: Engine, database: str) -> None:
    known = text("SELECT 1 FROM pg_database WHERE datname = :name")
    reads_whole_tables = cluster.dialect.name == "postgresql"
    with cluster.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        quoted = cluster.dialect.identifier_preparer.quote(database)
        if connection.scalar(known, {"name": database}) is None:
            connection.execute(text(f"CREATE DATABASE {quoted}"))
        # Over a handful of rows PostgreSQL reads whole tables, and SERIALIZABLE then sees conflicts between
        # transactions that share no row. CockroachDB reads by index where there is one; so does this.
        if reads_whole_tables:
            connection.execute(text(f"ALTER DATABASE {quoted} SET enable_seqscan = off"))


def _create_logins(cluster: Engine) -> None:
    with cluster.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        known = set(connection.scalars(text("SELECT rolname FROM pg_roles")))
        for login, role in LOGINS.items():
            if login not in known:
                connection.execute(text(f"CREATE ROLE {login} LOGIN"))
                connection.execute(text(f"GRANT {role} TO {login}"))
