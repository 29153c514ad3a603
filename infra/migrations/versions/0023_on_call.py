"""Who is told of alerts that others leave unanswered."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    op.create_table(
        "on_call_entry",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.SmallInteger(), nullable=False),
        sa.Column("therapist_id", sa.Uuid(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        sa.CheckConstraint("position >= 1", name=op.f("ck_on_call_entry_position")),
        sa.CheckConstraint(
            "ends_at IS NULL OR starts_at IS NULL OR ends_at > starts_at", name=op.f("ck_on_call_entry_ends_later")
        ),
        sa.ForeignKeyConstraint(["created_by"], ["user.id"], name=op.f("fk_on_call_entry_created_by")),
        sa.ForeignKeyConstraint(["therapist_id"], ["user.id"], name=op.f("fk_on_call_entry_therapist_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_on_call_entry")),
        sa.UniqueConstraint("position", name=op.f("uq_on_call_entry_position")),
    )
    op.create_index("ix_on_call_entry_therapist_id", "on_call_entry", ["therapist_id"])
