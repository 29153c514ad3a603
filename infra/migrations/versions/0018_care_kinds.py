"""Care that rests on an alert, which ends by itself."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    op.add_column(
        "care_relationship",
        sa.Column(
            "kind",
            sa.Text(),
            sa.CheckConstraint("kind IN ('standing', 'coverage')", name=op.f("ck_care_relationship_kind")),
            nullable=False,
            server_default="standing",
        ),
    )
    op.add_column("care_relationship", sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("care_relationship", sa.Column("alert_id", sa.Uuid(), nullable=True))
