"""What Alembic runs for each command: over the connection it is given, as the role that owns the schema."""

from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from alembic.ddl.postgresql import PostgresqlImpl
from sqlalchemy import text

from infra.migrations.tables import metadata
from shared.database.models.base import JsonDocument, OneOf


class CockroachDBImpl(PostgresqlImpl):
    """CockroachDB speaks PostgreSQL's DDL, but does not roll it back."""

    __dialect__ = "cockroachdb"
    transactional_ddl = False


def render(kind: str, item: Any, autogen: AutogenContext) -> str | Literal[False]:  # noqa: ARG001
    """Write our own column types as what they are in the database."""
    if kind == "type" and isinstance(item, OneOf):
        return "sa.Text()"
    return "postgresql.JSONB()" if kind == "type" and isinstance(item, JsonDocument) else False


connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=metadata,
    transaction_per_migration=True,
    compare_type=True,
    render_item=render,
)
# The first migration makes the role, and every later one runs as it, whoever is logged in.
if context.get_context().get_current_heads():
    connection.execute(text("SET ROLE migrator"))
    connection.commit()
with context.begin_transaction():
    context.run_migrations()
connection.commit()
