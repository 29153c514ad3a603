"""The migrations make exactly what the models say, and the product's login can do no more than it needs."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import CheckConstraint, Connection, text
from sqlalchemy.exc import DBAPIError

from infra import migrations
from infra.migrations.local import LocalDatabase, prepare
from infra.migrations.tables import metadata
from shared.database.engine import build_engine
from shared.database.faults import sqlstate
from tests.postgres import Cluster

INSUFFICIENT_PRIVILEGE = "42501"
APPEND_ONLY = ("audit_event", "audit_seal", "audit_seal_leaves")
PROJECT = Path(__file__).parents[3]


def refused(url: str, statement: str) -> str:
    """The SQLSTATE with which a statement is refused, or none."""
    engine = build_engine(url)
    try:
        with engine.begin() as connection:
            connection.exec_driver_sql(statement)
    except DBAPIError as error:
        return sqlstate(error)
    finally:
        engine.dispose()
    return ""


def scalars(url: str, statement: str) -> list[Any]:
    engine = build_engine(url)
    with engine.connect() as connection:
        found = list(connection.scalars(text(statement)))
    engine.dispose()
    return found


def test_the_models_and_the_migrated_schema_are_the_same(database: LocalDatabase) -> None:
    engine = build_engine(database.migrator_url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, metadata) == []
        # What Alembic does not compare:
        assert checks_of(connection) == {
            str(check.name)
            for table in metadata.tables.values()
            for check in table.constraints
            if isinstance(check, CheckConstraint)
        }
        assert conditions_of(connection) == {
            str(index.name)
            for table in metadata.tables.values()
            for index in table.indexes
            if index.dialect_options["postgresql"]["where"] is not None
        }
    engine.dispose()


def checks_of(connection: Connection) -> set[str]:
    ours = "SELECT conname FROM pg_constraint WHERE contype = 'c' AND connamespace = 'public'::regnamespace"
    return set(connection.scalars(text(ours)))


def conditions_of(connection: Connection) -> set[str]:
    partial = "SELECT indexname FROM pg_indexes WHERE schemaname = 'public' AND indexdef LIKE '% WHERE %'"
    return set(connection.scalars(text(partial)))


def test_a_migration_says_the_same_words_as_its_enum(database: LocalDatabase) -> None:
    listed = "SELECT conname || ' ' || pg_get_constraintdef(oid) FROM pg_constraint WHERE contype = 'c'"
    made = dict(line.split(" ", 1) for line in scalars(database.migrator_url, listed))
    for table in metadata.tables.values():
        for check in table.constraints:
            if isinstance(check, CheckConstraint) and (words := re.findall(r"'([^']*)'", str(check.sqltext))):
                assert set(re.findall(r"'([^']*)'", made[str(check.name)])) == set(words), check.name


def test_migrating_again_changes_nothing(database: LocalDatabase) -> None:
    migrations.upgrade(database.migrator_url)
    assert migrations.current(database.migrator_url) == migrations.head()


def test_preparing_a_prepared_database_changes_nothing(postgres: Cluster, database: LocalDatabase) -> None:
    name = database.app_url.split("?")[0].rsplit("/", 1)[1]
    assert prepare(postgres.admin_url, name) == database


def test_there_is_one_line_of_migrations_and_each_file_is_named_by_its_place() -> None:
    files = sorted(Path(migrations.__file__).parent.joinpath("versions").glob("*.py"))
    revisions = [re.search(r'^revision = "(\d{4})"', file.read_text(), re.MULTILINE) for file in files]
    assert [found and found[1] for found in revisions] == [f"{number:04}" for number in range(1, len(files) + 1)]
    assert [file.name[:4] for file in files] == [found and found[1] for found in revisions]


def test_the_command_line_needs_no_working_directory(database: LocalDatabase, tmp_path: Path) -> None:
    environment = os.environ | {"PYTHONPATH": str(PROJECT), "DATABASE_URL": database.migrator_url}
    command = [sys.executable, "-m", "infra.migrations", "upgrade"]
    said = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True)
    assert said.stdout == f"{migrations.head()} of {migrations.head()}\n"


def test_everything_belongs_to_the_role_that_migrates(database: LocalDatabase) -> None:
    owners = scalars(database.migrator_url, "SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'")
    assert owners == ["migrator"]


@pytest.mark.parametrize("role", ["migrator", "app"])
def test_the_roles_themselves_cannot_log_in(database: LocalDatabase, role: str) -> None:
    able = f"SELECT rolcanlogin OR rolsuper OR rolcreaterole OR rolcreatedb FROM pg_roles WHERE rolname = '{role}'"
    assert scalars(database.migrator_url, able) == [False]


@pytest.mark.parametrize("table", APPEND_ONLY)
def test_the_product_adds_to_the_trail_and_reads_it(database: LocalDatabase, table: str) -> None:
    for right in ("INSERT", "SELECT"):
        assert scalars(database.app_url, f"SELECT has_table_privilege('{table}', '{right}')") == [True]


@pytest.mark.parametrize("table", APPEND_ONLY)
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE {} SET id = gen_random_uuid()",
        "DELETE FROM {}",
        "TRUNCATE {}",
        "DROP TABLE {}",
        "ALTER TABLE {} DISABLE TRIGGER ALL",
        "CREATE RULE r AS ON INSERT TO {} DO INSTEAD NOTHING",
        "INSERT INTO {0} SELECT * FROM {0} ON CONFLICT (id) DO UPDATE SET id = gen_random_uuid()",
    ],
)
def test_the_product_cannot_rewrite_the_trail(database: LocalDatabase, table: str, statement: str) -> None:
    assert refused(database.app_url, statement.format(table)) == INSUFFICIENT_PRIVILEGE


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE intruder (id int)",
        'ALTER TABLE "user" ADD COLUMN intruder text',
        'DROP TABLE "user" CASCADE',
        "CREATE INDEX intruder ON message (sent_at)",
        "CREATE FUNCTION intruder() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "CREATE SCHEMA intruder",
        "CREATE ROLE intruder",
        "SET ROLE migrator",
        "UPDATE alembic_version SET version_num = '0000'",
    ],
)
def test_the_product_cannot_change_the_schema_or_its_own_rights(database: LocalDatabase, statement: str) -> None:
    assert refused(database.app_url, statement) == INSUFFICIENT_PRIVILEGE


def test_the_product_reads_and_writes_every_other_table(database: LocalDatabase) -> None:
    missing = (
        "SELECT relname || ' ' || word FROM pg_class, unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) AS word "
        "WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND NOT has_table_privilege(pg_class.oid, word)"
    )
    assert {line.split()[0] for line in scalars(database.app_url, missing)} == {*APPEND_ONLY, "alembic_version"}


def test_a_table_of_a_later_migration_is_open_to_the_product_at_once(fresh_database: LocalDatabase) -> None:
    assert refused(fresh_database.migrator_url, "SET ROLE migrator; CREATE TABLE later (id uuid PRIMARY KEY)") == ""
    assert refused(fresh_database.app_url, "INSERT INTO later VALUES (gen_random_uuid())") == ""
    assert refused(fresh_database.app_url, "DROP TABLE later") == INSUFFICIENT_PRIVILEGE


def test_a_login_that_is_no_superuser_can_lay_the_whole_schema_down(postgres: Cluster) -> None:
    """As in the cloud, where the database belongs to the migrating login and the roles are there already."""
    ways = postgres.clone()
    engine = build_engine(postgres.admin_url)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("CREATE DATABASE bare OWNER bloom_migrator"))
    bare = ways.migrator_url.replace(ways.migrator_url.split("?")[0].rsplit("/", 1)[1], "bare")
    migrations.upgrade(bare)
    assert migrations.current(bare) == migrations.head()
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("DROP DATABASE bare WITH (FORCE)"))
    engine.dispose()
    postgres.drop(ways)
