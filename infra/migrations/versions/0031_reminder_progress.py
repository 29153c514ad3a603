"""How far appointments were looked at for reminders."""

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"


def upgrade() -> None:
    op.create_table(
        "reminder_progress",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("reminder", sa.Text(), nullable=False),
        sa.Column("reached_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reached_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("reminder IN ('day-before', 'hour-before')", name=op.f("ck_reminder_progress_reminder")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reminder_progress")),
        sa.UniqueConstraint("reminder", name=op.f("uq_reminder_progress_reminder")),
    )
