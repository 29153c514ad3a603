"""In whose name a meeting is held at Zoom, and as whom its patient is known there."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.add_column("appointment", sa.Column("zoom_host_id", sa.Text(), nullable=True))
    op.add_column("appointment", sa.Column("zoom_registrant_id", sa.Text(), nullable=True))
