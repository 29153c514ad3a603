"""A training run tells how far it is and that it lives."""

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0034"


def upgrade() -> None:
    op.add_column("training_run", sa.Column("stage", sa.Text(), nullable=True))
    op.add_column("training_run", sa.Column("log_tail", sa.Text(), nullable=True))
    op.add_column("training_run", sa.Column("heartbeat_at", sa.DateTime(timezone=True), nullable=True))
