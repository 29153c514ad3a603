"""A seal says in which form the rows that it covers were hashed; there are none yet."""

import sqlalchemy as sa
from alembic import op

revision = "0041"
down_revision = "0040"


def upgrade() -> None:
    op.add_column("audit_seal", sa.Column("format", sa.SmallInteger(), nullable=False))
