"""One open link of a kind per pair, and the coverage that runs out next."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    op.create_index(
        "uq_care_relationship_open_kind",
        "care_relationship",
        ["patient_id", "therapist_id", "kind"],
        unique=True,
        postgresql_where=sa.text("status IN ('requested', 'accepted')"),
    )
    op.create_index(
        "ix_care_relationship_coverage",
        "care_relationship",
        ["expires_at"],
        postgresql_where=sa.text("kind = 'coverage' AND status = 'accepted'"),
    )
