"""What is used is in PostgreSQL and in CockroachDB: the schema compiles for both, and no source says anything else."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import BigInteger, DateTime, Dialect, Integer, PrimaryKeyConstraint, UniqueConstraint, Uuid, select
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateIndex, CreateTable

from infra.migrations.tables import metadata
from shared.database.cockroachdb import CockroachDBOverPg8000
from shared.database.models.accounts import User
from shared.database.models.messaging import Message

PROJECT = Path(__file__).parents[3]
FOLDERS = ("shared", "functions", "containers", "infra")
REFUSED = {
    "sequences and serial columns": r"\b(big|small)?serial\b|\bnextval\b|\bcreate sequence\b|\bas identity\b",
    "exclusion constraints": r"\bexclude\s+(using|\()",
    "LISTEN and NOTIFY": r"(?-i:^\s*(UN)?LISTEN\b|^\s*NOTIFY\b)|\bpg_notify\b",
    "advisory locks": r"\bpg_(try_)?advisory",
    "table locks": r"(?-i:\bLOCK TABLE\b)",
    "times without a zone": r"\btimestamp without time zone\b|::timestamp\b",
    "deferred constraints": r"(?-i:\bDEFERRABLE\b)",
    "native enums": r"\bcreate type\b",
}
REFUSED_NAMES = {"Sequence", "Identity", "ExcludeConstraint", "Enum"}
COCKROACHDB: Dialect = CockroachDBOverPg8000()  # type: ignore[no-untyped-call]
POSTGRESQL: Dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
KEYS = (PrimaryKeyConstraint, UniqueConstraint)
TABLES = sorted(metadata.tables)


def statements(dialect: Dialect) -> Iterator[str]:
    for table in metadata.sorted_tables:
        yield str(CreateTable(table).compile(dialect=dialect))
        for index in table.indexes:
            yield str(CreateIndex(index).compile(dialect=dialect))


@pytest.mark.parametrize("dialect", [COCKROACHDB, POSTGRESQL], ids=["cockroachdb", "postgresql"])
def test_the_schema_compiles_without_anything_refused(dialect: Dialect) -> None:
    said = "\n".join(statements(dialect))
    assert said.count("CREATE TABLE") == len(metadata.tables) > 38
    for reason, pattern in REFUSED.items():
        assert not re.search(pattern, said, re.IGNORECASE | re.MULTILINE), reason


def test_both_databases_are_given_the_same_schema_but_for_quotes_around_other_words() -> None:
    ours, theirs = "".join(statements(COCKROACHDB)), "".join(statements(POSTGRESQL))
    assert ours.replace('"', "") == theirs.replace('"', "")


def test_statements_compile_for_cockroachdb_with_casts_that_pg8000_needs() -> None:
    statement = select(Message.id).join(User, User.id == Message.sender_id).where(Message.seq % 2 == 1)
    said = str(statement.compile(dialect=COCKROACHDB))
    assert 'JOIN "user" ON "user".id = message.sender_id' in said
    assert "message.seq %% %s::BIGINT" in said


@pytest.mark.parametrize("name", TABLES)
def test_every_key_is_a_random_id_made_by_us_and_every_time_has_its_zone(name: str) -> None:
    table = metadata.tables[name]
    for column in table.primary_key:
        assert isinstance(column.type, Uuid)
        assert column.foreign_keys or column.default is not None, "made in Python, before the row is written"
    for column in table.columns:
        for_earlier_rows = column.server_default is not None  # what a required column that came later needs
        assert not for_earlier_rows or (column.default is not None and not column.nullable), column.name
        assert not isinstance(column.type, DateTime) or column.type.timezone, column.name
        if isinstance(column.type, BigInteger | Integer):
            assert column.autoincrement == "auto"
            assert not column.primary_key


@pytest.mark.parametrize("name", TABLES)
def test_every_foreign_key_but_those_to_people_has_an_index_that_begins_with_it(name: str) -> None:
    """A parent's deletion reads its children; people are never deleted, only emptied."""
    table = metadata.tables[name]
    led = {next(iter(index.columns)).name for index in table.indexes if len(index.columns)}
    led |= {next(iter(key.columns)).name for key in table.constraints if isinstance(key, KEYS)}
    for key in table.foreign_keys:
        if key.column.table.name != "user" and key.ondelete == "CASCADE":
            assert key.parent.name in led, key.parent.name


def sources() -> list[Path]:
    return [path for folder in FOLDERS for path in sorted((PROJECT / folder).rglob("*.py"))]


def words_of(path: Path) -> Iterator[str]:
    """The string constants of a source but its docstrings, which may name what must not be done."""
    tree = ast.parse(path.read_text())
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            yield node.value


def test_no_source_says_anything_that_cockroachdb_lacks() -> None:
    for path in sources():
        for words in words_of(path):
            for reason, pattern in REFUSED.items():
                assert not re.search(pattern, words, re.IGNORECASE | re.MULTILINE), f"{path}: {reason}: {words}"


def test_no_source_takes_from_sqlalchemy_what_cockroachdb_lacks() -> None:
    for path in sources():
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("sqlalchemy"):
                assert not REFUSED_NAMES & {name.name for name in node.names}, path


def test_only_the_transaction_commits() -> None:
    allowed = {"shared/database/transaction.py", "shared/database/pipelined.py", "infra/migrations/env.py"}
    for path in sources():
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Attribute) and node.attr == "commit":
                assert str(path.relative_to(PROJECT)) in allowed, path
