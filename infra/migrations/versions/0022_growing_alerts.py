"""Risk events that make an earlier one's alert grow, and since when its clock runs."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    op.add_column("risk_event", sa.Column("alert_id", sa.Uuid(), nullable=True))
    op.add_column("risk_event", sa.Column("clock_from", sa.DateTime(timezone=True), nullable=True))
    op.create_foreign_key(
        op.f("fk_risk_event_alert_id"), "risk_event", "risk_event", ["alert_id"], ["id"], ondelete="SET NULL"
    )
    op.create_index("ix_risk_event_alert_id", "risk_event", ["alert_id"])
    op.create_index("ix_risk_event_conversation_id_opened_at", "risk_event", ["conversation_id", "opened_at"])
