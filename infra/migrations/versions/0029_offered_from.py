"""Which place on the waiting list an appointment was offered to."""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"


def upgrade() -> None:
    op.add_column("appointment", sa.Column("waitlist_entry_id", sa.Uuid(), nullable=True))
