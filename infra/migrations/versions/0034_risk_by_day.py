"""Risk events are counted by the day they opened on."""

from alembic import op

revision = "0034"
down_revision = "0033"


def upgrade() -> None:
    op.create_index("ix_risk_event_opened_at", "risk_event", ["opened_at"])
