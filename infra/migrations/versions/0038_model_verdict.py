"""A model version has a verdict: what its comparison with the one that serves came to."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0038"
down_revision = "0037"


def upgrade() -> None:
    op.add_column("model_version", sa.Column("verdict", postgresql.JSONB(), nullable=True))
