"""What a webhook's notice is about, so that all that came about one meeting are found together."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    op.add_column("webhook_receipt", sa.Column("subject", sa.Text(), nullable=True))
    op.create_index("ix_webhook_receipt_provider_subject", "webhook_receipt", ["provider", "subject"])
