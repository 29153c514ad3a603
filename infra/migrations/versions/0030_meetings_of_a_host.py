"""Whose meetings a user of Zoom's holds is asked before each new one."""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"


def upgrade() -> None:
    op.create_index(
        "ix_appointment_zoom_host",
        "appointment",
        ["zoom_host_id", "start_at"],
        postgresql_where=sa.text("zoom_host_id IS NOT NULL"),
    )
