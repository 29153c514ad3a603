"""How many sessions a therapist has on one day at most."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.add_column(
        "therapist_profile",
        sa.Column(
            "daily_maximum",
            sa.Integer(),
            sa.CheckConstraint("daily_maximum BETWEEN 1 AND 100", name=op.f("ck_therapist_profile_daily_maximum")),
            nullable=True,
        ),
    )
