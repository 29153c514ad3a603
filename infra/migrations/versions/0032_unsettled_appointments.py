"""What has begun and is not settled is looked for every minute."""

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"


def upgrade() -> None:
    op.create_index(
        "ix_appointment_unsettled",
        "appointment",
        ["start_at"],
        postgresql_where=sa.text("status IN ('booked', 'in_session')"),
    )
