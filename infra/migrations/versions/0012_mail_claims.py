"""Who is about to send a mail, so that two deliveries of one event at once send it once."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.add_column("email_delivery", sa.Column("claimed_until", sa.DateTime(timezone=True), nullable=True))
