"""Accounts that are nobody's, by which the product looks after itself."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"


def upgrade() -> None:
    op.add_column("user", sa.Column("is_synthetic", sa.Boolean(), nullable=False, server_default="false"))
