"""Administrators who look on as somebody."""

import sqlalchemy as sa
from alembic import op

revision = "0043"
down_revision = "0042"


def upgrade() -> None:
    op.create_table(
        "impersonation",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("administrator_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("reason_code", sa.Text(), nullable=False),
        sa.Column("reason", sa.LargeBinary(), nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ending", sa.Text(), nullable=True),
        sa.CheckConstraint("administrator_id <> user_id", name=op.f("ck_impersonation_two_people")),
        sa.CheckConstraint("expires_at > began_at", name=op.f("ck_impersonation_expires_later")),
        sa.CheckConstraint("(ended_at IS NULL) = (ending IS NULL)", name=op.f("ck_impersonation_ended")),
        sa.CheckConstraint("ending IN ('closed', 'expired', 'revoked')", name=op.f("ck_impersonation_ending")),
        sa.ForeignKeyConstraint(["administrator_id"], ["user.id"], name=op.f("fk_impersonation_administrator_id")),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_impersonation_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_impersonation")),
    )
    op.create_index("ix_impersonation_began_at", "impersonation", ["began_at", "id"])
    op.create_index("ix_impersonation_user_id_began_at", "impersonation", ["user_id", "began_at"])
    op.create_index(
        "uq_impersonation_open",
        "impersonation",
        ["administrator_id"],
        unique=True,
        postgresql_where=sa.text("ended_at IS NULL"),
    )
